"""A jail in which something hostile runs in place of the code that reads contracts."""

import sys

from registry.contracts.jail import Jail

PROGRAM = """
from registry.contracts import child, families
child.CPU_SECONDS = 1
import os, socket
def hostile(media_type, content):
    if content == b"good":
        return "answered"
    exec(content.decode())
families.read = hostile
child._warm_up = lambda: None
child.serve()
"""


def hostile() -> Jail:
    """What it is asked to read, it runs."""
    return Jail(seconds=5.0, command=(sys.executable, "-I", "-c", PROGRAM))
