"""The registry in a process of its own, as `gemensam serve` runs it, but for what its options say."""

import argparse
import asyncio
import os
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from registry import telemetry
from registry.app import serve
from registry.rpc import edge
from registry.rpc.caller import metadata_of
from registry.rpc.calls import Answers, Handler
from registry.settings import Settings
from tests.bench.processes import announce


def slow_commits(milliseconds: float) -> None:
    """Sleep before every commit of this process, whatever its engine: the disk of a slower machine."""

    @event.listens_for(Engine, "commit")
    def _commit(_connection: Any) -> None:
        time.sleep(milliseconds / 1000)


def export(address: str, share: str) -> None:
    """Spans of a share of the calls to a receiver."""
    os.environ |= {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{address}",
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": share,
        "OTEL_BSP_SCHEDULE_DELAY": "400",  # ms: within the round that made them; by default 5 s, when nobody measures
    }


def without_telemetry() -> None:
    """Calls as they would be if nobody looked at them."""

    def bare(_path: str, answers: Answers) -> Handler:
        async def handle(data: bytes, context: Any) -> bytes:
            return await answers(data, context, metadata_of(context))

        return handle

    edge.observed = bare  # type: ignore[attr-defined]


async def main(url: str, bootstrap: str, *, web: bool) -> None:
    """Serve until SIGTERM; the first line of the output is the address, of the web face when there is one."""
    telemetry.configure("gemensam")
    settings = Settings(
        data=Path(),
        database_url=url,
        grpc_address="127.0.0.1:0",
        web_address="127.0.0.1:0" if web else "",
        kafka_bootstrap=bootstrap,
    )
    await serve(settings, lambda registry: announce(registry.web_address or registry.grpc_address))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--slow-commit-ms", type=float, default=0.0)
    parser.add_argument("--kafka", default="")
    parser.add_argument("--export", default="")
    parser.add_argument("--share", default="1")
    parser.add_argument("--without-telemetry", action="store_true")
    parser.add_argument("--web", action="store_true")
    parser.add_argument("--calls-per-second", default="")
    options = parser.parse_args()
    if options.export:
        export(options.export, options.share)
    if options.without_telemetry:
        without_telemetry()
    if options.calls_per_second:
        os.environ["GEMENSAM_CALLS_PER_SECOND"] = os.environ["GEMENSAM_CALLS_UNDER_WAY"] = options.calls_per_second
    if options.slow_commit_ms:
        slow_commits(options.slow_commit_ms)
    asyncio.run(main(options.url, options.kafka, web=options.web))
