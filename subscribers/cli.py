"""The command `gemensam-subscriber`."""

import asyncio
import contextlib
import json
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from registry import telemetry
from subscribers import measures
from subscribers.adapter import Adapter, AdapterError, Replays
from subscribers.assembly import Parts, alone, assembled
from subscribers.bootstraps import KINDS, Places
from subscribers.bootstraps import bootstrap as make_bootstrap
from subscribers.ending import limit_end
from subscribers.events import Unread
from subscribers.examples import CONFIGURATION, POLICY
from subscribers.policy import is_address
from subscribers.settings import load as load_settings
from subscribers.settings import make_adapter

app = typer.Typer(help="Bring subscribed services into this body's own gateway, and prove it.", no_args_is_help=True)
Config = Annotated[Path, typer.Option("--config", "-c", help="the configuration file")]
Json = Annotated[bool, typer.Option("--json", help="for scripts")]
DEFAULT = Path("subscriber.yaml")
FAILED = 1
LEARN_SECONDS = 10.0
END_SECONDS = 20.0  # what the end may take, whatever hangs: every pass can be cut at any point
errors = Console(stderr=True, highlight=False, soft_wrap=True)


def main() -> None:
    """Run the command."""
    app(prog_name="gemensam-subscriber")


@app.command()
def run(
    config: Config = DEFAULT,
    json_logs: Annotated[bool, typer.Option(help="logs as JSON lines")] = False,
    metrics_address: Annotated[str, typer.Option(help="where /metrics is, instead of the configuration's")] = "",
) -> None:
    """Follow the registry and keep the targets as they should be, until SIGTERM or Ctrl-C."""
    telemetry.configure("gemensam-subscriber", json_logs=json_logs)
    try:
        asyncio.run(_run(config, metrics_address))
    except ValueError as error:
        _fail(str(error))


async def _run(config: Path, metrics_address: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with assembled(config) as parts:
        with measures.served(metrics_address or parts.settings.metrics_address):
            await _until(stop, parts)


async def _until(stop: asyncio.Event, parts: Parts) -> None:
    work = asyncio.create_task(parts.runner.run())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
    limit_end(END_SECONDS)
    stopping.cancel()
    if work.done():
        work.result()
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)


@app.command()
def plan(config: Config = DEFAULT, as_json: Json = False) -> None:
    """Show what would change in each target, as far as this subscriber knows the registry. Changes nothing.

    Exit code 0: nothing would change; 2: something would; 1: it could not be told.
    """
    telemetry.configure("gemensam-subscriber")
    try:
        raise typer.Exit(asyncio.run(_plan(config, as_json=as_json)))
    except (ValueError, AdapterError) as error:
        _fail(str(error))


async def _plan(config: Path, *, as_json: bool) -> int:
    async with assembled(config, looking=True) as parts:
        try:
            async with asyncio.timeout(LEARN_SECONDS):
                await parts.runner.learn()
        except TimeoutError:
            address = parts.settings.registry
            raise ValueError(f"Nothing is known of the registry yet, and it does not answer at {address}.") from None
        return await asyncio.to_thread(_show_plan, parts, as_json=as_json)


def _show_plan(parts: Parts, *, as_json: bool) -> int:
    plans, problems = parts.reconciler.preview(), parts.reconciler.problems()
    steps = [(name, step) for name, each in plans for step in each.steps]
    row: dict[str, object]
    for name, step in steps:
        row = {"adapter": name, "action": step.action.value, "subscription": step.key, "diff": step.diff()}
        _echo(row, f"{name}: {step.action} {step.key}\n{step.diff()}", as_json=as_json)
    for key, problem in problems.items():
        row = {"subscription": key, "reason": problem.reason, "message": problem.message}
        _echo(row, f"refused: {key}: {problem.message}", as_json=as_json)
    for each in parts.state.unread():
        row = {"resource": each.name, "revision": each.revision, "reason": "EVENT_UNREADABLE", "message": each.reason}
        _echo(row, _set_aside(each), as_json=as_json)
    return 2 if steps else 0


def _echo(row: Mapping[str, object], text: str, *, as_json: bool) -> None:
    typer.echo(json.dumps(row, ensure_ascii=False) if as_json else text)


def _set_aside(each: Unread) -> str:
    return (
        f"set aside: {each.name} at revision {each.revision} cannot be read, so its state before is used: {each.reason}"
    )


