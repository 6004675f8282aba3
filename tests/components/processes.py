"""Which processes are left."""

from pathlib import Path

import psutil


def alive(folder: Path) -> list[str]:
    """Commands of processes that work in the folder, a database's among them."""
    found = []
    for process in psutil.process_iter():
        try:
            command = " ".join(process.cmdline())
        except psutil.Error:
            continue
        if str(folder) in command:
            found.append(command)
    return found
