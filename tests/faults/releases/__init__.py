"""A program that was released before, from its wheel: what an upgrade meets, and what a roll back goes back to."""

import asyncio
import contextlib
import hashlib
import os
import re
import sys
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
START_SECONDS = 60


def unpacked(folder: Path) -> Path:
    """Unpack the wheel into a folder; returns where its packages are. Errors: AssertionError for one that was altered."""
    wheel = next(HERE.glob("*.whl"))
    told = re.search(rf"`{re.escape(wheel.name)}`.*`([0-9a-f]{{64}})`", (HERE / "README.md").read_text())
    assert told, f"the README says nothing of {wheel.name}"
    assert hashlib.sha256(wheel.read_bytes()).hexdigest() == told[1], f"{wheel.name} is not the one of the README"
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder)
    return folder


class Released:
    """Servers of that program on one database, one after the other. `address` is that of the present one."""

    def __init__(self, place: Path, database_url: str) -> None:
        self._environment = {**os.environ, "PYTHONPATH": str(place), "GEMENSAM_DATABASE_URL": database_url}
        self._process: Any = None
        self.address = ""

    async def start(self) -> str:
        """A new server, as its own command starts it; returns its gRPC address."""
        self._process = await self._run("-m", "registry.cli", "serve", "--grpc-address=127.0.0.1:0", "--web-address=")
        async with asyncio.timeout(START_SECONDS):
            line = (await self._process.stdout.readline()).decode()
        told = re.match(r"listening grpc=(\S+) ", line)
        assert told, f"it said {line!r}"
        self.address = told[1]
        return self.address

    async def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        self._process.terminate()
        code: int = await self._process.wait()
        self._process = None
        return code

    async def source(self) -> Path:
        """Where its packages come from: not from the checkout that the tests run in."""
        asked = await self._run("-c", "import registry; print(registry.__file__)")
        told, _ = await asked.communicate()
        return Path(told.decode().strip()).parent.parent

    async def end(self) -> None:
        """End one that still runs."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def _run(self, *words: str) -> Any:
        """By `-P`, or the folder that the tests run in would come before that of the wheel."""
        pipes: Any = {"stdin": asyncio.subprocess.DEVNULL, "stdout": asyncio.subprocess.PIPE}
        quiet = {"stderr": asyncio.subprocess.DEVNULL, "env": self._environment}
        return await asyncio.create_subprocess_exec(sys.executable, "-P", *words, **pipes, **quiet)


@contextlib.asynccontextmanager
async def released(place: Path, database_url: str) -> AsyncIterator[Released]:
    """Servers of the program that was unpacked there; one that still runs is ended with the block."""
    server = Released(place, database_url)
    try:
        yield server
    finally:
        await server.end()
