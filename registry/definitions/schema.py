"""JSON Schemas of definition files, for editors: what the reader takes, with the words of the contract."""

from collections.abc import Collection, Iterable, Mapping
from sys import float_info
from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.timestamp_pb2 import Timestamp

from registry.api.v1.release_pb2 import Spec
from registry.definitions import values
from registry.definitions.document import API_VERSION, KINDS, METADATA
from registry.definitions.wording import Wording
from registry.domain import limits, names
from registry.domain.nouns import NOUNS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ALL = "definition"  # the schema of files with several kinds
LABEL_KEY = "[a-z0-9]([a-z0-9._/-]{0,61}[a-z0-9])?"
# What YAML makes of a scalar; the reader takes it as the text that it was.
TEXT = ["string", "number", "boolean"]
# Required by the rules, which the contract says of the whole rather than of the field.
REQUIRED = {"Interface": ("kind",), "Endpoint": ("environment", "url"), "Agreement": ("offering",)}
Schema = dict[str, Any]


def schema(kind: str, comments: Mapping[str, str]) -> Schema:
    """The schema of a kind, for example `offering`, or of all; `comments` are those of the contract by full name."""
    maker = _Maker(comments)
    if kind != ALL:
        top = maker.document(kind)
    else:
        nouns = KINDS.values()
        maker.defs |= {f"{noun}-document": maker.document(noun) for noun in nouns}
        top = {"type": "object", "required": ["kind"], "properties": {"kind": {"enum": list(KINDS)}}}
        top["allOf"] = [_if_kind(noun) for noun in nouns]
    return {"$schema": DIALECT, **top, "$defs": dict(sorted(maker.defs.items()))}


def _if_kind(noun: str) -> Schema:
    condition = {"properties": {"kind": {"const": noun.capitalize()}}, "required": ["kind"]}
    return {"if": condition, "then": {"$ref": f"#/$defs/{noun}-document"}}


