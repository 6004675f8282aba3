"""Changes that people make to protos, each at a place that chance picks: what rules are tried with."""

import random
from collections.abc import Callable, Iterator
from typing import Any

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FieldOptions,
    FileDescriptorProto,
    FileDescriptorSet,
    FileOptions,
    MethodOptions,
)

from registry.contracts.protobuf_rules import FILE_OPTIONS

Change = Callable[[random.Random, FileDescriptorSet], None]
CHANGES: dict[str, Change] = {}
F = FieldDescriptorProto
SCALARS = (
    F.TYPE_INT32,
    F.TYPE_INT64,
    F.TYPE_UINT32,
    F.TYPE_SINT64,
    F.TYPE_FIXED64,
    F.TYPE_BOOL,
    F.TYPE_STRING,
    F.TYPE_BYTES,
    F.TYPE_DOUBLE,
)


class Nowhere(Exception):
    """The set has no place for this change."""


def change(make: Change) -> Change:
    """Take a change into the table under its name."""
    CHANGES[make.__name__] = make
    return make


def own_files(files: FileDescriptorSet) -> list[FileDescriptorProto]:
    """All but the runtime's; those of the package protobuf where there are no others."""
    return [each for each in files.file if not each.name.startswith("google/protobuf/")] or list(files.file)


def messages(files: FileDescriptorSet) -> Iterator[DescriptorProto]:
    left = [each for file in own_files(files) for each in file.message_type]
    while left:
        here = left.pop()
        if not here.options.map_entry:
            yield here
        left += here.nested_type


def enums(files: FileDescriptorSet) -> Iterator[EnumDescriptorProto]:
    for each in own_files(files):
        yield from each.enum_type
    for message in messages(files):
        yield from message.enum_type


def fields(files: FileDescriptorSet) -> list[tuple[DescriptorProto, FieldDescriptorProto]]:
    """Every field that is no map: maps have a shape that nobody may change by hand."""
    return [(message, each) for message in messages(files) for each in message.field if not _maps(message, each)]


def _maps(message: DescriptorProto, field: FieldDescriptorProto) -> bool:
    return any(
        each.options.map_entry and field.type_name.endswith(f".{message.name}.{each.name}")
        for each in message.nested_type
    )


def scalars(files: FileDescriptorSet) -> list[FieldDescriptorProto]:
    return [each for _, each in fields(files) if each.type in SCALARS]


def strings(files: FileDescriptorSet) -> list[FieldDescriptorProto]:
    return [each for _, each in fields(files) if each.type == F.TYPE_STRING]


def methods(files: FileDescriptorSet) -> list[Any]:
    return [each for file in own_files(files) for service in file.service for each in service.method]


def pick(rng: random.Random, places: Any) -> Any:
    """One of the places. Errors: Nowhere."""
    known = list(places)
    if not known:
        raise Nowhere
    return rng.choice(known)


def unused(message: DescriptorProto) -> int:
    return max((each.number for each in message.field), default=0) + 17


def last(message: DescriptorProto, field: FieldDescriptorProto) -> None:
    """Put the field behind all others: members of a oneof stand together."""
    kept = FieldDescriptorProto()
    kept.CopyFrom(field)
    message.field.remove(field)
    message.field.add().CopyFrom(kept)


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
    maps = [(message, each) for message in messages(files) for each in message.field if _maps(message, each)]
    message, field = pick(rng, maps)
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


@change
def delete_message(rng: random.Random, files: FileDescriptorSet) -> None:
    file = pick(rng, [each for each in own_files(files) if each.message_type])
    del file.message_type[pick(rng, range(len(file.message_type)))]


@change
def delete_nested_message(rng: random.Random, files: FileDescriptorSet) -> None:
    message = pick(rng, [each for each in messages(files) if each.nested_type])
    gone = message.nested_type.pop(pick(rng, range(len(message.nested_type))))
    for each in [each for each in message.field if each.type_name.endswith(f".{message.name}.{gone.name}")]:
        message.field.remove(each)


