"""The demo's tables: who has come how far, in milliseconds since the publication."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from rich import box
from rich.table import Table

from registry.api.v1.offering_pb2 import Offering
from registry.demo.journeys import LEAVING, STAGES, Journey, Journeys


def rollout(journeys: Journeys, offerings: Sequence[Offering], releases: Mapping[str, str], expected: int) -> Table:
    """One row for each offering: how many bodies reached each stage, and the slowest one's milliseconds."""
    done = sum("proven" in each.times for name in releases.values() for each in journeys.to(name))
    table = _table(
        f"{done} of {expected} subscriptions proven; milliseconds since the publication, of the slowest body"
    )
    table.add_column("offering", no_wrap=True)
    table.add_column("published", no_wrap=True)
    for stage in STAGES:
        table.add_column(f"-> {stage}", justify="right", no_wrap=True)
    for offering in offerings:
        release = releases.get(offering.name, "")
        ways = journeys.to(release)
        cells = [_cell([each.millis(stage) for each in ways]) for stage in STAGES]
        table.add_row(offering.title.sv, _clock(journeys.published.get(release)), *cells)
    return table


def ways(title: str, journeys: Sequence[Journey]) -> Table:
    """One row for each body on its way to a release."""
    return _by_body(title, journeys, STAGES, "published")


def leaving(title: str, journeys: Sequence[Journey]) -> Table:
    """One row for each body on its way out."""
    return _by_body(title, journeys, LEAVING, "retired")


def _by_body(title: str, journeys: Sequence[Journey], stages: Sequence[str], since: str) -> Table:
    table = _table(f"{title}; milliseconds since it was {since}")
    table.add_column("body", no_wrap=True)
    table.add_column(since, no_wrap=True)
    for stage in stages:
        table.add_column(f"-> {stage}", justify="right", no_wrap=True)
    for each in journeys:
        cells = [_cell([each.millis(stage, since)]) for stage in stages]
        table.add_row(each.subscription.split("/")[1], _clock(each.times.get(since)), *cells)
    return table


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)


def _cell(millis: Sequence[float | None]) -> str:
    known = [value for value in millis if value is not None]
    if not known:
        return "·"
    count = f"{len(known)}/{len(millis)} " if len(millis) > 1 else ""
    return f"{count}{max(known):.0f}"


def _clock(micros: int | None) -> str:
    return f"{datetime.fromtimestamp(micros / 1_000_000, UTC):%H:%M:%S.%f}"[:-5] if micros else "·"