@app.command()
def check(config: Config = DEFAULT) -> None:
    """Check the configuration, the policy and that every target answers."""
    telemetry.configure("gemensam-subscriber")

    async def look() -> None:
        async with assembled(config, looking=True) as parts:
            for adapter in parts.adapters:
                adapter.check()
                description, held = adapter.describe(), len(adapter.observe())
                typer.echo(f"{description.name}: {description.target}: {held} services of ours")
            for each in parts.state.unread():
                typer.echo(_set_aside(each))

    try:
        asyncio.run(look())
    except (ValueError, AdapterError) as error:
        _fail(str(error))


@app.command()
def remove(
    config: Config = DEFAULT,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Take everything of ours away from every target, and nothing else."""
    telemetry.configure("gemensam-subscriber")
    if not yes:
        typer.confirm("Take every service of ours out of the gateway?", abort=True)
    try:
        settings = load_settings(config)
        adapters = [make_adapter(options) for options in settings.adapters]
        with alone(settings.state):
            left = [words for adapter in adapters if (words := _remove(adapter))]
    except ValueError as error:
        _fail(str(error))
    if left:
        _fail("; ".join(left))


def _remove(adapter: Adapter) -> str:
    """Why something may be left there; '' when nothing is."""
    description = adapter.describe()
    try:
        with contextlib.closing(adapter):
            adapter.remove()
    except AdapterError as error:
        return f"{description.name}: {error}"
    typer.echo(f"{description.name}: {description.target}: nothing of ours is left")
    return ""


@app.command()
def replay(
    config: Config = DEFAULT,
    since: Annotated[int, typer.Option(help="number of the first message to send again")] = 0,
) -> None:
    """Tell webhooks again what they were told last of each subscription, with the same ids."""
    telemetry.configure("gemensam-subscriber")
    try:
        settings = load_settings(config)
        with alone(settings.state):
            for adapter in [make_adapter(options) for options in settings.adapters]:
                _replay(adapter, since)
    except (ValueError, AdapterError) as error:
        _fail(str(error))


def _replay(adapter: Adapter, since: int) -> None:
    with contextlib.closing(adapter):
        if isinstance(adapter, Replays):
            description = adapter.describe()
            typer.echo(f"{description.name}: {description.target}: {adapter.replay(since)} messages sent again")


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="where to write")] = Path()) -> None:
    """Write an example configuration and policy to edit. Overwrites nothing."""
    texts = {folder / DEFAULT.name: CONFIGURATION, folder / "policy.yaml": POLICY}
    for path in texts:
        if path.exists():
            _fail(f"{path} exists: remove it first, or choose another folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
            typer.echo(f"wrote {path}")
    except OSError as error:
        _fail(f"{folder}: {error.strerror}.")


@app.command()
def bootstrap(
    directory: Annotated[Path, typer.Argument(help="folder of the adapter's files; made when missing")],
    *,
    kind: Annotated[str, typer.Option(help=f"the product: {', '.join(KINDS)}")] = "envoy",
    listen: Annotated[str, typer.Option(help="address of the gateway")] = "127.0.0.1:10000",
    grpc: Annotated[str, typer.Option(help="nginx: address for gRPC without TLS")] = "127.0.0.1:10001",
    admin: Annotated[str, typer.Option(help="envoy, caddy: admin address; keep it on loopback")] = "127.0.0.1:9901",
    xds: Annotated[str, typer.Option(help="envoy-xds: the adapter's `listen`")] = "127.0.0.1:18000",
    out: Annotated[Path | None, typer.Option(help="write it to this file instead of printing it")] = None,
) -> None:
    """Print a configuration for a gateway that follows the folder, and make the files that it must find."""
    if kind not in KINDS:
        _fail(f"--kind {kind}: choose from {', '.join(KINDS)}.")
    places = Places(directory.resolve(), _address(listen), _address(grpc), _address(admin), _address(xds))
    try:
        text = make_bootstrap(kind, places)
    except (AdapterError, OSError) as error:
        _fail(str(error))
    if out is None:
        typer.echo(text)
    else:
        out.write_text(text, encoding="utf-8")


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not is_address(bare) or not port.isdecimal() or not 1 <= int(port) <= 65535:  # noqa: PLR2004 - what TCP has
        _fail(f"{text!r} is not an IP address and port: write for example 127.0.0.1:10000 or [::1]:10000.")
    return bare, int(port)


def _fail(message: str) -> NoReturn:
    errors.print(f"error: {message}", markup=False)
    raise typer.Exit(FAILED)
