"""What the program is made of: a bill of materials of the lock, and whether any part of it is known to be vulnerable.

`python -m tests.checks.supply --sbom FILE` writes the bill (CycloneDX, JSON). Without, an advisory service is asked about
every version in the lock. Exit codes: 0 none is known to be vulnerable; 1 some is, or the lock itself is wrong; 3 the
service could not be asked, which is neither.
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from tests.checks.problem import ROOT

LOCK, SECONDS = ROOT / "requirements.lock", 120
WELL, WRONG, NOT_ASKED = 0, 1, 3
_BLOCK = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^]]*\])?==(?P<version>[^\s;\\]+)", re.ASCII)
_WHOLE = re.compile(rf"{_BLOCK.pattern}(?:\s*;(?:(?!--).)+?)?(?:\s+--hash=sha256:[0-9a-f]{{64}})+", re.ASCII)
_PROGRAMS = Path(sys.executable).parent


def blocks(text: str) -> list[str]:
    """A lock's requirements, each with the lines that go on from it."""
    whole = re.sub(r"\\\n", " ", text)
    return [line.strip() for line in whole.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def loose(text: str) -> Iterator[str]:
    """What is wrong with a lock: requirements that are not pinned to one version, or have no hash of it."""
    for each in blocks(text):
        if not _BLOCK.match(each):
            yield f"not pinned: {each[:60]}"
        elif not _WHOLE.fullmatch(each):
            yield f"without a hash: {each[:60]}"


def pins(text: str) -> dict[str, str]:
    """Versions of a lock by name."""
    return {
        canonicalize_name(found["name"]): found["version"] for each in blocks(text) if (found := _BLOCK.match(each))
    }


def audit(lock: Path, service: str = "", environment: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Ask about a lock: the exit code, and what to say. `service`: address of another service of the kind of OSV."""
    where = ["--vulnerability-service", "osv", "--osv-url", service] if service else []
    command = [
        sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--no-deps", "--disable-pip", "--progress-spinner",
        "off", "--format", "json", "--timeout", "10", *where,
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=SECONDS, check=False, env=environment and dict(environment)
        )
    except subprocess.TimeoutExpired:
        return NOT_ASKED, f"not asked: no answer within {SECONDS} s"
    if not done.stdout.strip():
        why = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return NOT_ASKED, f"not asked: {why}"
    return _judged(json.loads(done.stdout), pins(lock.read_text(encoding="utf-8")))


def _judged(answer: Any, wanted: Mapping[str, str]) -> tuple[int, str]:
    found = answer["dependencies"]
    known = [
        f"{each['name']} {each['version']}: {', '.join(one['id'] for one in each['vulns'])}"
        for each in found
        if each.get("vulns")
    ]
    if known:
        return WRONG, "known to be vulnerable: " + "; ".join(known)
    asked = {canonicalize_name(each["name"]) for each in found if "vulns" in each}
    if missing := sorted(set(wanted) - asked):
        why = next((each["skip_reason"] for each in found if each.get("skip_reason")), "no answer")
        return NOT_ASKED, f"not asked about {len(missing)} of {len(wanted)} ({', '.join(missing[:3])}, ...): {why}"
    return WELL, f"none of {len(asked)} is known to be vulnerable"


def bill(lock: Path, out: Path) -> int:
    """Write the bill of materials of a lock; returns how many parts it has."""
    command = [
        _PROGRAMS / "cyclonedx-py", "requirements", str(lock), "--pyproject", str(ROOT / "pyproject.toml"), "--output-reproducible",
        "--of", "JSON", "--output-file", str(out),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=SECONDS)
    return len(json.loads(out.read_text(encoding="utf-8"))["components"])


def main() -> int:
    """Do what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sbom", type=Path, help="write the bill of materials there, and ask nobody")
    parser.add_argument("--osv-url", default="", help="ask this service instead")
    chosen = parser.parse_args()
    wrong = list(loose(LOCK.read_text(encoding="utf-8")))
    if wrong:
        print(*wrong, sep="\n")  # noqa: T201 - what a check finds
        return WRONG
    if chosen.sbom:
        print(f"{chosen.sbom}: {bill(LOCK, chosen.sbom)} parts")  # noqa: T201
        return WELL
    code, words = audit(LOCK, chosen.osv_url)
    print(f"supply: {words}")  # noqa: T201
    return code


if __name__ == "__main__":
    sys.exit(main())
