"""A template: a notice board, one file with one line of JSON for each service. Change what it reads and writes."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from subscribers.adapter import MARK, AdapterError, Description, Plan, Proof, Service

FILE = "board.jsonl"


class NoticeBoardAdapter:
    """`directory`: where the board is; what is in the configuration beside `kind` comes as these keywords."""

    def __init__(self, *, directory: str) -> None:
        self._path = Path(directory) / FILE

    def describe(self) -> Description:
        """Who it is, for people. `probes`: whether it can call a service through the target."""
        return Description("notice_board", str(self._path), probes=False)

    def check(self) -> None:
        """The target answers. Say in the error what the operator should do."""
        if self._path.parent.exists() and not os.access(self._path.parent, os.W_OK):
            raise AdapterError("TARGET_UNAVAILABLE", f"{self._path.parent} cannot be written to: give us the right to")

    def render(self, service: Service) -> str:
        """What the target holds of a service: the same service is the same text, always. It has the mark in it."""
        if not service.key.isprintable() or service.key.count("/") != 3:  # noqa: PLR2004 - organisations/b/subscriptions/s
            raise AdapterError(
                "NAME_REFUSED", f"{service.key[:200]!r} is not the name of a subscription", [service.key]
            )
        places = {route.interface: route.authority if route.upstream.grpc else route.path for route in service.routes}
        return _line({"by": MARK, "key": service.key, "release": service.release, "places": places})

    def observe(self) -> Mapping[str, str]:
        """What is there under our mark, in the form of `render`, whoever put it there."""
        return {key: line for line in self._lines() if (key := _key(line))}

    def apply(self, plan: Plan) -> None:
        """Bring the steps in. It may be cut anywhere and run again, so the file is replaced whole or not at all."""
        ours = {**self.observe(), **{step.key: step.after for step in plan.steps}}
        self._write([*(ours[key] for key in sorted(ours) if ours[key]), *self._others()])

    def probe(self, service: Service) -> Proof:
        """The service is there at its release. An adapter of a gateway calls it through the gateway."""
        here = self.observe().get(service.key) == self.render(service)
        return Proof() if here else Proof("NOT_ON_BOARD", f"{self._path} does not have it at this release")

    def probe_gone(self, service: Service) -> Proof:
        """Nothing of the service is there any more."""
        here = service.key in self.observe()
        return Proof("STILL_ON_BOARD", f"{self._path} still has it") if here else Proof()

    def remove(self) -> None:
        """Take everything of ours away, and nothing else."""
        self._write(self._others())

    def close(self) -> None:
        """Give back connections; there are none."""

    def _others(self) -> list[str]:
        return [line for line in self._lines() if not _key(line)]

    def _lines(self) -> list[str]:
        try:
            return self._path.read_text(encoding="utf-8").splitlines() if self._path.exists() else []
        except (OSError, UnicodeDecodeError) as error:
            raise AdapterError("TARGET_UNAVAILABLE", f"{self._path}: {error}") from error

    def _write(self, lines: list[str]) -> None:
        partial = self._path.with_suffix(".partial")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
            partial.replace(self._path)
        except OSError as error:
            raise AdapterError("TARGET_UNAVAILABLE", f"{self._path}: {error.strerror}") from error


def _line(values: object) -> str:
    """One line of ASCII: whatever a provider wrote, it cannot end the line."""
    return json.dumps(values, sort_keys=True)


def _key(line: str) -> str:
    """The subscription whose line it is; '' when it is somebody else's."""
    try:
        values = json.loads(line)
    except ValueError:
        return ""
    ours = isinstance(values, dict) and values.get("by") == MARK and isinstance(values.get("key"), str)
    return str(values["key"]) if ours else ""
