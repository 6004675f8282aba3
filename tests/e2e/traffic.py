"""Callers of a gateway who do not stop: so many requests each second, whatever happens behind it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

ANSWER_SECONDS = 60.0  # slow is no failure, never is


class Traffic:
    """What came of the requests: `releases` that answered, and `failures` in words. Every tenth asks for something slow.

    `untaken` are those whose connection was reset before the gateway had accepted it or said anything.

    Each request is a connection of its own, so that it may meet the gateway at any moment of a change.
    """

    def __init__(self, port: int, path: str, per_second: int) -> None:
        self._port, self._path, self._pause = port, path, 1 / per_second
        self.releases: Counter[str] = Counter()
        self.failures: list[str] = []
        self.untaken: list[str] = []
        self.seconds = 0.0

    async def run(self) -> None:
        """Until cancelled; what is under way then is waited for."""
        loop = asyncio.get_running_loop()
        start, sent = loop.time(), 0
        async with asyncio.TaskGroup() as calls:
            try:
                while True:
                    sent += 1
                    calls.create_task(self._call(f"{self._path}/{'slow' if sent % 10 == 0 else 'quick'}/{sent}"))
                    await asyncio.sleep(max(0.0, start + sent * self._pause - loop.time()))
            except asyncio.CancelledError:
                self.seconds = loop.time() - start

    async def _call(self, path: str) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await self._answer(path)
        except _UntakenError:
            self.untaken.append(path)
            return
        except (OSError, TimeoutError) as error:
            self.failures.append(f"{path}: {error!r}")
            return
        head, _, body = answer.partition("\r\n\r\n")
        status, *lines = head.split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        self.releases[headers.get("gemensam-release", "").rpartition("/")[2]] += 1
        if status != "HTTP/1.1 200 OK" or body.split("/")[-2:] != path.split("/")[-2:]:
            self.failures.append(f"{path}: {status} {body[:100]}")

    async def _answer(self, path: str) -> str:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        except ConnectionResetError as error:
            raise _UntakenError from error
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n\r\n".encode())
            return (await _first(reader) + await reader.read()).decode()
        finally:
            writer.close()
            with suppress(ConnectionResetError):
                await writer.wait_closed()


class _UntakenError(Exception):
    """The connection was reset, and not a byte had come."""


async def _first(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(1)
    except ConnectionResetError as error:
        raise _UntakenError from error


@asynccontextmanager
async def traffic(port: int, path: str, per_second: int = 100) -> AsyncIterator[Traffic]:
    """Traffic for as long as the block lasts."""
    made = Traffic(port, path, per_second)
    task = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        task.cancel()
        await task
