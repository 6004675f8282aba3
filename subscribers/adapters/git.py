"""Keeps the body's services as files in a bare git repository: one commit for each change, and none for no change."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from subscribers.adapter import Action, Description, Plan, Proof, Service, Step
from subscribers.adapters import files
from subscribers.adapters.git_repository import Commit, Repository

FOLDER = "services/"
_AUTHOR = re.compile(r"[^<>\n\0]+ <[^<>\s\0]+>")
_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(/[A-Za-z0-9][A-Za-z0-9_-]*)*", re.ASCII)
_LINE = 200


class GitAdapter:
    """`directory`: the bare repository, made when missing; `branch`: where commits go; `author`: who makes them.

    Ours are the files below `services/` with our suffix and mark; all else in the branch stays as it is.
    """

    def __init__(self, *, directory: str, branch: str = "main", author: str = "Gemensam <gemensam@localhost>") -> None:
        if not _AUTHOR.fullmatch(author) or not _BRANCH.fullmatch(branch):
            raise ValueError("`author` must be `Name <address>`, and `branch` the plain name of a branch")
        self._repository = Repository(Path(directory), branch, author)

    def describe(self) -> Description:
        """Who it is."""
        return Description("git", self._repository.place, probes=False)

    def check(self) -> None:
        """The repository is there, or can be made."""
        self._repository.prepare()

    def render(self, service: Service) -> str:
        """The file's content: one word a line, in the same order each time, so that a diff reads well."""
        return files.as_text(service)

    def observe(self) -> Mapping[str, str]:
        """Our files at the tip of the branch."""
        found = {}
        for path, text in self._repository.texts(FOLDER, files.SUFFIX).items():
            key = files.owner(path.removeprefix(FOLDER), text)
            if key and path == _path(key):
                found[key] = text or files.DAMAGED
        return found

    def apply(self, plan: Plan) -> None:
        """One commit for each step that changes something; all of them appear together, or none does."""
        wanted = [(step, _path(step.key)) for step in plan.steps]
        self._repository.prepare()
        with self._repository.alone() as lock:
            held = self._repository.texts(FOLDER, files.SUFFIX)
            changed = [(step, path) for step, path in wanted if held.get(path) != (step.after or None)]
            commits = [Commit(_message(step), path, step.after) for step, path in changed]
            self._repository.commit(commits, lock)

    def probe(self, service: Service) -> Proof:
        """The tip of the branch has the content; a repository has no gateway to call through."""
        if self._at_tip(service.key) == self.render(service):
            return Proof()
        return Proof("FILE_DIFFERS", f"{_path(service.key)} is not as committed")

    def probe_gone(self, service: Service) -> Proof:
        """The tip of the branch has no such file."""
        return Proof("STILL_THERE", f"{_path(service.key)} exists") if self._at_tip(service.key) else Proof()

    def remove(self) -> None:
        """Take our files out of the branch; its history stays, as histories do."""
        if steps := [Step(Action.REMOVE, key, text, "") for key, text in self.observe().items()]:
            self.apply(Plan(tuple(steps)))

    def close(self) -> None:
        """Nothing is held."""

    def _at_tip(self, key: str) -> str:
        text = self._repository.texts(FOLDER, files.SUFFIX).get(_path(key))
        return "" if text is None else text or files.DAMAGED


def _path(key: str) -> str:
    return FOLDER + files.file_name(key)


def _message(step: Step) -> str:
    """What happened, in one line of plain words: a title may hold anything and is not among them."""
    before, after = _release(step.before), _release(step.after)
    if step.action == Action.REMOVE:
        return f"Remove {step.key}"
    if step.action == Action.CHANGE and before and before != after:
        return f"Change {step.key}: {before} -> {after}"
    return f"{step.action.capitalize()} {step.key}: {after}"


def _release(text: str) -> str:
    try:
        return re.sub(r"[^ -~]", "?", str(json.loads(text)["release"]))[:_LINE]
    except (ValueError, TypeError, KeyError):
        return ""
