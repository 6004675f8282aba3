"""Cuts out of the lock what an installation needs, hashes included, from pip's report of a dry run: for the image."""  # noqa: INP001 - a script

import json
import re
import sys
from pathlib import Path

LOCK = Path(__file__).resolve().parent.parent / "requirements.lock"
OURS = "gemensam"


def normal(name: str) -> str:
    """A name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def cut(report: str, lock: str) -> str:
    """The lock's entries of what the report would install. Errors: KeyError for what the lock does not have."""
    entries = re.split(r"\n(?=\S)", lock.strip())
    by_name: dict[str, list[str]] = {}  # one entry for each range of Pythons, of which pip takes its own
    for each in entries:
        by_name.setdefault(normal(re.split(r"[=\[;\s]", each)[0]), []).append(each)
    wanted = {normal(each["metadata"]["name"]) for each in json.loads(report)["install"]} - {OURS}
    return "".join(f"{each}\n" for name in sorted(wanted) for each in by_name[name])


if __name__ == "__main__":
    sys.stdout.write(cut(Path(sys.argv[1]).read_text(encoding="utf-8"), LOCK.read_text(encoding="utf-8")))
