"""`buf breaking` on two sets, as its makers wrote it: the reference that our engine is held against."""

import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from registry.api.v1.verdict_pb2 import Finding

BUF = Path(sys.executable).with_name("buf")
CONFIG = json.dumps({"version": "v2", "breaking": {"use": ["FILE"]}})
_BROKEN = 100  # the exit code for "something breaks"


@dataclass(frozen=True, slots=True)
class Said:
    """One annotation: the rule, the file it is put to, and what it says."""

    rule: str
    path: str
    text: str

    def is_about(self, found: Finding) -> bool:
        """Whether it speaks of the same place: it names it, or what was there before or is there after."""
        words = {*re.findall(r'"([^"]*)"', self.text), self.path}
        return bool(words & {found.path, found.path.rpartition(".")[2], found.before, found.after} - {""})


def breaking(before: bytes, after: bytes, folder: Path) -> list[Said]:
    """What buf says. Errors: AssertionError where it cannot read a set."""
    old, new = folder / "before.binpb", folder / "after.binpb"
    old.write_bytes(before)
    new.write_bytes(after)
    command = [BUF, "breaking", new, "--against", old, "--config", CONFIG, "--error-format", "json"]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode in {0, _BROKEN}, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return [Said(each["type"], each.get("path", ""), each["message"]) for each in found]


def unmatched(said: list[Said], findings: list[Finding]) -> list[str]:
    """Where one of both is alone: rules that do not speak equally often, and findings that buf puts elsewhere."""
    ours, theirs = Counter(each.rule for each in findings), Counter(each.rule for each in said)
    alone = [f"only ours: {rule} x{count}" for rule, count in (ours - theirs).items()]
    alone += [f"only buf's: {rule} x{count}" for rule, count in (theirs - ours).items()]
    left = list(said)
    for each in findings if not alone else ():
        match = next((one for one in left if one.rule == each.rule and one.is_about(each)), None)
        if match is None:
            alone.append(f"buf does not put {each.rule} to {each.path}")
        else:
            left.remove(match)
    return alone


def rules(category: str) -> set[str]:
    """Ids of the rules of a category."""
    command = [BUF, "config", "ls-breaking-rules", "--format", "json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    listed = [json.loads(line) for line in done.stdout.splitlines()]
    return {each["id"] for each in listed if category in each["categories"]}
