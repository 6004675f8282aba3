"""A gateway's own command, as its operator wrote it in the configuration: asked whether it takes what was written."""

import subprocess
from collections.abc import Sequence

from subscribers.adapter import AdapterError

_SECONDS, _CHARACTERS = 60, 400


def run(words: Sequence[str], reason: str) -> str:
    """What it printed. Errors: AdapterError `reason` with its last words; TARGET_UNAVAILABLE when it cannot be run."""
    shown = " ".join(words)
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own words, and nothing of a service among them
            words, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_SECONDS
        )
    except OSError as error:
        raise AdapterError("TARGET_UNAVAILABLE", f"`{shown}` cannot be run: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise AdapterError("TARGET_UNAVAILABLE", f"`{shown}` has not ended after {_SECONDS} s") from error
    if done.returncode:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise AdapterError(reason, f"`{shown}` says: {said[-_CHARACTERS:]}")
    return done.stdout.decode(errors="replace")
