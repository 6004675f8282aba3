"""What becomes of a class that joins: counted, with every reason named, or a line of JSON for each wish."""

from collections.abc import Iterator, Sequence

from registry.cli import render
from registry.cli.wishes import AMBIGUOUS, CREATED, EXISTS, MISSING, REFUSED, Item, fields
from registry.domain import names

SHOWN = 5
PENDING = "pending_approval"
_ABOUT_BODIES = frozenset({MISSING, AMBIGUOUS, "NOT_THE_HOST"})
Row = tuple[str, str, str]


def show(items: Sequence[Item], title: str, *, dry_run: bool) -> None:
    """The table."""
    render.line(title)
    words = "would be {}" if dry_run else "{}"
    created = [each for each in items if each.outcome == CREATED]
    waiting = [each for each in created if each.state == PENDING]
    rows = [
        (len(created) - len(waiting), words.format("approved at once" if dry_run else "approved")),
        (len(waiting), f"{words.format('asked for')}, and the provider decides"),
        (sum(each.outcome == EXISTS for each in items), "there already"),
    ]
    table: list[Row] = [(str(count), what, "") for count, what in rows if count]
    render.Rows("count", "what", "").print([*table, *_refusals(items)])


def _refusals(items: Sequence[Item]) -> Iterator[Row]:
    """A row for each reason and offering; of reasons that are about bodies, one with their names."""
    groups: dict[tuple[str, str], list[Item]] = {}
    for each in items:
        if each.outcome == REFUSED:
            about = "" if each.reason in _ABOUT_BODIES else each.offering
            groups.setdefault((each.reason, about), []).append(each)
    for (reason, about), group in sorted(groups.items()):
        bodies = list(dict.fromkeys(names.last(each.organisation) for each in group))
        more = f" and {len(bodies) - SHOWN} more" if len(bodies) > SHOWN else ""
        who = f"{', '.join(bodies[:SHOWN])}{more}"
        yield str(len(group)), f"{reason} {about}".rstrip(), f"{who}. For example: {group[0].message}"


def lines(items: Sequence[Item], *, dry_run: bool) -> None:
    """JSON for each."""
    for each in items:
        render.json_line({**fields(each), **({"dry_run": True} if dry_run else {})})
