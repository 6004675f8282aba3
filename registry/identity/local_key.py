"""The operator's own key of an embedded registry: made at the first start, told once, kept as a hash beside the store.

It is no resource: a new registry's ledger begins with what its users write.
"""

import json
import os
from datetime import datetime, timedelta
from pathlib import Path

from registry.domain import key

FILE, NAME = "operator-key.json", key.OPERATOR
LIFE = timedelta(days=365)


def ensure(folder: Path, now: datetime) -> str:
    """Make the key unless there is one that is not out of date; answers it when it is new, else ''."""
    file = folder / FILE
    if file.is_file() and datetime.fromisoformat(json.loads(file.read_text())["valid_to"]) > now:
        return ""
    secret = key.generate(NAME.partition("/")[2])
    kept = {"sha256": key.digest(secret), "valid_to": (now + LIFE).isoformat()}
    written = file.with_suffix(".new")
    with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as target:
        json.dump(kept, target)
    written.replace(file)
    return secret


def opens(folder: Path | None, secret: str, now: datetime) -> bool:
    """Whether the text is that key, and not out of date."""
    file = folder / FILE if folder is not None else None
    if file is None or not file.is_file():
        return False
    kept = json.loads(file.read_text())
    return key.same(kept["sha256"], secret) and now < datetime.fromisoformat(kept["valid_to"])
