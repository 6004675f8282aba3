"""The control plane: serves the adapter's files to Envoys, and says which version of each they run on.

The files are what is published, so nothing is forgotten by a restart. One process serves them: the first that locks
their folder. Another one (`check` beside a runner) writes the same files and reads what the first has heard.
"""

import contextlib
import fcntl
import json
import os
import threading
import time
from dataclasses import asdict
from pathlib import Path

from google.protobuf.json_format import ParseError

from subscribers.adapter import AdapterError
from subscribers.adapters import xds_api
from subscribers.adapters.envoy_config import Json
from subscribers.adapters.envoy_files import CLUSTERS, ROUTES, EnvoyFiles
from subscribers.adapters.xds_board import Answer, Answers, Board, Published
from subscribers.adapters.xds_server import Listen, Server

ANSWERS = "envoys.json"
LOOK_SECONDS = 0.1  # how soon a file that somebody else wrote is noticed
CONNECT_SECONDS = 5.0  # what an Envoy may take to come back to a subscriber that has started


class ControlPlane:
    """Errors of every call: AdapterError TARGET_UNAVAILABLE."""

    def __init__(self, directory: Path, listen: Listen) -> None:
        self._directory, self._listen = directory, listen
        self._files, self._board = EnvoyFiles(directory), Board()
        self._server: Server | None = None
        self._seen: dict[str, object] = {}
        self._written: Answers | None = None
        self._lock, self._patience = -1, 0.0
        self._looking, self._ending = threading.Lock(), threading.Event()
        self._watch: threading.Thread | None = None
        with contextlib.suppress(AdapterError):  # told by the first call; meanwhile an Envoy need not wait for it
            self._serve()

    def version(self, name: str) -> str:
        """The version of the file that all connected Envoys run on; '' for none."""
        return self._answer(name).version

    def rejected(self, name: str) -> int:
        """How many versions of the file were refused."""
        return self._answer(name).refused

    def reason(self, name: str) -> str:
        """Why the last one was."""
        return self._answer(name).reason

    def close(self) -> None:
        """Serve no more; Envoys keep what they have."""
        self._ending.set()
        if self._watch:
            self._watch.join()
        if self._server:
            self._server.stop()
        self._unlock()

    def _answer(self, name: str) -> Answer:
        self._serve()
        answers = self._heard() if self._server else self._told()
        if not answers.connected:
            words = f"No Envoy is connected at {self._listen.address}; its bootstrap must lead there (see `bootstrap`)."
            raise AdapterError("TARGET_UNAVAILABLE", words)
        return answers.files.get(name, Answer())

    def _serve(self) -> None:
        """Serve, when nobody does."""
        if self._server or self._ending.is_set() or not self._is_locked():
            return
        try:
            self._look()
            self._server = Server(self._listen, self._board)
        except AdapterError:
            self._unlock()
            raise
        self._patience = time.monotonic() + CONNECT_SECONDS
        self._watch = threading.Thread(target=self._watching, daemon=True, name="xds-files")
        self._watch.start()

    def _heard(self) -> Answers:
        """What Envoys have answered; shortly after the start it is waited for, so that one which knows us can come."""
        self._look()
        with self._board.changed:
            left = self._patience - time.monotonic()
            if left > 0:
                self._board.changed.wait_for(lambda: self._board.answers().is_complete, left)
        return self._tell()

    def _told(self) -> Answers:
        """What the process that serves has heard."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            told = json.loads((self._directory / ANSWERS).read_text(encoding="utf-8"))
            return Answers(told["connected"], {name: Answer(**each) for name, each in told["files"].items()})
        return Answers()

    def _watching(self) -> None:
        """Publish what others write into the files, and tell them what is heard."""
        while not self._ending.is_set():
            self._look()
            answers = self._tell()
            with self._board.changed:
                if self._board.answers() == answers:
                    self._board.changed.wait(LOOK_SECONDS)

    def _tell(self) -> Answers:
        """What is heard, once others can read it too: nobody sees less than who asked before."""
        with self._looking:
            answers = self._board.answers()
            if answers != self._written:
                with contextlib.suppress(AdapterError):
                    self._files.write(ANSWERS, asdict(answers))
                    self._written = answers
            return answers

    def _look(self) -> None:
        """Publish what has changed in the files. One that is damaged or gone takes nothing away."""
        with self._looking:
            for name in (CLUSTERS, ROUTES):
                with contextlib.suppress(OSError, AdapterError):
                    state = (self._directory / name).stat()
                    mark = (state.st_ino, state.st_mtime_ns, state.st_size)
                    if self._seen.get(name) != mark:
                        self._seen[name] = mark
                        self._publish(name, *self._files.resources(name))

    def _publish(self, name: str, version: str, resources: list[Json]) -> None:
        try:
            self._board.publish(name, Published(version, tuple(map(xds_api.packed, resources))))
        except (ParseError, LookupError, TypeError, AttributeError, ValueError) as error:
            self._board.refuse(name, f"{self._directory / name} cannot be said in Envoy's API: {error}")

    def _is_locked(self) -> bool:
        """Whether the folder is ours now, for as long as we serve."""
        try:
            self._lock = os.open(self._directory, os.O_RDONLY)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._unlock()
            return False
        except OSError as error:
            self._unlock()
            raise AdapterError("TARGET_UNAVAILABLE", f"{self._directory}: {error.strerror}") from error
        return True

    def _unlock(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
        self._lock = -1
