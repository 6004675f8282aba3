"""What documents point at exists: relative links with their headings, and paths in backticks."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.checks.markdown import Part, anchor, parts
from tests.checks.problem import ROOT, Problem, files

_PATH = re.compile(r"[\w.@-]*(/[\w.@-]+)*/?", re.ASCII)
# Files of ours wherever they stand; the others only with a folder, since users have such files too.
_SOURCES = (".md", ".py", ".proto", ".toml", ".lock")
_NAMED = (*_SOURCES, ".yaml", ".yml", ".sh", ".csv", ".json", ".sql")


def problems(root: Path = ROOT) -> Iterator[Problem]:
    """Links and paths of every document that lead nowhere."""
    known = files("", root=root)
    tops = {name.split("/", maxsplit=1)[0] for name in known}
    names = {name.rsplit("/", maxsplit=1)[-1] for name in known}
    for document in files(".md", root=root):
        for part in parts((root / document).read_text(encoding="utf-8")):
            if part.form == "link":
                found = [_link(part.text, document, root)]
            else:
                found = [_path(each, document, names, root) for each in _paths(part, tops)]
            yield from (Problem(document, part.line, wrong) for wrong in found if wrong)


def _link(target: str, document: str, root: Path) -> str:
    if re.match(r"[a-z][a-z0-9+.-]*:", target):
        return ""
    path, _, fragment = target.partition("#")
    place = (root / document).parent / path if path else root / document
    if not place.exists():
        return f"links to {target}, and there is no {path}: correct the link or write the file"
    if fragment and place.suffix == ".md":
        headings = [anchor(each.text) for each in parts(place.read_text(encoding="utf-8")) if each.form == "heading"]
        if fragment not in headings:
            return f"links to {target}, and it has no such heading; it has {', '.join(headings)}"
    return ""


def _paths(part: Part, tops: set[str]) -> list[str]:
    """What names a file or folder of ours: by its first part, or, alone in backticks, by how it ends."""
    words = {"span": [part.text], "line": re.split(r"[^\w./@-]+", part.text, flags=re.ASCII)}.get(part.form, [])
    ours = [word for word in words if "/" in word and word.split("/", maxsplit=1)[0] in tops]
    if part.form == "span" and part.text.endswith(_NAMED if "/" in part.text else _SOURCES):
        ours = [part.text]
    return [word for word in ours if _PATH.fullmatch(word)]


def _path(text: str, document: str, names: set[str], root: Path) -> str:
    places = (root / text, (root / document).parent / text)
    if any(place.exists() for place in places) or ("/" not in text and text in names) or _ignored(text, root):
        return ""
    return f"names `{text}`, which does not exist: correct the path or write the file"


def _ignored(text: str, root: Path) -> bool:
    """Made at run time: git is told to leave it alone."""
    return subprocess.run(["git", "check-ignore", "--quiet", text], cwd=root, check=False).returncode == 0
