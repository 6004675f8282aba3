"""Formats: to those who generate code from a contract they are types, and some lie inside others."""

from collections.abc import Iterator

from registry.contracts.documents.gap import Gap, Pair
from registry.contracts.documents.values import NUMBERS

# Validation 2020-12, 7.3, and the formats of OpenAPI 3.1.0, 4.4: each with those that lie inside it.
_INSIDE: dict[str, frozenset[str]] = {
    **{word: frozenset() for word in ("int32", "float", "date", "date-time", "time", "duration", "email", "hostname")},
    **{word: frozenset() for word in ("ipv4", "ipv6", "uri", "uri-template", "uuid", "json-pointer", "regex")},
    **{word: frozenset() for word in ("byte", "binary", "relative-json-pointer")},
    "int64": frozenset({"int32"}),
    "double": frozenset({"float", "int32"}),
    "idn-email": frozenset({"email"}),
    "idn-hostname": frozenset({"hostname"}),
    "iri": frozenset({"uri"}),
    "uri-reference": frozenset({"uri"}),
    "iri-reference": frozenset({"iri", "uri", "uri-reference"}),
}
_NUMERIC = {"int32": 2**31, "int64": 2**63, "float": 0, "double": 0}
# They say how a text is shown, not which texts there are.
_SHOWN = frozenset({"password", "textarea", "markdown"})


def gaps(pair: Pair) -> Iterator[Gap]:
    """Formats that are wanted, and that what comes does not have."""
    mine, types = pair.sub.texts["format"], pair.sub.types & pair.sup.types
    for wanted in sorted(pair.sup.texts["format"] - _SHOWN - mine):
        if not types & (NUMBERS if wanted in _NUMERIC else {"string"}):
            continue
        if mine & _INSIDE.get(wanted, frozenset()) or _fits(pair, wanted):
            continue
        why = "What this format means is not said by JSON Schema or OpenAPI."
        yield pair.gap("format", "format", sure=wanted in _INSIDE, why=why)


def _fits(pair: Pair, wanted: str) -> bool:
    """Whether the limits of the number keep it inside the format."""
    size, lower, upper = _NUMERIC.get(wanted, 0), pair.sub.lower, pair.sub.upper
    return bool(size) and lower is not None and upper is not None and -size <= lower[0] and upper[0] < size
