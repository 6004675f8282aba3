"""`gemensam relay`: announce the ledger on Kafka, see how far that has come, and help a resource that is stuck."""

import asyncio
import dataclasses
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from registry.cli import options, render
from registry.cli.failure import USAGE, Failure

if TYPE_CHECKING:
    from registry.settings import Settings
    from registry.store import Store

T = TypeVar("T")
Bootstrap = Annotated[
    str | None,
    typer.Option("--kafka", help="Brokers as host:port,... (GEMENSAM_KAFKA_BOOTSTRAP).", show_default=False),
]
Name = Annotated[str, typer.Argument(help="Full name of a resource.")]


def run(
    data: options.Data = None,
    database_url: options.DatabaseUrl = None,
    kafka: Bootstrap = None,
    json_logs: Annotated[bool | None, typer.Option("--json-logs/--text-logs", show_default=False)] = None,
) -> None:
    """Announce until Ctrl-C or SIGTERM. Several may run; one leads, and another takes over within seconds."""
    chosen = _settings(data, database_url, kafka, json_logs=json_logs)
    from registry import app, telemetry  # noqa: PLC0415 - help and completion need none of it

    telemetry.configure("gemensam-relay", json_logs=chosen.json_logs)

    async def relay() -> None:
        async with app.relaying(chosen):
            await app.until_told(lambda: render.line(f"relaying kafka={chosen.kafka_bootstrap}. Ctrl-C ends it."))

    asyncio.run(relay())


def topics(
    kafka: Bootstrap = None,
    *,
    check: Annotated[bool, typer.Option("--check", help="Make none.")] = False,
    as_json: options.Json = False,
) -> None:
    """Make the topics that are missing, and say what is wrong with those that are there. Exit code 1 if anything is."""
    chosen = _settings(None, None, kafka)
    from registry import app  # noqa: PLC0415 - help and completion need none of it

    reach = app.kafka(chosen)
    from registry.relay import topics as wanted  # noqa: PLC0415 - only where its extra is installed
    from registry.relay.publisher import PublishFailed  # noqa: PLC0415

    try:
        found = asyncio.run(wanted.ensure(reach, make=not check))
    except PublishFailed as error:
        raise Failure(error.message, error.reason) from error
    for topic in found:
        if as_json:
            render.json_line(dataclasses.asdict(topic))
            continue
        render.line(f"{topic.name}: {topic.partitions} partitions{', made now' if topic.made else ''}")
        for wrong in topic.wrong:
            render.line(f"  wrong: {wrong}")
    if any(topic.wrong for topic in found):
        raise typer.Exit(1)


def status(
    data: options.Data = None, database_url: options.DatabaseUrl = None, *, as_json: options.Json = False
) -> None:
    """Show how far the relay has come, who leads, and which resources are parked. Exit code 1 when any is."""

    async def look(store: "Store") -> dict[str, Any]:
        return await store.read(_status)

    found = _with_store(data, database_url, look)
    if as_json:
        render.json_line(found)
    else:
        leader = f"{found['leader']} until {found['lease_until']}" if found["leader"] else "nobody"
        render.line(
            f"announced up to revision {found['announced']} of {found['head']}; {found['lag']} wait; leads: {leader}"
        )
        if found["oldest_seconds"]:
            render.line(f"the oldest of them waits for {found['oldest_seconds']:.1f} s")
        for each in found["parked"]:
            state = "released" if each["released"] else "parked"
            render.line(f"{state}: {each['name']} from revision {each['revision']}: {each['reason']}")
    if found["parked"]:
        raise typer.Exit(1)


def park(name: Name, data: options.Data = None, database_url: options.DatabaseUrl = None) -> None:
    """Hold back the events of a resource from now on; everything else goes on."""
    _mark(name, data, database_url, released=False)
    render.line(f"{name} is parked.")


def unpark(name: Name, data: options.Data = None, database_url: options.DatabaseUrl = None) -> None:
    """Let the relay send what waits for a resource, in order."""
    _mark(name, data, database_url, released=True)
    render.line(f"{name} is released; the relay sends what waited.")


def rebuild(
    data: options.Data = None,
    database_url: options.DatabaseUrl = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Announce the whole ledger again, with the same ids: for a new or lost cluster."""
    if not yes:
        typer.confirm("Announce every change again? Consumers know the ids and pass them over.", abort=True)

    async def again(store: "Store") -> int:
        from registry.relay.rebuild import start_again  # noqa: PLC0415

        return await start_again(store)

    count = _with_store(data, database_url, again)
    render.line(f"{count} changes are announced again by whoever leads.")


def _status(view: Any) -> dict[str, Any]:
    head, reading = view.head(), view.reading("relay")
    announced = reading.revision if reading else 0
    waiting = view.changes(max(announced + 1, head.floor), 1)
    now = datetime.now(UTC).timestamp()
    oldest = now - waiting[0].time.ToMicroseconds() / 1_000_000 if waiting else 0.0
    live = reading is not None and reading.expires_us > now * 1_000_000
    until = datetime.fromtimestamp(reading.expires_us / 1_000_000, UTC).isoformat() if live else ""
    parked = [
        {"name": each.name, "revision": each.revision, "reason": each.reason, "released": each.released}
        for each in view.parked()
    ]
    return {
        "announced": announced,
        "head": head.revision,
        "lag": head.revision - announced,
        "oldest_seconds": round(max(0.0, oldest), 3),
        "leader": reading.owner if live else "",
        "lease_until": until,
        "parked": parked,
    }


def _mark(name: str, data: Any, database_url: str | None, *, released: bool) -> None:
    async def mark(store: "Store") -> None:
        from registry.relay.rebuild import hold_back, let_go  # noqa: PLC0415

        await (let_go if released else hold_back)(store, name)

    _with_store(data, database_url, mark)


def _settings(data: Any, database_url: str | None, kafka: str | None, **rest: Any) -> "Settings":
    chosen = options.settings(data=data, database_url=database_url, kafka_bootstrap=kafka, **rest)
    if not chosen.kafka_bootstrap:
        violation = ("--kafka", "is required: brokers as host:port,... or GEMENSAM_KAFKA_BOOTSTRAP")
        raise Failure("It is not said where Kafka is.", violations=[violation], exit_code=USAGE)
    return chosen


def _with_store(data: Any, database_url: str | None, work: "Callable[[Store], Coroutine[Any, Any, T]]") -> T:
    url = options.settings(data=data, database_url=database_url).url(existing=True)
    from registry.store.sqlstore import open_store  # noqa: PLC0415 - help and completion need none of it

    async def run_() -> T:
        store = await asyncio.to_thread(open_store, url, migrate=False)
        try:
            return await work(store)
        finally:
            await asyncio.to_thread(store.close)

    return asyncio.run(run_())