@change
def rename_message(rng: random.Random, files: FileDescriptorSet) -> None:
    file = pick(rng, [each for each in own_files(files) if each.message_type])
    pick(rng, file.message_type).name = "Renamed"


@change
def move_message(rng: random.Random, files: FileDescriptorSet) -> None:
    file = pick(rng, [each for each in own_files(files) if each.message_type and each.syntax == "proto3"])
    moved = pick(rng, file.message_type)
    new = files.file.add(name="moved/here.proto", package=file.package, syntax=file.syntax)
    new.message_type.add().CopyFrom(moved)
    new.dependency.extend(file.dependency)
    file.message_type.remove(moved)
    for each in own_files(files):
        if each is not new and file.name in [each.name, *each.dependency]:
            each.dependency.append(new.name)


@change
def delete_enum(rng: random.Random, files: FileDescriptorSet) -> None:
    holder = pick(rng, [each for each in [*own_files(files), *messages(files)] if each.enum_type])
    gone = holder.enum_type.pop(pick(rng, range(len(holder.enum_type))))
    for message, field in fields(files):
        if field.type_name.endswith(f".{gone.name}"):
            message.field.remove(field)


@change
def delete_enum_value(rng: random.Random, files: FileDescriptorSet) -> None:
    enum = pick(rng, [each for each in enums(files) if len(each.value) > 1])
    del enum.value[pick(rng, range(1, len(enum.value)))]


@change
def rename_enum_value(rng: random.Random, files: FileDescriptorSet) -> None:
    enum = pick(rng, enums(files))
    pick(rng, enum.value).name = f"RENAMED_{enum.name.upper()}"


@change
def alias_enum_value(rng: random.Random, files: FileDescriptorSet) -> None:
    enum = pick(rng, [each for each in enums(files) if len(each.value) > 1])
    enum.options.allow_alias = True
    enum.value.add(name=f"ALIAS_{enum.name.upper()}", number=rng.choice([each.number for each in enum.value]))


@change
def rename_behind_alias(rng: random.Random, files: FileDescriptorSet) -> None:
    alias_enum_value(rng, files)
    enum = next(each for each in enums(files) if each.options.allow_alias)
    enum.value[0].name = f"OTHER_{enum.name.upper()}"


@change
def renumber_enum_value(rng: random.Random, files: FileDescriptorSet) -> None:
    enum = pick(rng, [each for each in enums(files) if len(each.value) > 1])
    enum.value[pick(rng, range(1, len(enum.value)))].number = 9999


@change
def delete_service(rng: random.Random, files: FileDescriptorSet) -> None:
    file = pick(rng, [each for each in own_files(files) if each.service])
    del file.service[pick(rng, range(len(file.service)))]


@change
def delete_rpc(rng: random.Random, files: FileDescriptorSet) -> None:
    service = pick(rng, [each for file in own_files(files) for each in file.service])
    del service.method[pick(rng, range(len(service.method)))]


@change
def rename_rpc(rng: random.Random, files: FileDescriptorSet) -> None:
    pick(rng, methods(files)).name = "Renamed"


@change
def change_request(rng: random.Random, files: FileDescriptorSet) -> None:
    method = pick(rng, [each for each in methods(files) if each.input_type != each.output_type])
    method.input_type = method.output_type


@change
def change_response(rng: random.Random, files: FileDescriptorSet) -> None:
    method = pick(rng, [each for each in methods(files) if each.input_type != each.output_type])
    method.output_type = method.input_type


@change
def change_client_streaming(rng: random.Random, files: FileDescriptorSet) -> None:
    method = pick(rng, methods(files))
    method.client_streaming = not method.client_streaming


@change
def change_server_streaming(rng: random.Random, files: FileDescriptorSet) -> None:
    method = pick(rng, methods(files))
    method.server_streaming = not method.server_streaming


@change
def change_idempotency(rng: random.Random, files: FileDescriptorSet) -> None:
    pick(rng, methods(files)).options.idempotency_level = MethodOptions.IDEMPOTENT


@change
def delete_file(rng: random.Random, files: FileDescriptorSet) -> None:
    imported = {each for file in files.file for each in file.dependency}
    files.file.remove(pick(rng, [each for each in own_files(files) if each.name not in imported]))


