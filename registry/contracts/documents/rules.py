"""Every rule by its id: whether it breaks, and where it comes from. `docs/contracts.md` prints the table."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from registry.contracts.documents.exchange_rules import EXCHANGES
from registry.contracts.documents.subjects import CORE, OPAQUE, SUBJECTS, VALIDATION, Subject

_REFUSED = "Callers who keep to the older contract can be refused."
_SURPRISED = "Callers who keep to the older contract can receive what they do not know."


class Flow(Enum):
    """Who writes what is described: callers (they send), or the service (they receive)."""

    REQUEST = "request"
    RESPONSE = "response"

    @property
    def other(self) -> "Flow":
        """The opposite direction."""
        return Flow.RESPONSE if self is Flow.REQUEST else Flow.REQUEST


@dataclass(frozen=True, slots=True)
class Rule:
    """`breaking` is None where nobody can say: such a finding makes the verdict UNKNOWN, unless another breaks."""

    id: str
    breaking: bool | None
    citation: str
    text: str


def _schema_rules(flow: Flow) -> Iterator[tuple[tuple[str, bool], Rule]]:
    """By subject, and by whether the change is the one that can harm in this direction."""
    for each in SUBJECTS:
        yield from _both(flow, each)
    word = flow.value
    removed = f"A property is gone. Whoever {_does(flow)} it is not served any more, even if it was optional."
    added, strict = "A property is added.", "A property is added to an object that allowed no further ones."
    changed = "The value that is taken when none is sent is another one, or gone."
    old = "It is deprecated: it works, and will go."
    listed = f"{CORE}, 10.3.2.1"
    sends = flow is Flow.REQUEST
    for harm in (True, False):
        yield ("property-removed", harm), Rule(f"{word}-property-removed", True, listed, removed)
        yield ("property-added", harm), Rule(f"{word}-property-added", False, listed, added)
        breaks, text = (True, f"{strict} {_SURPRISED}") if harm and not sends else (False, strict)
        yield ("closed-property-added", harm), Rule(f"{word}-closed-property-added", breaks, f"{CORE}, 10.3.2.3", text)
        yield ("default", harm), Rule(f"{word}-default-changed", sends, f"{VALIDATION}, 9.2", changed)
        yield ("deprecated", harm), Rule(f"{word}-deprecated", False, f"{VALIDATION}, 9.3", old)


def _does(flow: Flow) -> str:
    return "sends" if flow is Flow.REQUEST else "reads"


def _both(flow: Flow, subject: Subject) -> Iterator[tuple[tuple[str, bool], Rule]]:
    narrowed = f"{flow.value}-{subject.narrowed}", subject.narrowed_text
    widened = f"{flow.value}-{subject.widened}", subject.widened_text
    harmful, harmless = (narrowed, widened) if flow is Flow.REQUEST else (widened, narrowed)
    tail = _REFUSED if flow is Flow.REQUEST else _SURPRISED
    yield (subject.name, True), Rule(harmful[0], True, subject.citation, f"{harmful[1]} {tail}")
    yield (subject.name, False), Rule(harmless[0], False, subject.citation, harmless[1])


SCHEMAS = {flow: dict(_schema_rules(flow)) for flow in Flow}
_DOUBTFUL = {"enum", "pattern", "format", "alternatives", "discriminator"}
_CITED = {each.name: each.citation for each in SUBJECTS if each.name in _DOUBTFUL} | OPAQUE
_CITED |= {"undecided": f"{CORE}, 8.2.3.1"}
UNDECIDED = {
    name: Rule(f"{name}-undecided".replace("undecided-undecided", "undecided"), None, citation, "Nobody can say.")
    for name, citation in _CITED.items()
}
EXCHANGE = {name: Rule(name, breaking, citation, text) for name, breaking, citation, text in EXCHANGES}
ALL = {
    rule.id: rule
    for rule in [
        *(rule for table in SCHEMAS.values() for rule in table.values()),
        *EXCHANGE.values(),
        *UNDECIDED.values(),
    ]
}


def table() -> str:
    """All rules as a table in Markdown."""
    words = {True: "breaks", False: "does not break", None: "nobody can say"}
    rows = [f"| `{rule.id}` | {words[rule.breaking]} | {rule.citation} |" for rule in ALL.values()]
    return "\n".join(["| rule | verdict | source |", "|---|---|---|", *rows])
