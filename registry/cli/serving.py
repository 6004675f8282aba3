"""`gemensam serve` and `gemensam version`."""

import asyncio
import os
from importlib.metadata import version as installed
from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli import options, render

if TYPE_CHECKING:
    from registry.app import Running

GrpcAddress = Annotated[
    str | None,
    typer.Option(
        help="Where gRPC listens (GEMENSAM_GRPC_ADDRESS; else 127.0.0.1:7400); port 0: a free one.", show_default=False
    ),
]
WebAddress = Annotated[
    str | None,
    typer.Option(
        help="Where the web face listens (GEMENSAM_WEB_ADDRESS; else 127.0.0.1:7480); empty: none.", show_default=False
    ),
]
JsonLogs = Annotated[
    bool | None, typer.Option("--json-logs/--text-logs", help="How logs are written to stderr.", show_default=False)
]


def serve(
    data: options.Data = None,
    grpc_address: GrpcAddress = None,
    web_address: WebAddress = None,
    database_url: options.DatabaseUrl = None,
    json_logs: JsonLogs = None,
) -> None:
    """Serve until Ctrl-C or SIGTERM. Prints `listening grpc=HOST:PORT web=HOST:PORT` once it does."""
    chosen = options.settings(
        data=data, grpc_address=grpc_address, web_address=web_address, database_url=database_url, json_logs=json_logs
    )
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # what it says of an address, we say with a remedy
    from registry import app, telemetry  # noqa: PLC0415 - help and completion need none of it

    telemetry.configure("gemensam", json_logs=chosen.json_logs)

    def ready(running: "Running") -> None:
        render.line(f"listening grpc={running.grpc_address} web={running.web_address or '-'}")
        shown = chosen.redacted()
        render.line(f"Everything is kept in {shown['database_url'] or shown['data']}. Ctrl-C ends it.")
        if running.open:
            render.line(
                "Open on loopback: whoever is on this machine may do everything. GEMENSAM_IDENTITY=required ends that."
            )

    def told(key: str) -> None:
        render.line(f"The operator's key, told this once: {key}")

    asyncio.run(app.serve(chosen, ready, told))


def version(*, as_json: options.Json = False) -> None:
    """Show which version this is."""
    number = installed("gemensam")
    if as_json:
        render.json_line({"version": number, "api": "gemensam.registry.v1"})
    else:
        render.line(f"gemensam {number} (gemensam.registry.v1)")
