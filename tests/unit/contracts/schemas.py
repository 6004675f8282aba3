"""Random schemas with values that keep to them, and changes of them, for the properties of the comparison."""

from typing import Any

from hypothesis import strategies as st
from jsonschema import Draft202012Validator

Schema = dict[str, Any]
NAMES = ("a", "b", "c")
WORDS = ("", "x", "xy", "xyz", "xyzzy")
STEPS = (0.5, 1, 2, 3)
NUMBERS = (-2, -1, 0, 0.5, 1, 1.5, 2, 3, 4)


def small() -> st.SearchStrategy[int]:
    return st.integers(0, 4)


def optional(**words: st.SearchStrategy[Any]) -> st.SearchStrategy[Schema]:
    return st.fixed_dictionaries({}, optional=words)


def with_type(name: Any, words: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    return words.map(lambda each: {"type": name, **each})


def texts() -> st.SearchStrategy[Schema]:
    return with_type("string", optional(minLength=small(), maxLength=small()))


def numbers() -> st.SearchStrategy[Schema]:
    bound, step = st.sampled_from(NUMBERS), st.sampled_from(STEPS)
    words = optional(minimum=bound, maximum=bound, exclusiveMinimum=bound, exclusiveMaximum=bound, multipleOf=step)
    return st.sampled_from(("integer", "number")).flatmap(lambda name: with_type(name, words))


def listed() -> st.SearchStrategy[Schema]:
    values = st.sampled_from((*WORDS, *NUMBERS, True, False, None))
    return st.lists(values, min_size=1, max_size=4).map(lambda each: {"enum": each})


def lists(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    prefix = st.lists(inner, min_size=1, max_size=2)
    words = optional(items=inner, prefixItems=prefix, minItems=small(), maxItems=small(), uniqueItems=st.booleans())
    return with_type("array", words)


def objects(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    named = st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    names = st.lists(st.sampled_from(NAMES), unique=True, max_size=2)
    rest = st.one_of(st.just(False), inner)
    words = optional(
        properties=named, required=names, additionalProperties=rest, minProperties=small(), maxProperties=small()
    )
    return with_type("object", words)


def several(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    word, branches = st.sampled_from(("anyOf", "oneOf", "allOf")), st.lists(inner, min_size=1, max_size=3)
    return st.builds(lambda name, each: {name: each}, word, branches)


def mixed() -> st.SearchStrategy[Schema]:
    names = st.lists(st.sampled_from(("null", "boolean", "integer", "string", "object")), unique=True, min_size=1)
    return with_type("string", st.just({})) | names.map(lambda each: {"type": each})


def leaves() -> st.SearchStrategy[Schema]:
    return st.one_of(texts(), numbers(), listed(), mixed(), st.just({"type": "boolean"}), st.just({}))


def schemas() -> st.SearchStrategy[Schema]:
    return st.recursive(leaves(), lambda inner: st.one_of(lists(inner), objects(inner), several(inner)), max_leaves=6)


@st.composite
def changed(draw: st.DrawFn, schema: Any) -> Any:
    """The schema with one part of it made anew, or as it was."""
    if isinstance(schema, dict) and schema and draw(st.booleans()):
        word = draw(st.sampled_from(sorted(schema)))
        if draw(st.integers(0, 2)) == 0:
            return {each: value for each, value in schema.items() if each != word}
        return {**schema, word: draw(part(schema[word], word))}
    if isinstance(schema, list) and schema:
        place = draw(st.integers(0, len(schema) - 1))
        return [draw(part(each)) if number == place else each for number, each in enumerate(schema)]
    return schema


def part(value: Any, word: str = "") -> st.SearchStrategy[Any]:
    if isinstance(value, bool) or value is None:
        return st.just(value)
    if isinstance(value, int | float):
        some = {"multipleOf": STEPS, "minimum": NUMBERS, "maximum": NUMBERS}
        return st.sampled_from(some[word]) if word in some else small()
    return changed(value) if isinstance(value, dict | list) else st.just(value)


def values() -> st.SearchStrategy[Any]:
    leaves = st.sampled_from((*WORDS, *NUMBERS, True, False, None))
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from((*NAMES, "other")), inner, max_size=3)
        ),
        max_leaves=6,
    )


@st.composite
def instances(draw: st.DrawFn, schema: Any) -> Any:
    """A value that probably keeps to the schema."""
    if not isinstance(schema, dict) or not schema or draw(st.integers(0, 9)) == 0:
        return draw(values())
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema:
            return draw(instances(draw(st.sampled_from(schema[word]))))
    if "enum" in schema:
        return draw(st.sampled_from(schema["enum"]))
    name = schema.get("type")
    return draw(of_type(draw(st.sampled_from(name)) if isinstance(name, list) else name, schema))


def of_type(name: Any, schema: Schema) -> st.SearchStrategy[Any]:
    if name == "object":
        rest = schema.get("additionalProperties")
        named = {each: instances(inner) for each, inner in schema.get("properties", {}).items()}
        spare = {each: instances(rest) for each in NAMES if each not in named} if isinstance(rest, dict) else {}
        return optional(**named, **spare)
    if name == "array":
        items = instances(schema.get("items"))
        first = st.tuples(*map(instances, schema.get("prefixItems", [])))
        return st.builds(lambda one, other: [*one, *other], first, st.lists(items, max_size=3))
    simple = {"string": WORDS, "boolean": (True, False), "null": (None,), "integer": NUMBERS, "number": NUMBERS}
    return st.sampled_from(simple[name]) if name in simple else values()


def valid(schema: Any, value: Any) -> bool:
    return bool(Draft202012Validator(schema).is_valid(value))


def keeps_to_names(schema: Any, value: Any) -> bool:
    """Whether every property of the value is one that the schema names, or says something of (see `members`)."""
    if isinstance(value, list):
        return all(keeps_to_names(schema, each) for each in value)
    if isinstance(value, dict):
        return all(name in named(schema) and keeps_to_names(schema, each) for name, each in value.items())
    return True


def named(schema: Any) -> set[str]:
    """Names anywhere in a schema; all of them where `additionalProperties` says what the others are."""
    if isinstance(schema, list):
        return set().union(*map(named, schema))
    if not isinstance(schema, dict):
        return set()
    return set(schema.get("properties", {})).union(*map(named, schema.values()))
