"""The end of a program has a limit, whatever hangs; what hung is told."""

import asyncio
import faulthandler
import sys

TASKS_BEFORE_SECONDS = 2.0  # the loop's own account comes first: the threads' stacks name no task that waits


def limit_end(seconds: float) -> None:
    """From now, the process has so many seconds left. Then tasks and threads go to stderr, and it exits with 1."""
    faulthandler.dump_traceback_later(seconds, exit=True)
    loop = asyncio.get_running_loop()
    loop.call_later(seconds - TASKS_BEFORE_SECONDS, _tell_tasks, loop)


def _tell_tasks(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.print_stack(file=sys.stderr)
