"""For every rule: what was written before, what is written after, and where the rule speaks.

Each case is a file of its own; `@` stands for its package, so that all of them are one set and are compiled once.
"""

from dataclasses import dataclass

from registry.contracts.protobuf.rules import FILE_OPTIONS

PROTO3, PROTO2, EDITION = 'syntax = "proto3"; ', 'syntax = "proto2"; ', 'edition = "2023"; '


@dataclass(frozen=True, slots=True)
class Case:
    """`before` and `after` are bodies below the header, or whole files where they have one of their own."""

    rule: str
    path: str
    before: str
    after: str
    also: tuple[str, ...] = ()  # what else the change does
    header: str = PROTO3


def _option(name: str) -> Case:
    values = {"optimize_for": ("SPEED", "CODE_SIZE")}
    truth = name.startswith(("cc_", "java_generic", "java_multiple", "py_"))
    was, now = values.get(name, ("true", "false") if truth else ('"a"', '"b"'))
    return Case(f"FILE_SAME_{name.upper()}", "@.proto", f"option {name} = {was};", f"option {name} = {now};")


M, E = "message M { %s }", "enum E { A_ZERO = 0; %s }"
X = "message M { optional int32 x = 1; extensions 100 to 200; } "
S = "message M {} message N {} service S { %s }"
CPP, JAVA = 'import "google/protobuf/cpp_features.proto"; ', 'import "google/protobuf/java_features.proto"; '

