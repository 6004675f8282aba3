"""Writes resources as definition files: what is read back from them gives the same resources."""

from collections.abc import Callable, Iterable
from typing import Any

import yaml
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from registry.api.v1.release_pb2 import Spec
from registry.api.v1.resource_pb2 import Resource
from registry.definitions import values
from registry.definitions.document import API_VERSION, METADATA
from registry.domain.nouns import NOUNS

# Ends of lines that only YAML knows; outside double quotes they come back as spaces.
_LINE_ENDS = frozenset("\x85\u2028\u2029")
# Where the file of a contract lies, relative to the definition; '' leaves the contract named by its hash.
ContractFile = Callable[[Spec], str]


def write(resources: Iterable[Resource], contract_file: ContractFile = lambda _spec: "") -> str:
    """One document for each resource."""
    documents = [_document(resource, contract_file) for resource in resources]
    return yaml.dump_all(
        documents, Dumper=_Dumper, allow_unicode=True, sort_keys=False, explicit_start=True, width=120, indent=2
    )


def _document(resource: Resource, contract_file: ContractFile) -> dict[str, Any]:
    noun = resource.WhichOneof("resource") or ""
    message: Any = getattr(resource, noun)
    metadata = {"name": message.name}
    metadata |= {each: dict(sorted(getattr(message, each).items())) for each in METADATA[1:] if getattr(message, each)}
    settable = [each for each in NOUNS[noun].settable if each not in METADATA]
    spec = _fields(message, contract_file, settable)
    return {"apiVersion": API_VERSION, "kind": noun.capitalize(), "metadata": metadata, "spec": spec}


def _fields(message: Message, contract_file: ContractFile, names: Iterable[str] = ()) -> dict[str, Any]:
    set_fields = {field.name: (field, value) for field, value in message.ListFields()}
    names = list(names) or list(set_fields)
    return {name: _value(*set_fields[name], contract_file) for name in names if name in set_fields}


def _value(field: FieldDescriptor, value: Any, contract_file: ContractFile) -> Any:
    if field.is_repeated:
        return [_single(field, each, contract_file) for each in value]
    return _single(field, value, contract_file)


def _single(field: FieldDescriptor, value: Any, contract_file: ContractFile) -> Any:
    if field.message_type is None:
        return values.write(field, value)
    if isinstance(value, Timestamp):
        return value.ToJsonString()
    if isinstance(value, Spec) and (file := contract_file(value)):
        return {"file": file, "media_type": value.media_type}
    return _fields(value, contract_file)


class _Dumper(yaml.SafeDumper):
    """Without anchors, with lists inside their key, with texts of several lines as blocks."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - the library's name
        super().increase_indent(flow, indentless=False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=_style(text))


def _style(text: str) -> str | None:
    if _LINE_ENDS & set(text):
        return '"'
    if "\n" in text:
        return "|"
    # A code that begins with 0 is quoted even where YAML would not take it for a number: other readers might.
    return "'" if text.isdigit() else None


_Dumper.add_representer(str, _text)
