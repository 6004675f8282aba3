"""Writes one JSON file for each service: for bodies whose own tools take it from there."""

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from subscribers.adapter import MARK, AdapterError, Description, Plan, Proof, Service
from subscribers.adapters import names
from subscribers.adapters.reached import reached

SUFFIX = ".gemensam.json"
DAMAGED = "\N{REPLACEMENT CHARACTER}"  # what stands for a text that is none, or empty


class FilesAdapter:
    """The target is a folder. Ours are the files with the suffix and the mark; each appears whole or not at all."""

    name, suffix = "files", SUFFIX

    def __init__(self, *, directory: str) -> None:
        self._directory = Path(directory)

    def describe(self) -> Description:
        """Who it is."""
        return Description(self.name, str(self._directory), probes=False)

    def check(self) -> None:
        """The folder can be written to."""
        with reached(self._directory):
            self._directory.mkdir(parents=True, exist_ok=True)
            self._sync()
        if not os.access(self._directory, os.W_OK):
            raise AdapterError("TARGET_UNAVAILABLE", f"{self._directory} cannot be written to")

    def render(self, service: Service) -> str:
        """The file's content: sorted keys, so that the same service is the same bytes."""
        return as_text(service)

    def owner(self, name: str, text: str) -> str:
        """The subscription whose file it is; '' for a file of somebody else."""
        return owner(name, text)

    def observe(self) -> Mapping[str, str]:
        """Marked files by the key inside them; one that is damaged is known by its name."""
        found: dict[str, str] = {}
        with reached(self._directory):
            for path in sorted(self._directory.glob(f"*{self.suffix}")):
                text = self._read(path)
                key = self.owner(path.name, text)
                if key and path == self._path(key):
                    found[key] = text
        return found

    def apply(self, plan: Plan) -> None:
        """Write or remove one file for each step."""
        paths = {step.key: self._path(step.key) for step in plan.steps}
        with reached(self._directory):
            self._directory.mkdir(parents=True, exist_ok=True)
            self._sweep()
            for step in plan.steps:
                if step.after:
                    self._write(paths[step.key], step.after)
                else:
                    paths[step.key].unlink(missing_ok=True)
            self._sync()

    def probe(self, service: Service) -> Proof:
        """The file on disk has the content; a folder has no gateway to call through."""
        path = self._path(service.key)
        with reached(self._directory):
            if self._read(path) == self.render(service):
                return Proof()
        return Proof("FILE_DIFFERS", f"{path} is not as written")

    def probe_gone(self, service: Service) -> Proof:
        """Its file is not there."""
        path = self._path(service.key)
        return Proof("STILL_THERE", f"{path} exists") if path.exists() else Proof()

    def remove(self) -> None:
        """Remove every file of ours."""
        with reached(self._directory):
            for key in self.observe():
                self._path(key).unlink(missing_ok=True)
            self._sweep()

    def close(self) -> None:
        """Nothing is held."""

    def _path(self, key: str) -> Path:
        return self._directory / file_name(key, self.suffix)

    def _sweep(self) -> None:
        """What a killed process left half written."""
        for left in self._directory.glob(f".*{self.suffix}.partial"):
            left.unlink(missing_ok=True)

    def _write(self, path: Path, text: str) -> None:
        partial = path.with_name(f".{path.name}.partial")
        with partial.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)

    def _read(self, path: Path) -> str:
        with contextlib.suppress(FileNotFoundError, UnicodeDecodeError):
            return path.read_text(encoding="utf-8") or DAMAGED
        return DAMAGED

    def _sync(self) -> None:
        """A rename is durable once its folder is."""
        folder = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def document(service: Service) -> dict[str, Any]:
    """A service as JSON, with the mark."""
    return {
        "mark": MARK,
        "subscription": service.key,
        "offering": service.offering,
        "release": service.release,
        "title": service.title,
        "environment": service.environment,
        "interfaces": [
            {
                "id": route.interface,
                "path": route.path,
                "authority": route.authority,
                "upstream": {
                    "scheme": route.upstream.scheme,
                    "host": route.upstream.host,
                    "port": route.upstream.port,
                    "path": route.upstream.path,
                    "addresses": list(route.upstream.addresses),
                },
            }
            for route in service.routes
        ],
    }


def as_text(service: Service) -> str:
    """Its document as text: the same service is the same bytes."""
    return json.dumps(document(service), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def file_name(key: str, suffix: str = SUFFIX) -> str:
    """The name of a subscription's file. Errors: AdapterError NAME_REFUSED."""
    organisation, subscription = names.parts(key)
    return f"{organisation}.{subscription}{suffix}"


def owner(name: str, text: str) -> str:
    """The subscription that a file with a document is of; '' for a file of somebody else."""
    try:
        content = json.loads(text)
    except ValueError:
        return named(name, SUFFIX)
    if not isinstance(content, dict):
        return named(name, SUFFIX)
    key = content.get("subscription")
    return key if content.get("mark") == MARK and isinstance(key, str) and names.KEY.fullmatch(key) else ""


def named(name: str, suffix: str) -> str:
    """The key that a file's name tells, when its content no longer does."""
    organisation, _, subscription = name.removesuffix(suffix).partition(".")
    key = f"organisations/{organisation}/subscriptions/{subscription}"
    return key if names.KEY.fullmatch(key) else ""
