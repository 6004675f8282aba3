"""Whether one set of protobuf descriptors can take the place of another for those who call the service.

The rules are those of `buf breaking`, category FILE. WIRE and WIRE_JSON let an rpc or a whole service go, which leaves
callers with UNIMPLEMENTED. PACKAGE lets messages move between files; generated Python and C++ follow the files, so a
caller who generates again would have to change imports. FILE promises what callers of a published service need,
whatever their language: take the newer contract, generate, and nothing that you wrote has to change.

The engine is our own and the only one: a small installation has no `buf`. Tests hold it against `buf` itself. In one
thing it differs: files of `google/protobuf/` come with every runtime and nobody here publishes them, so they may come
and go, and count only where both sets have them and they differ.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from registry.api.v1.verdict_pb2 import Finding, InterfaceVerdict, VerdictOutcome, VersionStep
from registry.contracts.protobuf import elements as protobuf_elements
from registry.contracts.protobuf import fields as protobuf_fields
from registry.contracts.protobuf.rules import finding
from registry.contracts.protobuf.set import Contract, Element, Unreadable, load
from registry.errors import Invalid

FINDINGS = 200
_RUNTIME = "google/protobuf/"
_DECLARED = {"MESSAGE": "messages", "ENUM": "enums", "SERVICE": "services", "EXTENSION": "extensions"}


def compare(before: bytes, after: bytes) -> InterfaceVerdict:
    """The verdict on two serialised `FileDescriptorSet`s; `interface` and `base` are the caller's to fill in.

    Errors: Invalid CONTRACT_UNREADABLE (also over the limits of `protobuf_set`).
    """
    found = list(_differences(_load(before), _load(after)))
    found.sort(key=lambda each: (not each.breaking, each.path, each.rule, each.before, each.after))
    breaks = bool(found) and found[0].breaking
    outcome = VerdictOutcome.VERDICT_OUTCOME_BREAKING if breaks else VerdictOutcome.VERDICT_OUTCOME_COMPATIBLE
    return InterfaceVerdict(
        outcome=outcome, demands=_step(found), findings=found[:FINDINGS], omitted=max(0, len(found) - FINDINGS)
    )


def read(content: bytes) -> str:
    """What is wrong with the bytes of a contract, in a sentence; empty when nothing is."""
    try:
        load(content)
    except Unreadable as error:
        return str(error)
    return ""


def _load(content: bytes) -> Contract:
    try:
        return load(content)
    except Unreadable as error:
        sha256 = hashlib.sha256(content).hexdigest()
        text = f"The contract {sha256} cannot be read as protobuf descriptors. {error}"
        raise Invalid("CONTRACT_UNREADABLE", text, sha256=sha256, problem=str(error)) from None


def _step(found: list[Finding]) -> VersionStep.ValueType:
    if not found:
        return VersionStep.VERSION_STEP_PATCH
    return VersionStep.VERSION_STEP_MAJOR if found[0].breaking else VersionStep.VERSION_STEP_MINOR


def _differences(before: Contract, after: Contract) -> Iterator[Finding]:
    yield from _files(before, after)
    for noun, attribute in _DECLARED.items():
        yield from _declared(noun, getattr(before, attribute), getattr(after, attribute), before, after)
    for rules, attribute in (
        (protobuf_elements.messages, "messages"),
        (protobuf_elements.enums, "enums"),
        (protobuf_elements.services, "services"),
        (protobuf_fields.compare, "extensions"),
    ):
        old, new = getattr(before, attribute), getattr(after, attribute)
        for name in old.keys() & new.keys():
            yield from rules(old[name], new[name])


def _files(before: Contract, after: Contract) -> Iterator[Finding]:
    for path, file in before.files.items():
        if path in after.files:
            yield from protobuf_elements.files(file, after.files[path])
        elif not path.startswith(_RUNTIME):
            yield finding("FILE_NO_DELETE", path, path)
    for path in after.files.keys() - before.files.keys():
        if not path.startswith(_RUNTIME):
            yield finding("FILE_ADDED", path, "", path)


def _declared(
    noun: str, old: Mapping[Any, Element], new: Mapping[Any, Element], before: Contract, after: Contract
) -> Iterator[Finding]:
    """What a file that stays does not declare any more, and what it declares now. Inside what is new, all is."""
    was, now = _by_file(old), _by_file(new)
    for file, nested in was.keys() - now.keys():
        if file in after.files:
            yield finding(f"{noun}_NO_DELETE", was[file, nested].name, nested)
    for key in now.keys() - was.keys():
        if key[0] in before.files and not _inside_new(key, before):
            yield finding(f"{noun}_ADDED", now[key].name, "", key[1])


def _by_file(elements: Mapping[Any, Element]) -> dict[tuple[str, str], Element]:
    return {(each.file.name, each.nested): each for each in elements.values()}


def _inside_new(key: tuple[str, str], before: Contract) -> bool:
    file, nested = key
    above, _, _ = nested.rpartition(".")
    if not above:
        return False
    package = before.files[file].package
    there = before.messages.get(f"{package}.{above}" if package else above)
    return there is None or there.file.name != file
