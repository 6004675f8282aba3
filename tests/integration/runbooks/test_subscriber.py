"""The runbook of a subscriber that is stuck: it does not run, and does what was missed once it does."""

import json
import re
from pathlib import Path
from typing import Any

from tests.components.forked import Child
from tests.integration.cli.program import environment
from tests.integration.runbooks.conftest import Boot, Machine
from tests.integration.runbooks.test_store import until

WANTED = """apiVersion: gemensam/v1
kind: Offering
metadata: {name: offerings/heat}
spec: {provider: organisations/a, title: {sv: Värme}, terms: {approval: automatic}}
---
apiVersion: gemensam/v1
kind: Release
metadata: {name: offerings/heat/releases/1.0.0}
spec:
  version: 1.0.0
  interfaces: [{id: api, kind: rest, endpoints: [{environment: production, url: "http://127.0.0.1:8080"}]}]
---
apiVersion: gemensam/v1
kind: Interest
metadata: {name: organisations/a/interests/heat}
spec: {filter: name = "offerings/heat", mode: join, system: organisations/a/systems/gw}
"""
POLICY = """organisations: [organisations/a]
hosts: [127.0.0.1]
ports: [8080]
plain_text: true
private_ranges: [127.0.0.0/8]
"""
NOT_RUNNING = 3


class Body:
    """A body's machine: its configuration, and its subscriber as a service."""

    def __init__(self, folder: Path, registry: str) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "policy.yaml").write_text(POLICY)
        (folder / "subscriber.yaml").write_text(
            f"registry: {registry}\nsystems: [organisations/a/systems/gw]\nadapters: [{{kind: files, directory: services}}]\n"
        )
        self.process: Child | None = None

    def unit(self, action: str) -> int:
        """What `systemctl ACTION gemensam-subscriber@body` answers."""
        if action == "stop":
            self.stop()
        if action == "start":
            with (self.folder / "log").open("ab") as log:
                given: dict[str, Any] = {"cwd": self.folder, "env": environment(), "out": log, "err": log}
                self.process = Child("gemensam-subscriber", ["run"], **given)
        return NOT_RUNNING if action == "status" and not self.process else 0

    def stop(self) -> None:
        """End it."""
        if self.process:
            self.process.terminate()
            self.process.wait(30)
            self.process = None


def subscription(machine: Machine) -> dict[str, object]:
    """The subscription of the body, once the matcher has made it."""
    found = machine.server("list", "subscriptions", "--json").lines()
    return found[0] if found else {}


def phase(machine: Machine) -> object:
    """How far the body says that it is."""
    about = subscription(machine).get("convergence", {})
    return about.get("phase") if isinstance(about, dict) else None


def test_a_subscriber_is_stuck(boot: Boot, tmp_path: Path) -> None:
    machine = boot()
    (machine.definitions / "wanted.yaml").write_text(WANTED)
    assert machine.server("apply", machine.definitions).code == 0
    until(lambda: bool(subscription(machine)))
    changes = machine.server("ledger", "tail", "--json").lines()
    revision = next(each["revision"] for each in changes if "heat/releases" in json.dumps(each))
    body = Body(tmp_path / "body", machine.server.grpc)
    book = machine.book(
        "stuck-subscriber",
        {"gemensam-subscriber@body": body.unit},
        HERE=str(body.folder), OFFERING="offerings/heat", SUBSCRIPTION=str(subscription(machine)["name"]),
        REVISION=str(revision),
    )  # fmt: skip
    status = book.follow("At the registry: who, and why")[0]
    assert "organisations/a" in status.out
    try:
        _, checked, planned, _ = book.follow("At the body")[:4]
        assert "files" in checked.out
        assert "heat" in planned.out
        until(lambda: phase(machine) == "CONVERGENCE_PHASE_PROVEN")
        over = book.follow("Over when")[-1]
        assert re.search(r"^convergence\.phase +\S*PROVEN$", over.out, re.MULTILINE)
    finally:
        body.stop()
    assert book.left() == []
