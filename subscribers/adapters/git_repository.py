"""A bare git repository, by git's own program: what a branch holds at its tip, and commits that appear all at once."""

import contextlib
import fcntl
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from subscribers.adapter import AdapterError

_SECONDS, _CHARACTERS = 120, 400


@dataclass(frozen=True, slots=True)
class Commit:
    """One file written, or removed when `text` is ''."""

    message: str
    path: str
    text: str


class Repository:
    """`directory` is bare. Errors of every call: AdapterError."""

    def __init__(self, directory: Path, branch: str, author: str) -> None:
        self._directory, self._ref, self._author = directory, f"refs/heads/{branch}", author
        self._branch = branch
        self._seen: tuple[tuple[str, ...], Mapping[str, str]] = ((), {})

    @property
    def place(self) -> str:
        """For people."""
        return f"{self._directory}, branch {self._branch}"

    def prepare(self) -> None:
        """Make the repository, when there is none; whatever else is there stays as it is."""
        try:
            missing = not self._directory.exists() or not any(self._directory.iterdir())
        except OSError as error:
            raise AdapterError("TARGET_UNAVAILABLE", f"{self._directory}: {error.strerror}") from error
        if missing:
            self._git("init", "--quiet", "--bare", f"--initial-branch={self._branch}", str(self._directory))
        elif self._git("rev-parse", "--is-bare-repository").strip() != b"true":
            words = f"{self._directory} is no bare repository: make one with `git init --bare`, or name another place."
            raise AdapterError("TARGET_NOT_FOLLOWING", words)

    def texts(self, folder: str, suffix: str) -> Mapping[str, str]:
        """Files below a folder at the branch's tip whose names end so, by path; what is no text in them is replaced."""
        if not (tip := self._tip()):
            return {}
        asked = (tip, folder, suffix)
        seen, texts = self._seen
        if seen != asked:  # what a commit has never changes
            texts = self._texts(*asked)
            self._seen = (asked, texts)
        return texts

    def _texts(self, tip: str, folder: str, suffix: str) -> Mapping[str, str]:
        entries = self._git("ls-tree", "-r", "-z", tip, "--", folder).decode("utf-8", "surrogateescape").split("\0")
        blobs = {path: head.split()[2] for head, _, path in (each.partition("\t") for each in entries if each)}
        wanted = {path: blob for path, blob in blobs.items() if path.endswith(suffix)}
        asked = "".join(f"{blob}\n" for blob in wanted.values()).encode()
        return dict(zip(wanted, _contents(self._git("cat-file", "--batch", given=asked)), strict=True))

    @contextlib.contextmanager
    def alone(self) -> Iterator[int]:
        """One writer at a time. The lock goes to git as well, so that one whose parent was killed still has it."""
        try:
            lock = os.open(self._directory, os.O_RDONLY)
        except OSError as error:
            raise AdapterError("TARGET_UNAVAILABLE", f"{self._directory}: {error.strerror}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield lock
        finally:
            os.close(lock)

    def commit(self, commits: Sequence[Commit], lock: int) -> None:
        """Add them to the branch in this order; the branch moves once, to the last of them."""
        if not commits:
            return
        tip, when = self._tip(), f"{int(time.time())} +0000"
        parts = [self._commit(each, when, tip if number == 0 else "") for number, each in enumerate(commits)]
        given = b"".join([*parts, b"done\n"])
        self._git("fast-import", "--quiet", "--done", "--date-format=raw", given=given, lock=lock)

    def _commit(self, commit: Commit, when: str, parent: str) -> bytes:
        head = f"commit {self._ref}\ncommitter {self._author} {when}\n".encode() + _data(commit.message)
        origin = f"from {parent}\n".encode() if parent else b""
        if not commit.text:
            return head + origin + f"D {commit.path}\n\n".encode()
        return head + origin + f"M 100644 inline {commit.path}\n".encode() + _data(commit.text) + b"\n"

    def _tip(self) -> str:
        if not self._directory.exists():
            return ""
        return self._git("for-each-ref", "--format=%(objectname)", self._ref).decode().strip()

    def _git(self, *words: str, given: bytes = b"", lock: int | None = None) -> bytes:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        command = ["git", *words] if words[0] == "init" else ["git", f"--git-dir={self._directory}", *words]
        try:
            done = subprocess.run(  # noqa: S603 - nothing of a service is among the words
                command,
                input=given,
                capture_output=True,
                check=False,
                timeout=_SECONDS,
                env={**environment, "LC_ALL": "C"},
                pass_fds=() if lock is None else (lock,),
            )
        except FileNotFoundError as error:
            raise AdapterError("TARGET_UNAVAILABLE", "git is missing: install the package of that name") from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise AdapterError("TARGET_UNAVAILABLE", f"`git {words[0]}`: {error}"[:_CHARACTERS]) from error
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()[-_CHARACTERS:]
            raise AdapterError("TARGET_UNAVAILABLE", f"{self._directory}: `git {words[0]}` says: {said}")
        return done.stdout


def _data(text: str) -> bytes:
    content = text.encode()
    return f"data {len(content)}\n".encode() + content + b"\n"


def _contents(answer: bytes) -> Iterator[str]:
    """The contents in an answer of `cat-file --batch`: `id type size`, a line end, the bytes, a line end."""
    at = 0
    while at < len(answer):
        start = answer.index(b"\n", at) + 1
        end = start + int(answer[at:start].split()[2])
        yield answer[start:end].decode("utf-8", "replace")
        at = end + 1
