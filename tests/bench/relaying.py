"""A relay alone, in a process of its own: `python -m tests.bench.relaying URL BOOTSTRAP`, until SIGTERM."""

import asyncio
import sys
from pathlib import Path

from registry import app, telemetry
from registry.settings import Settings
from tests.bench.processes import announce


async def main(url: str, bootstrap: str) -> None:
    """Relay what the ledger has and will have."""
    telemetry.configure("gemensam-relay")
    async with app.relaying(Settings(data=Path(), database_url=url, kafka_bootstrap=bootstrap)):
        await app.until_told(lambda: announce("relaying"))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
