"""What schemas are compared by, each with its source: the rules for both directions follow from this table."""

from dataclasses import dataclass

CORE, VALIDATION, OPENAPI = "JSON Schema Core 2020-12", "JSON Schema Validation 2020-12", "OpenAPI 3.1.0"


@dataclass(frozen=True, slots=True)
class Subject:
    """`narrowed` and `widened` end the ids of its rules; the sentences say the same to a reader."""

    name: str
    citation: str
    narrowed: str
    narrowed_text: str
    widened: str
    widened_text: str


def _least(name: str, what: str, citation: str) -> Subject:
    raised, lowered = f"The least {what} is raised.", f"The least {what} is lowered or gone."
    return Subject(name, citation, f"{name}-raised", raised, f"{name}-lowered", lowered)


def _most(name: str, what: str, citation: str) -> Subject:
    lowered, raised = f"The greatest {what} is lowered.", f"The greatest {what} is raised or gone."
    return Subject(name, citation, f"{name}-lowered", lowered, f"{name}-raised", raised)


def _step(name: str, what: str, citation: str) -> Subject:
    added, removed = f"{what} must be kept to now.", f"{what} need not be kept to any more."
    return Subject(name, citation, f"{name}-added", added, f"{name}-removed", removed)


SUBJECTS = (
    Subject(
        "type",
        f"{VALIDATION}, 6.1.1",
        "type-narrowed",
        "Values of a type are not allowed any more.",
        "type-widened",
        "Values of a further type are allowed.",
    ),
    Subject(
        "nullable",
        f"{VALIDATION}, 6.1.1; OpenAPI 3.0.3, 4.7.24 nullable",
        "null-removed",
        "null is not allowed any more.",
        "null-added",
        "null is allowed now.",
    ),
    Subject(
        "enum",
        f"{VALIDATION}, 6.1.2 and 6.1.3",
        "enum-value-removed",
        "A value is not one of the listed ones any more.",
        "enum-value-added",
        "A value is added to the listed ones.",
    ),
    _least("minimum", "number", f"{VALIDATION}, 6.2.4 and 6.2.5"),
    _most("maximum", "number", f"{VALIDATION}, 6.2.2 and 6.2.3"),
    _step("multiple-of", "A step between numbers", f"{VALIDATION}, 6.2.1"),
    _least("min-length", "length of a text", f"{VALIDATION}, 6.3.2"),
    _most("max-length", "length of a text", f"{VALIDATION}, 6.3.1"),
    _step("pattern", "A regular expression", f"{VALIDATION}, 6.3.3"),
    _step("format", "A format", f"{VALIDATION}, 7; {OPENAPI}, 4.4"),
    _least("min-items", "number of items", f"{VALIDATION}, 6.4.2"),
    _most("max-items", "number of items", f"{VALIDATION}, 6.4.1"),
    _step("unique-items", "That no item comes twice", f"{VALIDATION}, 6.4.3"),
    _least("min-properties", "number of properties", f"{VALIDATION}, 6.5.2"),
    _most("max-properties", "number of properties", f"{VALIDATION}, 6.5.1"),
    Subject(
        "required",
        f"{VALIDATION}, 6.5.3",
        "property-became-required",
        "A property must be there now.",
        "property-became-optional",
        "A property can be missing now.",
    ),
    _step("dependent-required", "That one property demands another", f"{VALIDATION}, 6.5.4"),
    Subject(
        "additional-properties",
        f"{CORE}, 10.3.2.3",
        "additional-properties-closed",
        "Properties without a name in the contract are restricted now.",
        "additional-properties-opened",
        "Properties without a name in the contract are restricted less.",
    ),
    Subject(
        "alternatives",
        f"{CORE}, 10.2.1.2 and 10.2.1.3",
        "alternative-removed",
        "What was one of the alternatives is none any more.",
        "alternative-added",
        "An alternative is added.",
    ),
    Subject(
        "discriminator",
        f"{OPENAPI}, 4.8.25",
        "discriminator-value-removed",
        "The property or a value that tells alternatives apart is another one, or gone.",
        "discriminator-value-added",
        "A value that tells alternatives apart is added.",
    ),
)
# Compared word for word: when they differ, nobody can say.
OPAQUE = {
    "not": f"{CORE}, 10.2.1.4",
    "conditional": f"{CORE}, 10.2.2.1 to 10.2.2.3",
    "dependent-schemas": f"{CORE}, 10.2.2.4",
    "contains": f"{CORE}, 10.3.1.3",
    "property-names": f"{CORE}, 10.3.2.4",
    "pattern-properties": f"{CORE}, 10.3.2.2",
    "unevaluated": f"{CORE}, 11.2 and 11.3",
    "content": f"{VALIDATION}, 8",
    "dynamic-reference": f"{CORE}, 8.2.3.2",
}
