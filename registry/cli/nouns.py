"""Every kind of resource: how it is called, read and shown."""

from typing import Any

from registry.cli.failure import USAGE, Failure
from registry.domain.names import PATTERNS, parent
from registry.domain.problem import nearest, quoted

COLUMNS = {
    "organisation": ("name", "kind", "title.sv", "organisation_number", "host"),
    "system": ("name", "environment", "title.sv"),
    "capability": ("name", "title.sv", "parent", "state"),
    "offering": ("name", "title.sv", "provider", "state", "terms.approval"),
    "release": ("name", "version", "state", "publish_time"),
    "interest": ("name", "mode", "system", "filter"),
    "agreement": ("name", "state", "offering", "party", "party_class", "valid_to"),
    "subscription": ("name", "state", "offering", "convergence.phase", "convergence.observed_release"),
    "grant": ("name", "state", "principal", "organisation", "valid_to"),
    "key": ("name", "state", "organisation", "purpose", "valid_to", "last_use_time"),
}


def plural(noun: str) -> str:
    """`organisation` as `organisations`."""
    return PATTERNS[noun].split("/")[-2]


def noun(word: str, known: list[str] | None = None) -> str:
    """The kind that a word means, singular or plural. Errors: Failure with what was meant."""
    known = known or list(PATTERNS)
    forms = {form: each for each in known for form in (each, plural(each))}
    if (found := forms.get(word.lower())) is None:
        meant = nearest(word, forms)
        text = f"{quoted(word)} is no kind; there is {', '.join(known)}." + (f" Did you mean {meant}?" if meant else "")
        raise Failure(text, exit_code=USAGE)
    return found


def everything(noun: str) -> str:
    """The parent under which all of a kind are listed; '' for kinds that have none."""
    above = parent(PATTERNS[noun])
    return f"{above.split('/')[0]}/-" if above else ""


def cell(message: Any, path: str) -> str:
    """A field for people: enum values without prefix, times to the second."""
    *above, last = path.split(".")
    for part in above:
        message = getattr(message, part)
    field = message.DESCRIPTOR.fields_by_name[last]
    value = getattr(message, last)
    if field.enum_type is not None:
        prefix = field.enum_type.values_by_number[0].name.removesuffix("UNSPECIFIED")
        known = field.enum_type.values_by_number.get(value)
        return known.name.removeprefix(prefix).lower() if known and value else ""
    if field.message_type is not None:
        return value.ToJsonString()[:19].replace("T", " ") if message.HasField(last) else ""
    return str(value)
