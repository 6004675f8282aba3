"""A program whose end hangs ends all the same, and says what it waited for."""

import subprocess
import sys

HANGS = """
import asyncio
from subscribers.ending import limit_end

async def never():
    await asyncio.Event().wait()

async def main():
    limit_end(2.5)
    await asyncio.create_task(never())

asyncio.run(main())
"""


def test_a_task_that_hangs_is_named() -> None:
    done = subprocess.run([sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "in never" in done.stderr
