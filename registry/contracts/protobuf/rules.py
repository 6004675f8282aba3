"""Every rule by which two protobuf contracts are held against each other: its id, its sentence, whether it breaks.

Ids of what breaks are those of `buf breaking`, category FILE, so that a publisher meets the same words in both places;
the ids that end in `_ADDED` are ours. `{path}`, `{before}` and `{after}` of a finding go into the sentence.
"""

from dataclasses import dataclass

from registry.api.v1.verdict_pb2 import Finding


@dataclass(frozen=True, slots=True)
class Rule:
    """What a rule says when it speaks."""

    sentence: str
    breaking: bool = True


# Options of a file that decide what generated code is called or can do.
FILE_OPTIONS = (
    "cc_enable_arenas",
    "cc_generic_services",
    "csharp_namespace",
    "go_package",
    "java_generic_services",
    "java_multiple_files",
    "java_outer_classname",
    "java_package",
    "objc_class_prefix",
    "optimize_for",
    "php_class_prefix",
    "php_metadata_namespace",
    "php_namespace",
    "py_generic_services",
    "ruby_package",
    "swift_prefix",
)
_CHANGED = "changed from {before} to {after}."

RULES = {
    "FILE_NO_DELETE": Rule("The file {path} is gone."),
    "FILE_SAME_PACKAGE": Rule(f"The package of {{path}} {_CHANGED}"),
    "FILE_SAME_SYNTAX": Rule(f"The syntax of {{path}} {_CHANGED}"),
    **{f"FILE_SAME_{each.upper()}": Rule(f"The option {each} of {{path}} {_CHANGED}") for each in FILE_OPTIONS},
    "MESSAGE_NO_DELETE": Rule("The message {path} is gone from its file."),
    "MESSAGE_SAME_REQUIRED_FIELDS": Rule("{path} is required in one of both only; who does not know it is refused."),
    "MESSAGE_SAME_JSON_FORMAT": Rule(f"How {{path}} is written as JSON {_CHANGED}"),
    "MESSAGE_NO_REMOVE_STANDARD_DESCRIPTOR_ACCESSOR": Rule("The accessor descriptor() of {path} is gone."),
    "RESERVED_MESSAGE_NO_DELETE": Rule("{path} had reserved {before}, and lets go of {after}."),
    "EXTENSION_MESSAGE_NO_DELETE": Rule("{path} had left {before} to extensions, and takes back {after}."),
    "EXTENSION_NO_DELETE": Rule("The extension {path} is gone from its file."),
    "FIELD_NO_DELETE": Rule("The field {path} (number {before}) is gone."),
    "FIELD_SAME_CARDINALITY": Rule(f"The cardinality of {{path}} {_CHANGED}"),
    "FIELD_SAME_CPP_STRING_TYPE": Rule(f"The string of {{path}} in C++ {_CHANGED}"),
    "FIELD_SAME_DEFAULT": Rule(f"The default of {{path}} {_CHANGED}"),
    "FIELD_SAME_JAVA_UTF8_VALIDATION": Rule(f"What Java verifies of {{path}} {_CHANGED}"),
    "FIELD_SAME_JSON_NAME": Rule(f"The JSON name of {{path}} {_CHANGED}"),
    "FIELD_SAME_JSTYPE": Rule(f"The option jstype of {{path}} {_CHANGED}"),
    "FIELD_SAME_NAME": Rule("The field {before} is now called {after}."),
    "FIELD_SAME_ONEOF": Rule("{path} was in {before}, and is in {after}."),
    "FIELD_SAME_TYPE": Rule(f"The type of {{path}} {_CHANGED}"),
    "FIELD_SAME_UTF8_VALIDATION": Rule(f"What is verified of the text {{path}} {_CHANGED}"),
    "ONEOF_NO_DELETE": Rule("The oneof {path} is gone."),
    "ENUM_NO_DELETE": Rule("The enum {path} is gone from its file."),
    "ENUM_SAME_JSON_FORMAT": Rule(f"How {{path}} is written as JSON {_CHANGED}"),
    "ENUM_SAME_TYPE": Rule(f"The enum {{path}} {_CHANGED}"),
    "ENUM_VALUE_NO_DELETE": Rule("The enum value {path} (number {before}) is gone."),
    "ENUM_VALUE_SAME_NAME": Rule("The enum value {path} was called {before}, and now {after}."),
    "RESERVED_ENUM_NO_DELETE": Rule("{path} had reserved {before}, and lets go of {after}."),
    "SERVICE_NO_DELETE": Rule("The service {path} is gone from its file."),
    "RPC_NO_DELETE": Rule("The rpc {path} is gone."),
    "RPC_SAME_CLIENT_STREAMING": Rule(f"What callers of {{path}} send {_CHANGED}"),
    "RPC_SAME_IDEMPOTENCY_LEVEL": Rule(f"The option idempotency_level of {{path}} {_CHANGED}"),
    "RPC_SAME_REQUEST_TYPE": Rule(f"The request of {{path}} {_CHANGED}"),
    "RPC_SAME_RESPONSE_TYPE": Rule(f"The response of {{path}} {_CHANGED}"),
    "RPC_SAME_SERVER_STREAMING": Rule(f"What {{path}} answers {_CHANGED}"),
    "FILE_ADDED": Rule("The file {path} is new.", breaking=False),
    "MESSAGE_ADDED": Rule("The message {path} is new.", breaking=False),
    "EXTENSION_ADDED": Rule("The extension {path} is new.", breaking=False),
    "FIELD_ADDED": Rule("The field {path} (number {after}) is new.", breaking=False),
    "ONEOF_ADDED": Rule("The oneof {path} is new.", breaking=False),
    "ENUM_ADDED": Rule("The enum {path} is new.", breaking=False),
    "ENUM_VALUE_ADDED": Rule("The enum value {path} (number {after}) is new.", breaking=False),
    "SERVICE_ADDED": Rule("The service {path} is new.", breaking=False),
    "RPC_ADDED": Rule("The rpc {path} is new.", breaking=False),
}


def finding(rule: str, path: str, before: object = "", after: object = "") -> Finding:
    """What a rule of the table says of one place."""
    words = {"path": path, "before": str(before), "after": str(after)}
    shown = {key: value or "nothing" for key, value in words.items()}
    known = RULES[rule]
    return Finding(rule=rule, text=known.sentence.format(**shown), breaking=known.breaking, **words)


def changed(rule: str, path: str, before: object, after: object) -> list[Finding]:
    """A finding where two values differ."""
    return [finding(rule, path, before, after)] if before != after else []
