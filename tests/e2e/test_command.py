"""The command as an operator runs it: what it prints, what it leaves alone, and its exit codes."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.components import envoy
from tests.components.envoy import Gateway
from tests.components.forked import run
from tests.components.ports import free_port
from tests.components.upstream import Upstream
from tests.e2e.street import Subscriber, call, offered, onboarded, proven, standing_order, until
from tests.integration.api import Api


def command(*words: object, answer: str = "") -> "subprocess.CompletedProcess[str]":
    """Run it. It must never show a traceback."""
    done = run("gemensam-subscriber", words, os.environ, answer)
    assert "Traceback" not in done.stderr
    return done


async def during(*words: object, answer: str = "") -> "subprocess.CompletedProcess[str]":
    """Run it beside a registry that lives in this loop."""
    return await asyncio.to_thread(command, *words, answer=answer)


def test_init_writes_an_example_that_only_needs_its_names_and_overwrites_nothing(tmp_path: Path) -> None:
    done = command("init", tmp_path / "body")
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 2)
    configuration, policy = (tmp_path / "body" / name for name in ("subscriber.yaml", "policy.yaml"))
    checked = command("check", "--config", configuration)
    assert (checked.returncode, "admin address" in checked.stderr) == (1, True), "only Envoy is missing"
    policy.write_text("mine")
    configuration.unlink()
    again = command("init", tmp_path / "body")
    assert (again.returncode, "exists" in again.stderr) == (1, True)
    assert (policy.read_text(), configuration.exists()) == ("mine", False)
    (tmp_path / "file").write_text("")
    assert command("init", tmp_path / "file" / "body").returncode == 1


@pytest.mark.parametrize(
    ("kind", "listen"),
    [
        ("envoy", "127.0.0.1:10000"),
        ("envoy", "0.0.0.0:10000"),
        ("envoy", "[::1]:10000"),
        ("envoy-xds", "127.0.0.1:10000"),
    ],
)
def test_bootstrap_prints_what_an_envoy_takes_and_leaves_files_that_are_there(
    tmp_path: Path, kind: str, listen: str
) -> None:
    done = command("bootstrap", tmp_path / "envoy", "--kind", kind, "--listen", listen)
    assert done.returncode == 0
    (tmp_path / "bootstrap.json").write_text(done.stdout)
    validate = [str(envoy.BINARY), "--mode", "validate", "-c", str(tmp_path / "bootstrap.json")]
    assert subprocess.run(validate, capture_output=True, timeout=60, check=False).returncode == 0
    routes = tmp_path / "envoy" / "routes.json"
    routes.write_text("mine")
    again = ["--kind", kind, "--listen", listen, "--out", tmp_path / "again.json"]
    written = command("bootstrap", tmp_path / "envoy", *again)
    assert (written.returncode, written.stdout, routes.read_text()) == (0, "", "mine")
    assert (tmp_path / "again.json").read_text().strip() == done.stdout.strip()


@pytest.mark.parametrize("listen", ["", "10000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:0", "127.0.0.1:65536", "gateway.example.se:443"])  # fmt: skip
def test_bootstrap_refuses_what_is_no_address_and_makes_nothing(tmp_path: Path, listen: str) -> None:
    done = command("bootstrap", tmp_path / "envoy", "--listen", listen)
    assert (done.returncode, "is not an IP address and port" in done.stderr) == (1, True)
    assert not (tmp_path / "envoy").exists()


@pytest.mark.parametrize("verb", ["run", "plan", "check", "remove"])
def test_what_is_wrong_with_the_configuration_is_said_in_one_line(tmp_path: Path, verb: str) -> None:
    config = tmp_path / "subscriber.yaml"
    yes = ["--yes"] if verb == "remove" else []
    done = command(verb, "--config", config, *yes)
    assert (done.returncode, done.stderr.count("\n"), "init" in done.stderr) == (1, 1, True)
    config.write_text("systems: [organisations/b/systems/gw]\nadapters: [{kind: apache}]")
    (tmp_path / "policy.yaml").write_text("organisations: ['*']\nhosts: ['*']")
    done = command(verb, "--config", config, *yes)
    assert (done.returncode, "is none of " in done.stderr) == (1, True)
    if verb != "remove":
        (tmp_path / "policy.yaml").unlink()
        done = command(verb, "--config", config)
        assert (done.returncode, "without a policy" in done.stderr) == (1, True)


def test_check_tells_of_each_target(subscriber: Subscriber, gateway: Gateway) -> None:
    done = command("check", "--config", subscriber.config)
    assert (done.returncode, done.stdout.splitlines()) == (
        0,
        [
            f"envoy: {gateway.url}: 0 services of ours",
            f"files: {subscriber.folder}/services: 0 services of ours",
        ],
    )
    gateway.stop()
    down = command("check", "--config", subscriber.config)
    assert (down.returncode, gateway.admin in down.stderr) == (1, True)


async def test_plan_shows_what_would_change_and_changes_nothing(
    api: Api, subscriber: Subscriber, gateway: Gateway, upstream: Upstream
) -> None:
    await standing_order(api)
    assert (await during("plan", "--config", subscriber.config)).returncode == 0
    await offered(api, upstream.url)
    await offered(api, "https://evil.example", "school")

    async def seen() -> Any:
        done = await during("plan", "--config", subscriber.config, "--json")
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        return (done.returncode, rows) if len(rows) == 3 else None

    code, rows = await until(seen)
    assert code == 2
    assert [(row.get("adapter"), row.get("action"), row.get("reason")) for row in rows] == [
        ("envoy", "add", None),
        ("files", "add", None),
        (None, None, "HOST_NOT_ALLOWED"),
    ]
    assert '"address": "127.0.0.1"' in rows[0]["diff"]
    shown = await during("plan", "--config", subscriber.config)
    assert (shown.returncode, "refused: " in shown.stdout, "+++ b/organisations/b" in shown.stdout) == (2, True, True)
    assert not (subscriber.folder / "state.db").exists()
    assert not (subscriber.folder / "services").exists()
    assert "gemensam/" not in str(gateway.dump())

    subscriber.start()
    await proven(api)
    done = await during("plan", "--config", subscriber.config)
    assert (done.returncode, "HOST" in done.stdout, "evil.example" in done.stdout) == (0, False, True)
    assert subscriber.stop() == 0


def test_plan_without_a_registry_and_without_a_mirror_cannot_tell(subscriber: Subscriber) -> None:
    settings = json.loads(subscriber.config.read_text())
    subscriber.config.write_text(json.dumps({**settings, "registry": f"127.0.0.1:{free_port()}"}))
    done = command("plan", "--config", subscriber.config)
    assert (done.returncode, done.stdout) == (1, "")
    assert "does not answer at" in done.stderr


async def test_remove_takes_ours_away_when_no_runner_is_at_work(
    api: Api, subscriber: Subscriber, gateway: Gateway, upstream: Upstream
) -> None:
    await onboarded(api, subscriber, upstream.url)
    for words in (["remove", "--yes"], ["run"]):
        busy = await during(*words, "--config", subscriber.config)
        assert (busy.returncode, "is at work with" in busy.stderr) == (1, True)
    assert subscriber.stop() == 0
    refused = await during("remove", "--config", subscriber.config, answer="n\n")
    assert refused.returncode == 1
    assert (await call(f"{gateway.url}/b/permits/api")).status_code == 200
    done = await during("remove", "--config", subscriber.config, answer="y\n")
    assert (done.returncode, done.stdout.count("nothing of ours is left")) == (0, 2)
    assert (await call(f"{gateway.url}/b/permits/api")).status_code == 404
    assert list((subscriber.folder / "services").iterdir()) == []
    gateway.stop()
    away = await during("remove", "--yes", "--config", subscriber.config)
    assert (away.returncode, "does not answer" in away.stderr, "files" in away.stdout) == (1, True, True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_in_the_middle_of_a_pass_ends_it_soon_and_well(
    api: Api, subscriber: Subscriber, upstream: Upstream, number: signal.Signals
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # an admin address that takes calls and never answers
        silent.setblocking(False)
        settings = json.loads(subscriber.config.read_text())
        settings["adapters"][0]["admin"] = f"127.0.0.1:{silent.getsockname()[1]}"
        subscriber.config.write_text(json.dumps(settings))
        await standing_order(api)
        subscriber.start()
        await offered(api, upstream.url)
        async with asyncio.timeout(30):
            connection, _ = await asyncio.get_running_loop().sock_accept(silent)
        started = time.monotonic()
        assert await asyncio.to_thread(subscriber.stop, number) == 0
        assert time.monotonic() - started < 15
        connection.close()