@change
def change_package(rng: random.Random, files: FileDescriptorSet) -> None:
    imported = {each for file in files.file for each in file.dependency}
    file = pick(rng, [each for each in own_files(files) if each.name not in imported and not each.service])
    own, new = f".{file.package}.", ".moved.elsewhere."
    file.package = "moved.elsewhere"
    for message in file.message_type:
        for each in [message, *message.nested_type]:
            for field in each.field:
                field.type_name = field.type_name.replace(own, new)


@change
def change_syntax(rng: random.Random, files: FileDescriptorSet) -> None:
    file = pick(rng, [each for each in own_files(files) if each.syntax == "proto3"])
    file.ClearField("syntax")
    for message in [each for top in file.message_type for each in [top, *top.nested_type]]:
        if any(each.proto3_optional for each in message.field):
            raise Nowhere


@change
def change_file_options(rng: random.Random, files: FileDescriptorSet) -> None:
    options = pick(rng, own_files(files)).options
    for name in rng.sample(FILE_OPTIONS, 6):
        value = getattr(options, name)
        if name == "optimize_for":
            options.optimize_for = FileOptions.LITE_RUNTIME if value != FileOptions.LITE_RUNTIME else FileOptions.SPEED
        else:
            setattr(options, name, not value if isinstance(value, bool) else f"{value}.changed")


@change
def change_java_utf8(rng: random.Random, files: FileDescriptorSet) -> None:
    options = pick(rng, list(files.file)).options
    options.java_string_check_utf8 = not options.java_string_check_utf8


@change
def set_no_accessor(rng: random.Random, files: FileDescriptorSet) -> None:
    pick(rng, messages(files)).options.no_standard_descriptor_accessor = True


@change
def remove_reserved(rng: random.Random, files: FileDescriptorSet) -> None:
    kept = [each for each in [*messages(files), *enums(files)] if each.reserved_range or each.reserved_name]
    place = pick(rng, kept)
    place.ClearField("reserved_range")
    place.ClearField("reserved_name")


@change
def shrink_reserved(rng: random.Random, files: FileDescriptorSet) -> None:
    ranges = [each for message in [*messages(files), *enums(files)] for each in message.reserved_range]
    pick(rng, [each for each in ranges if each.end - each.start > 1]).start += 1


@change
def remove_extension_range(rng: random.Random, files: FileDescriptorSet) -> None:
    wide = [each for message in messages(files) for each in message.extension_range]
    place = pick(rng, wide)
    place.start += (place.end - place.start) // 2


@change
def delete_extension(rng: random.Random, files: FileDescriptorSet) -> None:
    file = pick(rng, [each for each in own_files(files) if each.extension])
    del file.extension[pick(rng, range(len(file.extension)))]


@change
def rename_extension(rng: random.Random, files: FileDescriptorSet) -> None:
    pick(rng, [each for file in own_files(files) for each in file.extension]).name = "renamed"


@change
def change_extension_type(rng: random.Random, files: FileDescriptorSet) -> None:
    field = pick(rng, [each for file in own_files(files) for each in file.extension])
    field.type = F.TYPE_SINT32
    field.ClearField("type_name")


@change
def only_add(rng: random.Random, files: FileDescriptorSet) -> None:
    message = pick(rng, messages(files))
    message.field.add(name="new_field", number=unused(message), type=F.TYPE_STRING, label=F.LABEL_OPTIONAL)
    file = pick(rng, own_files(files))
    file.message_type.add(name="NewMessage").nested_type.add(name="Inner")
    enum = pick(rng, enums(files))
    enum.value.add(name=f"NEW_{enum.name.upper()}", number=8888)
    file.service.add(name="NewService")


@change
def change_edition(rng: random.Random, files: FileDescriptorSet) -> None:
    new = [each for each in own_files(files) if each.syntax == "proto3"]
    file = pick(rng, new)
    if any(field.proto3_optional for message in file.message_type for field in message.field):
        raise Nowhere
    file.syntax, file.edition = "editions", 1000