CASES = (
    *map(_option, FILE_OPTIONS),
    Case("FILE_NO_DELETE", "@.proto", M % "", ""),
    Case("FILE_ADDED", "@.proto", "", M % ""),
    Case("FILE_SAME_PACKAGE", "@.proto", "package @; message M {}", "package @.moved; message M {}"),
    Case("FILE_SAME_SYNTAX", "@.proto", f"{PROTO3} package @;", f"{EDITION} package @;"),
    Case("MESSAGE_NO_DELETE", "@.N", "message M {} message N {}", M % ""),
    Case("MESSAGE_NO_DELETE", "@.M.N", M % "message N {}", M % ""),
    Case("MESSAGE_ADDED", "@.M.N", M % "", M % "message N { message O {} enum P { Q = 0; } }"),
    Case("MESSAGE_SAME_REQUIRED_FIELDS", "@.M.x", M % "", M % "required int32 x = 1;", ("FIELD_ADDED",), PROTO2),
    Case("MESSAGE_SAME_REQUIRED_FIELDS", "@.M.x", M % "required int32 x = 1;", M % "", ("FIELD_NO_DELETE",), PROTO2),
    Case(
        "MESSAGE_SAME_JSON_FORMAT", "@.M", M % "", M % "option features.json_format = LEGACY_BEST_EFFORT;", (), EDITION
    ),
    Case(
        "MESSAGE_NO_REMOVE_STANDARD_DESCRIPTOR_ACCESSOR",
        "@.M",
        M % "",
        M % "option no_standard_descriptor_accessor = true;",
    ),
    Case("RESERVED_MESSAGE_NO_DELETE", "@.M", M % "reserved 5 to 9;", M % "reserved 5, 7 to 9;"),
    Case("RESERVED_MESSAGE_NO_DELETE", "@.M", M % 'reserved "a", "b";', M % 'reserved "b";'),
    Case("EXTENSION_MESSAGE_NO_DELETE", "@.M", M % "extensions 100 to 200;", M % "extensions 100 to 150;", (), PROTO2),
    Case("EXTENSION_NO_DELETE", "@.x", f"{X} extend M {{ optional int32 x = 100; }}", X, (), PROTO2),
    Case("EXTENSION_ADDED", "@.x", X, f"{X} extend M {{ optional int32 x = 100; }}", (), PROTO2),
    Case("FIELD_NO_DELETE", "@.M.x", M % "int32 x = 1;", M % "reserved 1;"),
    Case("FIELD_NO_DELETE", "@.M.x", M % "int32 x = 1;", M % "int32 x = 2;", ("FIELD_ADDED",)),
    Case("FIELD_ADDED", "@.M.x", M % "", M % "int32 x = 1;"),
    Case("FIELD_SAME_CARDINALITY", "@.M.x", M % "int32 x = 1;", M % "repeated int32 x = 1;"),
    Case("FIELD_SAME_CARDINALITY", "@.M.x", M % "int32 x = 1;", M % "optional int32 x = 1;"),
    Case(
        "FIELD_SAME_CARDINALITY",
        "@.M.x",
        M % "int32 x = 1;",
        M % "int32 x = 1 [features.field_presence = IMPLICIT];",
        (),
        EDITION,
    ),
    Case(
        "FIELD_SAME_CARDINALITY",
        "@.M.x",
        M % "map<int32, int32> x = 1;",
        M % "repeated XEntry x = 1; message XEntry { int32 key = 1; int32 value = 2; }",
    ),
    Case("FIELD_SAME_CPP_STRING_TYPE", "@.M.x", M % "string x = 1;", M % "string x = 1 [ctype = CORD];"),
    Case(
        "FIELD_SAME_CPP_STRING_TYPE",
        "@.M.x",
        CPP + M % "string x = 1;",
        CPP + M % "string x = 1 [features.(pb.cpp).string_type = VIEW];",
        (),
        EDITION,
    ),
    Case(
        "FIELD_SAME_DEFAULT",
        "@.M.x",
        M % "optional int32 x = 1 [default = 3];",
        M % "optional int32 x = 1;",
        (),
        PROTO2,
    ),
    Case(
        "FIELD_SAME_DEFAULT",
        "@.M.x",
        M % "optional float x = 1 [default = nan];",
        M % "optional float x = 1;",
        (),
        PROTO2,
    ),
    Case(
        "FIELD_SAME_DEFAULT",
        "@.M.x",
        M % 'optional bytes x = 1 [default = "\\001"];',
        M % 'optional bytes x = 1 [default = "\\002"];',
        (),
        PROTO2,
    ),
    Case(
        "FIELD_SAME_DEFAULT",
        "@.M.x",
        "enum E { A = 1; B = 2; } message M { optional E x = 1; }",
        "enum E { A = 1; B = 2; } message M { optional E x = 1 [default = B]; }",
        (),
        PROTO2,
    ),
    Case(
        "FIELD_SAME_JAVA_UTF8_VALIDATION",
        "@.M.x",
        M % "optional string x = 1;",
        "option java_string_check_utf8 = true; " + M % "optional string x = 1;",
        (),
        PROTO2,
    ),
    Case(
        "FIELD_SAME_JAVA_UTF8_VALIDATION",
        "@.M.x",
        M % "string x = 1 [features.utf8_validation = NONE];",
        JAVA + M % "string x = 1 [features.utf8_validation = NONE, features.(pb.java).utf8_validation = VERIFY];",
        (),
        EDITION,
    ),
    Case("FIELD_SAME_JSON_NAME", "@.M.x", M % "int32 x = 1;", M % 'int32 x = 1 [json_name = "y"];'),
    Case("FIELD_SAME_JSTYPE", "@.M.x", M % "int64 x = 1;", M % "int64 x = 1 [jstype = JS_STRING];"),
    Case("FIELD_SAME_NAME", "@.M.y", M % "int32 x = 1;", M % 'int32 y = 1 [json_name = "x"];'),
    Case(
        "FIELD_SAME_NAME",
        "@.y",
        f"{X} extend M {{ optional int32 x = 100; }}",
        f"{X} extend M {{ optional int32 y = 100; }}",
        ("EXTENSION_NO_DELETE", "EXTENSION_ADDED"),
        PROTO2,
    ),
    Case(
        "FIELD_SAME_ONEOF",
        "@.M.x",
        M % "int32 x = 1; oneof o { int32 y = 2; }",
        M % "oneof o { int32 x = 1; int32 y = 2; }",
        ("FIELD_SAME_CARDINALITY",),
    ),
    Case(
        "FIELD_SAME_ONEOF",
        "@.M.x",
        M % "oneof o { int32 x = 1; int32 z = 3; } oneof p { int32 y = 2; }",
        M % "oneof o { int32 z = 3; } oneof p { int32 x = 1; int32 y = 2; }",
    ),
    Case("FIELD_SAME_TYPE", "@.M.x", M % "int32 x = 1;", M % "int64 x = 1;"),
    Case(
        "FIELD_SAME_TYPE",
        "@.M.x",
        "message A {} message B {} message M { A x = 1; }",
        "message A {} message B {} message M { B x = 1; }",
    ),
    Case(
        "FIELD_SAME_TYPE", "@.M.x", M % "M x = 1;", M % "M x = 1 [features.message_encoding = DELIMITED];", (), EDITION
    ),
    Case(
        "FIELD_SAME_TYPE",
        "@.x",
        f"{X} extend M {{ optional int32 x = 100; }}",
        f"{X} extend M {{ optional sint32 x = 100; }}",
        (),
        PROTO2,
    ),
    Case(
        "FIELD_SAME_UTF8_VALIDATION",
        "@.M.x",
        M % "string x = 1;",
        "option features.utf8_validation = NONE; " + M % "string x = 1;",
        ("FIELD_SAME_JAVA_UTF8_VALIDATION",),
        EDITION,
    ),
    Case(
        "ENUM_SAME_JSON_FORMAT",
        "@.M.E",
        M % E % "",
        M % f"option features.json_format = LEGACY_BEST_EFFORT; {E % ''}",
        ("MESSAGE_SAME_JSON_FORMAT",),
        EDITION,
    ),
    Case(
        "FIELD_SAME_UTF8_VALIDATION",
        "@.M.x",
        M % "string x = 1;",
        M % "string x = 1 [features.utf8_validation = NONE];",
        ("FIELD_SAME_JAVA_UTF8_VALIDATION",),
        EDITION,
    ),
    Case(
        "ONEOF_NO_DELETE",
        "@.M.o",
        M % "oneof o { int32 x = 1; }",
        M % "oneof p { int32 x = 1; }",
        ("ONEOF_ADDED", "FIELD_SAME_ONEOF"),
    ),
    Case("ONEOF_ADDED", "@.M.o", M % "", M % "oneof o { int32 x = 1; }", ("FIELD_ADDED",)),
    Case("ENUM_NO_DELETE", "@.E", E % "", ""),
    Case("ENUM_ADDED", "@.E", "", E % ""),
    Case("ENUM_SAME_JSON_FORMAT", "@.E", E % "", E % "option features.json_format = LEGACY_BEST_EFFORT;", (), EDITION),
    Case("ENUM_SAME_TYPE", "@.E", E % "", E % "option features.enum_type = CLOSED;", (), EDITION),
    Case("ENUM_VALUE_NO_DELETE", "@.E.A_ONE", E % "A_ONE = 1;", E % "reserved 1;"),
    Case("ENUM_VALUE_SAME_NAME", "@.E.A_UNO", E % "A_ONE = 1;", E % "A_UNO = 1;"),
    Case("ENUM_VALUE_SAME_NAME", "@.E.A_ONE", E % "option allow_alias = true; A_ONE = 1; A_UNO = 1;", E % "A_ONE = 1;"),
    Case("ENUM_VALUE_ADDED", "@.E.A_ONE", E % "", E % "A_ONE = 1;"),
    Case("ENUM_VALUE_ADDED", "@.E.A_UNO", E % "A_ONE = 1;", E % "option allow_alias = true; A_ONE = 1; A_UNO = 1;"),
    Case("RESERVED_ENUM_NO_DELETE", "@.E", E % "reserved 5 to 9;", E % "reserved 5 to 8;"),
    Case("RESERVED_ENUM_NO_DELETE", "@.E", E % 'reserved "B";', E % ""),
    Case("SERVICE_NO_DELETE", "@.S", S % "", "message M {} message N {}"),
    Case("SERVICE_ADDED", "@.S", "message M {} message N {}", S % "rpc R(M) returns (M);"),
    Case("RPC_NO_DELETE", "@.S.R", S % "rpc R(M) returns (M);", S % ""),
    Case("RPC_ADDED", "@.S.R", S % "", S % "rpc R(M) returns (M);"),
    Case("RPC_SAME_CLIENT_STREAMING", "@.S.R", S % "rpc R(M) returns (M);", S % "rpc R(stream M) returns (M);"),
    Case("RPC_SAME_SERVER_STREAMING", "@.S.R", S % "rpc R(M) returns (stream M);", S % "rpc R(M) returns (M);"),
    Case("RPC_SAME_REQUEST_TYPE", "@.S.R", S % "rpc R(M) returns (M);", S % "rpc R(N) returns (M);"),
    Case("RPC_SAME_RESPONSE_TYPE", "@.S.R", S % "rpc R(M) returns (M);", S % "rpc R(M) returns (N);"),
    Case(
        "RPC_SAME_IDEMPOTENCY_LEVEL",
        "@.S.R",
        S % "rpc R(M) returns (M);",
        S % "rpc R(M) returns (M) { option idempotency_level = IDEMPOTENT; }",
    ),
)

