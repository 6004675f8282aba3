"""The board of a rollout: numbers, laggards with their reasons, who is excused, and coverage, for people."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from registry.api.v1.onboarding_service_pb2 import Coverage, CoverageDimension, GetConvergenceResponse, Laggard
from registry.cli.nouns import cell
from registry.cli.render import counted, plain

_ALL = CoverageDimension.COVERAGE_DIMENSION_ALL
_MINUTE_MS = 60_000


def board(found: GetConvergenceResponse) -> Group:
    """All of it, as rich draws it."""
    return Group(*_parts(found))


def _parts(found: GetConvergenceResponse) -> Iterator[RenderableType]:
    yield from (Text(plain(line)) for line in _head(found))
    yield from _table(
        ("phase", "subscriptions"), ((cell(each, "phase") or "-", str(each.count)) for each in found.counts)
    )
    columns = ("laggard", "reason", "message", "attempts", "next attempt")
    yield from _table(columns, map(_laggard, found.laggards))
    more = found.total - found.converged + found.not_joined - len(found.laggards)
    if more:
        yield Text(f"and {more} more")
    yield from _table(("excused", "why"), ((each.organisation, each.reason) for each in found.excused))
    rows = (_coverage(each) for each in found.coverage if each.dimension != _ALL)
    yield from _table(("organisations by", "", "required", "converged", "excused"), rows)


def _head(found: GetConvergenceResponse) -> Iterator[str]:
    yield f"{found.name}: {found.release or 'no release is published'}"
    if found.campaign:
        late = f"; {found.overdue} overdue" if found.overdue else ""
        yield f"campaign {found.campaign}, to be done until {cell(found, 'deadline')} UTC{late}"
    yield f"{found.converged} of {found.total} subscriptions proven"
    for each in found.coverage:
        if each.dimension == _ALL:
            rest = counted([(found.not_joined, "not joined"), (each.excused, "excused")])
            yield f"{each.converged} of {each.required} organisations there" + (
                f"; {rest}" if rest != "nothing" else ""
            )
    times = found.time_to_onboard
    if times.count:
        shares = ", ".join(f"{name} {_time(getattr(times, name))}" for name in ("p50", "p90", "p99"))
        yield f"time to onboard: {shares}"


def _laggard(each: Laggard) -> tuple[str, ...]:
    known = each.convergence
    attempts = str(known.attempts) if known.attempts else ""
    message = known.last_error.message or cell(each, "state")
    return each.subscription or each.organisation, each.reason, message, attempts, cell(known, "next_attempt_time")


def _coverage(each: Coverage) -> tuple[str, ...]:
    dimension = cell(each, "dimension").replace("_", " ")
    return dimension, each.value or "-", str(each.required), str(each.converged), str(each.excused)


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[RenderableType]:
    """A table below an empty line; nothing where there are no rows."""
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(plain(each)) for each in row))
    if table.row_count:
        yield from (Text(), table)


def _time(time: Duration) -> str:
    millis = time.ToMilliseconds()
    return f"{millis / 1000:.3f} s" if millis < _MINUTE_MS else str(timedelta(seconds=millis // 1000))
