"""`gemensam demo`."""

import os
from pathlib import Path
from typing import Annotated

import typer


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="end by itself; exit code 0 only if everything converged")
    ] = False,
    keep: Annotated[Path | None, typer.Option(help="keep what it makes, with logs, in this folder")] = None,
    kafka: Annotated[
        bool, typer.Option("--kafka", help="on PostgreSQL and Kafka, started here too; the bodies follow by Kafka")
    ] = False,
    bootstrap: Annotated[
        str, typer.Option(help="with --kafka: a broker on this machine that is there already", show_default=False)
    ] = "",
) -> None:
    """The main job on this machine: real bodies, twelve services and more, three gateways; declare, onboard, retire."""
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")  # its children are other programs, and need no gRPC of ours
    from registry.demo.run import run  # noqa: PLC0415 - help and completion need none of it

    raise typer.Exit(run(once=once, keep=keep, kafka=bootstrap if kafka or bootstrap else None))