# Changes that no rule speaks of.
SAME = (
    ("a comment", M % "int32 x = 1;", M % "/* new */ int32 x = 1;", PROTO3),
    ("the order of fields", M % "int32 x = 1; int32 y = 2;", M % "int32 y = 2; int32 x = 1;", PROTO3),
    (
        "a default that goes without saying",
        M % "optional int32 x = 1;",
        M % "optional int32 x = 1 [default = 0];",
        PROTO2,
    ),
    ("the JSON name that goes without saying", M % "int32 x_y = 1;", M % 'int32 x_y = 1 [json_name = "xY"];', PROTO3),
    ("ranges cut otherwise", M % "reserved 5 to 9;", M % "reserved 5, 6, 7 to 9;", PROTO3),
    ("string pieces that become strings", M % "string x = 1 [ctype = STRING_PIECE];", M % "string x = 1;", PROTO3),
    ("jstype of no number", M % "int32 x = 1;", M % "int32 x = 1 [deprecated = true];", PROTO3),
    ("a JSON format that becomes stricter", M % "option features.json_format = LEGACY_BEST_EFFORT;", M % "", EDITION),
    (
        "a feature of the file that becomes one of the message",
        "option features.enum_type = CLOSED; " + E % "",
        E % "option features.enum_type = CLOSED;",
        EDITION,
    ),
    ("a file option that goes without saying", "option java_multiple_files = false;", "", PROTO3),
)