class _Maker:
    """Makes schemas of messages and enums, each once."""

    def __init__(self, comments: Mapping[str, str]) -> None:
        self._comments = comments
        self.defs: dict[str, Schema] = {}

    def document(self, noun: str) -> Schema:
        """The whole document of a kind."""
        rules = NOUNS[noun]
        kind: Any = rules.kind.DESCRIPTOR
        fields = [each for each in rules.settable if each not in METADATA]
        parts = {
            "apiVersion": {"const": API_VERSION},
            "kind": {"const": noun.capitalize()},
            "metadata": self._metadata(noun),
            "spec": {**self._message(kind, fields), "type": "object"},
        }
        told = {"title": noun.capitalize(), "description": self._comments.get(kind.full_name, "")}
        return {**told, **_object(parts, parts), "type": "object"}

    def _metadata(self, noun: str) -> Schema:
        told = f"Its full name, `{names.PATTERNS[noun]}`."
        name = {"type": "string", "pattern": f"^{names.pattern(noun)}$", "description": told}
        labels = _map(LABEL_KEY, limits.LABEL_CHARACTERS, limits.LABELS)
        keys = f"[\\s\\S]{{0,{limits.ANNOTATION_KEY_CHARACTERS}}}"
        annotations = _map(keys, limits.ANNOTATION_BYTES, limits.ANNOTATIONS)
        parts = {"name": name, "labels": labels, "annotations": annotations}
        fields: Any = NOUNS[noun].kind.DESCRIPTOR
        for each, part in (("labels", labels), ("annotations", annotations)):
            part["description"] = self._comments.get(f"{fields.full_name}.{each}", "")
        return {**_object(parts, ("name",)), "type": "object"}

    def _message(self, kind: Descriptor, only: Collection[str] = ()) -> Schema:
        fields = [each for each in kind.fields if not only or each.name in only]
        parts = {each.name: self._field(each) for each in fields}
        found = _object(parts, [each.name for each in fields if self._wording(each).required])
        choices = [[each.name for each in one.fields] for one in kind.oneofs if len(one.fields) > 1]
        if choices:
            found["not"] = {"anyOf": [_several(each) for each in choices]}
        return found

    def _wording(self, field: FieldDescriptor) -> Wording:
        told = self._comments.get(field.full_name, "")
        return Wording(told, also_required=field.name in REQUIRED.get(_holder(field), ()))

    def _field(self, field: FieldDescriptor) -> Schema:
        wording = self._wording(field)
        one = self._single(field, wording)
        if field.is_repeated:
            one = {"type": ["array", "null"], "items": {**one, **_set(one, field)}, **wording.items}
        elif wording.required:
            one |= _set(one, field)
        if wording.swedish:
            one |= {"type": "object", "required": ["sv"], "properties": {"sv": {"type": TEXT, "pattern": "\\S"}}}
        return {**one, "description": wording.text}

    def _single(self, field: FieldDescriptor, wording: Wording) -> Schema:
        if field.enum_type is not None:
            return self._enum(field.enum_type)
        if field.message_type is Timestamp.DESCRIPTOR:
            return {"type": ["string", "null"], "format": "date-time", "pattern": f"^{values.TIME}$"}
        if field.message_type is not None:
            return self._reference(field.message_type)
        if field.type == field.TYPE_STRING:
            return wording.of_text(must=wording.required or field.is_repeated)
        if field.type == field.TYPE_DOUBLE:
            number = {"type": ["number", "string", "null"], "pattern": f"^{values.NUMBER}$"}
            return {**number, "minimum": -float_info.max, "maximum": float_info.max}
        least, most = wording.range or values.bounds(field)
        whole = {"type": ["integer", "string", "null"], "pattern": f"^{values.WHOLE}$"}
        return {**whole, "minimum": least, "maximum": most}

    def _reference(self, kind: Descriptor) -> Schema:
        if kind.name not in self.defs:
            self.defs[kind.name] = {}  # so that it is not made twice where it holds itself
            made = _contract(self._message(kind)) if kind is Spec.DESCRIPTOR else self._message(kind)
            self.defs[kind.name] = {"description": self._comments.get(kind.full_name, ""), **made}
        return {"$ref": f"#/$defs/{kind.name}"}

    def _enum(self, enum: EnumDescriptor) -> Schema:
        if enum.name not in self.defs:
            told = [(each, self._comments.get(f"{enum.full_name}.{each.name}", "")) for each in enum.values]
            words = [f"- `{values.write_enum(each)}`: {text}" for each, text in told if each.number]
            self.defs[enum.name] = {
                "description": "\n".join((self._comments.get(enum.full_name, ""), *words)),
                "anyOf": [
                    {"enum": [*values.choices(enum), None]},
                    {"type": "string", "pattern": f"^{values.spelling(enum)}$"},
                ],
            }
        return {"$ref": f"#/$defs/{enum.name}"}


def _holder(field: FieldDescriptor) -> str:
    return field.containing_type.name if field.containing_type else ""


def _object(parts: Mapping[str, Schema], required: Iterable[str]) -> Schema:
    found: Schema = {"type": ["object", "null"], "additionalProperties": False, "properties": dict(parts)}
    return found | ({"required": list(required)} if required else {})


def _several(fields: Iterable[str]) -> Schema:
    """More than one of these is set."""
    return {"required": list(fields), "properties": {each: {"not": {"type": "null"}} for each in fields}}


def _set(one: Schema, field: FieldDescriptor) -> Schema:
    """What makes a value one that is written."""
    if "$ref" in one:
        return {"type": "string" if field.enum_type is not None else "object"}
    return {"type": [each for each in one["type"] if each != "null"]}


def _map(key: str, characters: int, most: int) -> Schema:
    return {
        "type": ["object", "null"],
        "maxProperties": most,
        "propertyNames": {"pattern": f"^{key}$"},
        "additionalProperties": {"type": TEXT, "maxLength": characters},
    }


def _contract(by_hash: Schema) -> Schema:
    """A contract by its hash, or by a file beside the definition."""
    parts = by_hash["properties"]
    parts["sha256"] |= {"type": "string", "pattern": "^[0-9a-f]{64}$"}
    file = {"type": "string", "minLength": 1, "description": "Its file, relative to this one."}
    media_type = {"type": "string", "pattern": "^[a-zA-Z0-9_.+-]{1,127}/[a-zA-Z0-9_.+-]{1,127}$"}
    by_file: dict[str, Schema] = {"file": file, "media_type": media_type}
    return {
        "type": ["object", "null"],
        "properties": {**parts, "file": file},
        "if": {"required": ["file"]},
        "then": _object(by_file, by_file),
        "else": {**by_hash, "required": ["sha256"]},
    }
