"""A command as a process that tells its own peak of memory: what a parent is told of a child counts the parent's too.

`python -m tests.bench.peak FILE WORD...` runs `gemensam WORD...` and writes the bytes into the file.
"""

import re
import sys
from pathlib import Path


def peak() -> int:
    """Bytes of this process at its peak, as Linux tells them."""
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(encoding="ascii"), re.MULTILINE)
    if found is None:
        raise RuntimeError("the system does not tell the peak of memory")
    return int(found[1]) * 1024


if __name__ == "__main__":
    from registry.cli import main

    file = Path(sys.argv.pop(1))
    try:
        main()
    finally:
        file.write_text(str(peak()), encoding="ascii")
