"""Changes of fields and oneofs."""

import random

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldOptions, FileDescriptorSet

from tests.unit.contracts.places import (
    SCALARS,
    Change,
    F,
    fields,
    into,
    last,
    maps,
    messages,
    own_files,
    pick,
    scalars,
    strings,
    unused,
)

FIELDS: dict[str, Change] = {}
change = into(FIELDS)


@change
def delete_field(rng: random.Random, files: FileDescriptorSet) -> None:
    message, field = pick(rng, [each for each in fields(files) if not each[1].HasField("oneof_index")])
    message.field.remove(field)


@change
def rename_field(rng: random.Random, files: FileDescriptorSet) -> None:
    _, field = pick(rng, fields(files))
    field.name, field.json_name = f"{field.name}_renamed", f"{field.json_name or field.name}Renamed"


@change
def renumber_field(rng: random.Random, files: FileDescriptorSet) -> None:
    message, field = pick(rng, [each for each in fields(files) if not each[0].extension_range])
    field.number = unused(message)


@change
def swap_numbers(rng: random.Random, files: FileDescriptorSet) -> None:
    message = pick(rng, [each for each in messages(files) if len(each.field) > 1])
    one, other = rng.sample(list(message.field), 2)
    one.number, other.number = other.number, one.number


@change
def change_type(rng: random.Random, files: FileDescriptorSet) -> None:
    field = pick(rng, [each for each in scalars(files) if not each.default_value])
    field.type = rng.choice([each for each in SCALARS if each != field.type])
    field.ClearField("options")


@change
def change_to_neighbour(rng: random.Random, files: FileDescriptorSet) -> None:
    file = pick(rng, [each for each in own_files(files) if len(each.message_type) > 1])
    own = [each for message in file.message_type for each in message.field if each.type == F.TYPE_MESSAGE]
    field = pick(rng, [each for each in own if each.label == F.LABEL_OPTIONAL])
    field.type_name = f".{file.package}.{pick(rng, file.message_type).name}"


@change
def delete_map_field(rng: random.Random, files: FileDescriptorSet) -> None:
    places = [(message, each) for message in messages(files) for each in message.field if maps(message, each)]
    message, field = pick(rng, places)
    message.nested_type.remove(next(each for each in message.nested_type if field.type_name.endswith(each.name)))
    message.field.remove(field)


@change
def enum_becomes_number(rng: random.Random, files: FileDescriptorSet) -> None:
    _, field = pick(rng, [each for each in fields(files) if each[1].type == F.TYPE_ENUM])
    field.type = F.TYPE_INT32
    field.ClearField("type_name")
    field.ClearField("default_value")


@change
def become_repeated(rng: random.Random, files: FileDescriptorSet) -> None:
    one = [each for _, each in fields(files) if each.label == F.LABEL_OPTIONAL and not each.HasField("oneof_index")]
    field = pick(rng, one)
    field.label = F.LABEL_REPEATED
    field.ClearField("default_value")


@change
def become_single(rng: random.Random, files: FileDescriptorSet) -> None:
    many = [each for _, each in fields(files) if each.label == F.LABEL_REPEATED]
    field = pick(rng, many)
    field.label = F.LABEL_OPTIONAL
    field.options.ClearField("packed")


@change
def become_required(rng: random.Random, files: FileDescriptorSet) -> None:
    old = [each for each in files.file if each.syntax in {"", "proto2"}]
    field = pick(rng, [each for file in old for message in file.message_type for each in message.field])
    field.label = F.LABEL_REQUIRED if field.label != F.LABEL_REQUIRED else F.LABEL_OPTIONAL
    field.ClearField("default_value")


@change
def gain_presence(rng: random.Random, files: FileDescriptorSet) -> None:
    new = [each for file in own_files(files) if file.syntax == "proto3" for each in file.message_type]
    plain = [
        (message, each)
        for message in new
        for each in message.field
        if each.type in SCALARS and each.label == F.LABEL_OPTIONAL and not each.HasField("oneof_index")
    ]
    message, field = pick(rng, plain)
    field.proto3_optional, field.oneof_index = True, len(message.oneof_decl)
    message.oneof_decl.add(name=f"_{field.name}")


@change
def change_json_name(rng: random.Random, files: FileDescriptorSet) -> None:
    _, field = pick(rng, fields(files))
    field.json_name = "somethingElse"


@change
def change_default(rng: random.Random, files: FileDescriptorSet) -> None:
    old = [each for each in files.file if each.syntax in {"", "proto2"}]
    known = (F.TYPE_BOOL, F.TYPE_INT32, F.TYPE_STRING, F.TYPE_DOUBLE)
    single = [each for file in old for message in file.message_type for each in message.field]
    field = pick(rng, [each for each in single if each.type in known and each.label == F.LABEL_OPTIONAL])
    now = {
        F.TYPE_BOOL: ("true", "false"),
        F.TYPE_INT32: ("7", "0"),
        F.TYPE_STRING: ("x", ""),
        F.TYPE_DOUBLE: ("nan", "2.5"),
    }
    field.default_value = rng.choice([each for each in now[field.type] if each != field.default_value])


@change
def join_oneof(rng: random.Random, files: FileDescriptorSet) -> None:
    roomy = [each for each in messages(files) if _real_oneofs(each)]
    message = pick(rng, roomy)
    outside = [each for each in message.field if not each.HasField("oneof_index") and each.label == F.LABEL_OPTIONAL]
    field = pick(rng, outside)
    field.oneof_index = 0
    for each in [*[each for each in message.field if each.HasField("oneof_index") and not each.oneof_index]]:
        last(message, each)


@change
def leave_oneof(rng: random.Random, files: FileDescriptorSet) -> None:
    message, field = pick(
        rng, [each for each in fields(files) if each[1].HasField("oneof_index") and not each[1].proto3_optional]
    )
    field.ClearField("oneof_index")
    last(message, field)


@change
def rename_oneof(rng: random.Random, files: FileDescriptorSet) -> None:
    message = pick(rng, [each for each in messages(files) if _real_oneofs(each)])
    message.oneof_decl[0].name = "renamed"


def _real_oneofs(message: DescriptorProto) -> bool:
    return any(each.HasField("oneof_index") and not each.oneof_index for each in message.field) and not any(
        each.proto3_optional for each in message.field
    )


@change
def change_jstype(rng: random.Random, files: FileDescriptorSet) -> None:
    wide = [each for _, each in fields(files) if each.type in {F.TYPE_INT64, F.TYPE_UINT64, F.TYPE_FIXED64}]
    pick(rng, wide).options.jstype = rng.choice((FieldOptions.JS_STRING, FieldOptions.JS_NUMBER))


@change
def change_ctype(rng: random.Random, files: FileDescriptorSet) -> None:
    pick(rng, strings(files)).options.ctype = rng.choice((FieldOptions.CORD, FieldOptions.STRING_PIECE))
