"""Real targets that are no gateways, as the conformance suite asks for them: seen by others than the adapter."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from subscribers.adapter import MARK, Upstream
from tests.components.prometheus import THEIRS, Prometheus
from tests.components.receiver import SECRET, Receiver
from tests.contract.adapters.catalogue import problems
from tests.contract.adapters.folder import Folder

LOOPBACK = {
    "organisations": ["organisations/*"],
    "hosts": ["127.0.0.1"],
    "plain_text": True,
    "private_ranges": ["127.0.0.0/8"],
}


def policy(folder: Path, *ports: int, **rules: Any) -> str:
    """A policy's file that lets loopback be called at these ports."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "policy.yaml"
    path.write_text(json.dumps({**LOOPBACK, "ports": list(ports), **rules}))  # JSON is YAML
    return str(path)


def webhook_options(folder: Path, url: str, *ports: int, secret: str = SECRET, **rules: Any) -> dict[str, Any]:
    """What a webhook adapter is made with."""
    path = policy(folder, *ports, **rules)
    (folder / "secrets").write_text(f"{secret}\n")
    return {"kind": "webhook", "url": url, "secrets": str(folder / "secrets"), "directory": str(folder), "policy": path}


def git(repository: Path, *words: str, given: str = "") -> str:
    """What git prints."""
    command = ["git", f"--git-dir={repository}", *words]
    who = {f"GIT_{role}_{what}": "operator@b" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return subprocess.run(command, input=given, capture_output=True, check=True, text=True, env=who).stdout


class GitTarget:
    """A bare repository, in which an operator keeps things as well."""

    def __init__(self, folder: Path, upstream: Upstream) -> None:
        self.upstream, self.repository = upstream, folder / "services.git"
        self.options: Mapping[str, Any] = {"kind": "git", "directory": str(self.repository)}

    def put_foreign(self) -> None:
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(self.repository)], check=True)
        blob = git(self.repository, "hash-object", "-w", "--stdin", given='{"mark": "theirs"}').strip()
        inner = git(self.repository, "mktree", given=f"100644 blob {blob}\ta.b.gemensam.json\n").strip()
        tree = git(
            self.repository, "mktree", given=f"100644 blob {blob}\tREADME\n040000 tree {inner}\tservices\n"
        ).strip()
        commit = git(self.repository, "commit-tree", tree, "-m", "Theirs").strip()
        git(self.repository, "update-ref", "refs/heads/main", commit)
        git(self.repository, "update-ref", "refs/heads/theirs", commit)

    def foreign(self) -> str:
        entries = git(self.repository, "ls-tree", "-r", "main").splitlines()
        theirs = [each for each in entries if each.endswith(("README", "a.b.gemensam.json"))]
        return "\n".join([*theirs, git(self.repository, "rev-parse", "theirs")])

    def traces(self) -> str:
        """Our mark in the branch as it is now; history is history."""
        tip = git(self.repository, "for-each-ref", "--format=%(objectname)", "refs/heads/main").strip()
        return git(self.repository, "ls-tree", "-r", tip) if tip else ""

    def is_valid(self) -> bool:
        git(self.repository, "fsck", "--strict")
        return True


class BackstageTarget(Folder):
    """A folder that a Backstage reads as locations of type `file`."""

    def __init__(self, folder: Path, upstream: Upstream) -> None:
        super().__init__(folder / "catalogue", {"a.yaml": "kind: Group\n", "a.b.gemensam.yaml": "# theirs\n"})
        self.upstream = upstream
        self.options: Mapping[str, Any] = {
            "kind": "backstage",
            "directory": str(self.folder),
            "owner": "group:default/it",
        }

    def is_valid(self) -> bool:
        """Every entity is one by Backstage's own schema, and no two have the same name."""
        loader = yaml.CSafeLoader
        found = [each for path in self.ours() for each in yaml.load_all(path.read_text(), loader) if each]
        names = {(each["kind"], each["metadata"]["namespace"], each["metadata"]["name"]) for each in found}
        return len(names) == len(found) and not any(problems(each) for each in found)


class PrometheusTarget:
    """A running Prometheus."""

    def __init__(self, prometheus: Prometheus, upstream: Upstream) -> None:
        self.prometheus, self.upstream = prometheus, upstream
        self.options: Mapping[str, Any] = {"kind": "prometheus", **prometheus.options()}
        self._theirs = {"targets": ["their.example:1"], "labels": {"team": "theirs"}}

    def put_foreign(self) -> None:
        self.prometheus.file.write_text(json.dumps([self._theirs]))
        (self.prometheus.directory / "theirs.json").write_text("[]")

    def foreign(self) -> str:
        file = self.prometheus.directory / "theirs.json"
        here = self._theirs in json.loads(self.prometheus.file.read_text()) and file.exists()
        places = [each["__address__"] for each in self.prometheus.targets()]
        return f"{file.read_text()} {self.prometheus.config.read_text()} {THEIRS in places}" if here else ""

    def traces(self) -> str:
        paths = [each for each in sorted(self.prometheus.directory.iterdir()) if each.name != "theirs.json"]
        texts = [each.read_text() for each in paths]
        left = [each.name for each in paths if each != self.prometheus.file]
        return "".join([*(text for text in texts if "gemensam" in text or MARK in text), *left])

    def is_valid(self) -> bool:
        return self.prometheus.takes_its_files()


class WebhookTarget:
    """An endpoint that verifies what comes with the reference library, and keeps it."""

    def __init__(self, receiver: Receiver, folder: Path, upstream: Upstream) -> None:
        self.receiver, self.upstream = receiver, upstream
        self.options: Mapping[str, Any] = webhook_options(folder, receiver.url, receiver.port)

    def put_foreign(self) -> None:
        self.receiver.held["theirs"] = {"mark": "theirs"}

    def foreign(self) -> str:
        return json.dumps(self.receiver.held["theirs"])

    def traces(self) -> str:
        ours = {key: each for key, each in sorted(self.receiver.held.items()) if key != "theirs"}
        return json.dumps(ours) if ours else ""

    def is_valid(self) -> bool:
        """Nothing came that was not signed, and of each subscription the endpoint has what is told of it."""
        return self.receiver.forged == 0 and all(
            each.get("subscription", "theirs") in {key, "theirs"} for key, each in self.receiver.held.items()
        )
