"""Runs the demo or the stack, and ends it without leaving a process behind."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from rich.console import Console

from registry.demo import backing
from registry.demo.processes import DemoFailed, Processes
from registry.demo.story import Story, stage

FAILED, INTERRUPTED = 1, 130


class Play(Protocol):
    """What is performed. `told`: whatever it promises has happened, and only Ctrl-C is waited for."""

    told: bool

    async def tell(self) -> None:
        """All of it. Errors: DemoFailed."""


def run(*, once: bool, keep: Path | None, kafka: str | None = None) -> int:
    """Tell the story; returns the exit code: 0 only if everything converged and every call was answered."""
    console = Console(highlight=False)

    def story(folder: Path, processes: Processes) -> Play:
        return Story(console, folder, processes, once=once, kafka=kafka)

    def before() -> None:
        if kafka is not None:
            backing.prepare(console.print, broker=not kafka)

    return perform(story, keep, before)


def perform(play: Callable[[Path, Processes], Play], keep: Path | None, before: Callable[[], None]) -> int:
    """Perform a play after what comes before it; returns the exit code."""
    try:
        before()
        return asyncio.run(_perform(play, keep))
    except DemoFailed as error:
        Console(stderr=True).print(f"failed: {error}", markup=False, highlight=False)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


async def _perform(play: Callable[[Path, Processes], Play], keep: Path | None) -> int:
    task = asyncio.current_task()
    for number in (signal.SIGINT, signal.SIGTERM):
        if task is not None:
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    performed: Play | None = None
    try:
        async with stage(keep) as (folder, processes):
            performed = play(folder, processes)
            await performed.tell()
    except asyncio.CancelledError:
        Console(highlight=False).print("\nStopped; nothing is left behind.")
        return 0 if performed is not None and performed.told else INTERRUPTED
    return 0
