"""Changes that people make to protos, each at a place that chance picks: what rules are tried with."""

import random

from google.protobuf.descriptor_pb2 import FileDescriptorSet, FileOptions, MethodOptions

from registry.contracts.protobuf.rules import FILE_OPTIONS
from tests.unit.contracts.changes_fields import FIELDS
from tests.unit.contracts.places import (
    Change,
    F,
    Nowhere,
    enums,
    fields,
    into,
    messages,
    methods,
    own_files,
    pick,
    unused,
)

ELEMENTS: dict[str, Change] = {}
change = into(ELEMENTS)


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


CHANGES = FIELDS | ELEMENTS
