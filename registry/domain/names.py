"""Resource names: one pattern per noun, and everything that can be told from a name alone."""

import re
from typing import NoReturn

from registry.domain.organisation_number import contains_personal_number
from registry.errors import Invalid

SEGMENT = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
RELEASE_SEGMENT = "[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?"
PATTERNS = {
    "organisation": "organisations/{organisation}",
    "system": "organisations/{organisation}/systems/{system}",
    "capability": "capabilities/{capability}",
    "offering": "offerings/{offering}",
    "release": "offerings/{offering}/releases/{release}",
    "interest": "organisations/{organisation}/interests/{interest}",
    "agreement": "agreements/{agreement}",
    "subscription": "organisations/{organisation}/subscriptions/{subscription}",
    "grant": "grants/{grant}",
    "key": "keys/{key}",
}
_DIGITS = re.compile(r"\d{6}")


def _regex(pattern: str) -> re.Pattern[str]:
    text = pattern.replace("{release}", RELEASE_SEGMENT)
    return re.compile(re.sub(r"\{[a-z]+\}", lambda _: SEGMENT, text), re.ASCII)


_REGEXES = {noun: _regex(pattern) for noun, pattern in PATTERNS.items()}
_BY_COLLECTIONS = {tuple(pattern.split("/")[::2]): noun for noun, pattern in PATTERNS.items()}


def pattern(noun: str) -> str:
    """The regular expression of the noun's names."""
    return _REGEXES[noun].pattern


def is_valid(name: str, noun: str) -> bool:
    """Whether the name has the noun's pattern."""
    return _REGEXES[noun].fullmatch(name) is not None


def check(name: str, noun: str) -> str:
    """The name, when it has the noun's pattern. Errors: NAME_INVALID, PERSONAL_DATA_REFUSED (without the name)."""
    _no_person(name)
    if not is_valid(name, noun):
        _refuse(name, PATTERNS[noun])
    return name


def kind_of(name: str) -> str:
    """The noun that a name belongs to. Errors: NAME_INVALID when it has the pattern of none."""
    noun = _BY_COLLECTIONS.get(tuple(name.split("/")[::2]))
    if noun is None:
        _no_person(name)
        _refuse(name, " | ".join(PATTERNS.values()))
    return noun if is_valid(name, noun) else kind_of_refused(name, noun)


def kind_of_refused(name: str, noun: str) -> NoReturn:
    """Refuse a name that has the collections of a noun but not its pattern."""
    check(name, noun)
    _refuse(name, PATTERNS[noun])


def parent(name: str) -> str:
    """Name of the parent; '' for a name at the top."""
    return "/".join(name.split("/")[:-2])


def last(name: str) -> str:
    """Last segment of the name."""
    return name.rsplit("/", 1)[-1]


def release_id(version: str) -> str:
    """The segment that a version gives: lower case, and a hyphen before build metadata."""
    return version.lower().replace("+", "-")


def child(noun: str, above: str, segment: str) -> str:
    """The name of a noun below `above` ('' at the top). Errors: NAME_INVALID for the parent or the segment."""
    collection = PATTERNS[noun].split("/")[-2]
    if not above:
        return check(f"{collection}/{segment}", noun)
    check_parent(noun, above)
    return check(f"{above}/{collection}/{segment}", noun)


def check_parent(noun: str, above: str) -> str:
    """The name, when it can be the parent of the noun. Errors: NAME_INVALID."""
    return check(above, _BY_COLLECTIONS[tuple(PATTERNS[noun].split("/")[:-2:2])])


def listed_under(noun: str, above: str) -> str:
    """The parent of a list: a name, or one that ends in `/-` for all. Errors: NAME_INVALID."""
    pattern = parent(PATTERNS[noun])
    if not pattern:
        if above:
            _no_person(above)
            _refuse(above, "empty: these resources have no parent")
        return ""
    collection = pattern.split("/", maxsplit=1)[0]
    return above if above == f"{collection}/-" else check_parent(noun, above)


def _no_person(name: str) -> None:
    if _DIGITS.search(name) and contains_personal_number(name):
        what = "contains what looks like a personal identity number; choose a name without one"
        raise Invalid("PERSONAL_DATA_REFUSED", f"The name {what}.", violations=[("name", what)], field="name")


def _refuse(name: str, pattern: str) -> NoReturn:
    shown = name[:200]
    raise Invalid(
        "NAME_INVALID",
        f"The name {shown!r} does not have the pattern {pattern}: segments are lower-case letters, digits and"
        " hyphens (releases also dots), at most 63, beginning and ending with a letter or digit.",
        violations=[("name", f"must have the pattern {pattern}")],
        name=shown,
        pattern=pattern,
    )
