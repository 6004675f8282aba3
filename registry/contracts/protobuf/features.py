"""Features of protobuf editions, resolved: what holds for an element where it says nothing itself.

Source: protobuf.dev, "Feature settings for editions", `cpp_features.proto` and `java_features.proto`.
"""

from typing import Any

from google.protobuf.descriptor_pb2 import Edition, FeatureSet, FileDescriptorProto
from google.protobuf.empty_pb2 import Empty
from google.protobuf.unknown_fields import UnknownFieldSet

_CPP, _JAVA = 1000, 1001  # numbers of the extensions of FeatureSet
_STRING_TYPE, _JAVA_UTF8 = 2, 2  # fields of CppFeatures and JavaFeatures
VIEW, CORD, STRING = 1, 2, 3  # CppFeatures.StringType
_JAVA_VERIFY = 2
_DEFAULTS = {
    "proto2": FeatureSet(
        enum_type=FeatureSet.CLOSED, utf8_validation=FeatureSet.NONE, json_format=FeatureSet.LEGACY_BEST_EFFORT
    ),
    "": FeatureSet(enum_type=FeatureSet.OPEN, utf8_validation=FeatureSet.VERIFY, json_format=FeatureSet.ALLOW),
}


def syntax(file: FileDescriptorProto) -> str:
    """`proto2` where a file says nothing."""
    return file.syntax or "proto2"


def of_file(file: FileDescriptorProto) -> FeatureSet:
    """What holds for a file as a whole."""
    return inherited(_DEFAULTS.get(syntax(file), _DEFAULTS[""]), file)


def inherited(above: FeatureSet, element: Any) -> FeatureSet:
    """What holds for an element, after what holds for the one that it stands in."""
    if not element.HasField("options") or not element.options.HasField("features"):
        return above
    found = FeatureSet()
    found.CopyFrom(above)
    found.MergeFrom(element.options.features)
    return found


def cpp_string(features: FeatureSet, file: FileDescriptorProto) -> int:
    """How C++ holds a string: VIEW, CORD or STRING."""
    default = VIEW if file.edition >= Edition.EDITION_2024 else STRING
    return _custom(features, _CPP, _STRING_TYPE) or default


def java_verifies(features: FeatureSet, file: FileDescriptorProto) -> bool:
    """Whether Java refuses a string that is not UTF-8."""
    if file.options.HasField("java_string_check_utf8") or syntax(file) != "editions":
        own = file.options.java_string_check_utf8
    else:
        own = _custom(features, _JAVA, _JAVA_UTF8) == _JAVA_VERIFY
    return own or features.utf8_validation == FeatureSet.VERIFY


def _custom(features: FeatureSet, language: int, field: int) -> int:
    """A language's own feature, 0 where it is not said. Read from the bytes: nobody need have registered it."""
    own = [each for each in _numbered(features.SerializeToString(), language) if isinstance(each, bytes)]
    values = [each for each in _numbered(b"".join(own), field) if isinstance(each, int)]
    return values[-1] if values else 0


def _numbered(content: bytes, number: int) -> list[Any]:
    """The values of one field, however often it is there."""
    fields: Any = UnknownFieldSet(Empty.FromString(content))
    return [each.data for each in fields if each.field_number == number]
