"""`gemensam join`: a class asks for offerings; what is shown before is what comes of it, once, and every no has a why."""

import os
import pty
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from registry.api.v1.onboarding_service_pb2 import EndSubscriptionRequest
from registry.cli import main
from registry.cli.connection import connected
from tests.integration.cli.definitions import BODY
from tests.integration.cli.program import PROGRAM, TIMEOUT, Server, environment
from tests.integration.cli.test_applying import revisions

ORGANISATION = "---\napiVersion: gemensam/v1\nkind: Organisation\nmetadata: {{name: organisations/{0}}}\nspec: {{kind: municipality, title: {{sv: M}}, county_code: '{1}'{2}}}\n"
SYSTEM = "---\napiVersion: gemensam/v1\nkind: System\nmetadata: {{name: organisations/{0}/systems/{1}}}\nspec: {{title: {{sv: G}}, environment: {2}}}\n"
OFFERING = "---\napiVersion: gemensam/v1\nkind: Offering\nmetadata: {{name: offerings/{0}}}\nspec: {{provider: organisations/a, title: {{sv: T}}, terms: {{approval: {1}, eligibility: '{2}'}}}}\n"
CLASS = ("--class", 'kind = MUNICIPALITY AND county_code = "22"')
OFFERS = ("offerings/permits", "schools")


def system(body: str, key: str = "gw", where: str = "production") -> str:
    return SYSTEM.format(body, key, where)


def county(count: int) -> str:
    """Bodies of the class, each with a system."""
    bodies = [ORGANISATION.format(f"m{number}", "22", "") + system(f"m{number}") for number in range(count)]
    return "".join(bodies)


def filled(registry: Server, *more: str) -> Server:
    """Two offerings of a body outside the class: permits for whoever asks, schools when the provider says so."""
    offers = [OFFERING.format("permits", "automatic", ""), OFFERING.format("schools", "manual", "")]
    done = registry("apply", "-", stdin="".join([BODY, *offers, *more]))
    assert done.code == 0, done.err
    return registry


def items(registry: Server, *args: str, code: int = 0) -> list[Any]:
    """The lines of a join in JSON."""
    done = registry("join", *args, "--json")
    assert done.code == code, done.err
    return done.lines()


def reasons(found: list[Any]) -> dict[tuple[str, str], str]:
    """By body and offering: the state, or why not."""
    short = [(each["organisation"].split("/")[1], each["offering"].split("/")[1], each) for each in found]
    return {(body, offering): each.get("state") or each.get("reason") or each["outcome"] for body, offering, each in short}  # fmt: skip


def count(registry: Server) -> int:
    """How many subscriptions there are."""
    with sqlite3.connect(registry.data / "gemensam.db") as database:
        return int(database.execute("SELECT count(*) FROM subscriptions").fetchone()[0])


def test_what_is_shown_comes_true_once(registry: Server) -> None:
    filled(registry, county(3))
    before = revisions(registry)
    preview = items(registry, *OFFERS, *CLASS, "--dry-run")
    assert revisions(registry) == before
    assert Counter(each["state"] for each in preview) == {"approved": 3, "pending_approval": 3}
    assert all(each["dry_run"] for each in preview)
    done = registry("join", *OFFERS, *CLASS, "--yes")
    assert (done.code, done.err) == (0, "")
    first, second = done.out.split("Asked for 6:\n")
    assert first.startswith("3 organisations of the class, 2 offerings, production:\n")
    assert "3      would be approved at once" in first
    assert "3      would be asked for, and the provider decides" in first
    assert "3      asked for, and the provider decides" in second
    made = registry("list", "subscriptions", "--json").lines()
    assert {(each["name"], each["system"]) for each in made} == {(each["subscription"], each["system"]) for each in preview}  # fmt: skip
    after = revisions(registry)
    again = registry("join", *OFFERS, *CLASS, "--yes")
    assert (again.code, revisions(registry)) == (0, after)
    assert "6      there already" in again.out
    assert "Asked for" not in again.out


def test_every_no_is_counted_and_named(registry: Server) -> None:
    bodies = "".join(ORGANISATION.format(key, "22", "") for key in ("none", "two", "testing"))
    hosted = ORGANISATION.format("hosted", "22", ", host: organisations/m0")
    systems = system("two", "x") + system("two", "y") + system("testing", where="test")
    library = OFFERING.format("library", "automatic", 'name = "organisations/m1"')
    filled(registry, county(2), bodies, hosted, systems, library)
    found = items(registry, "permits", "library", *CLASS, "--yes", code=1)
    assert reasons(found) == {
        ("hosted", "library"): "NOT_ELIGIBLE",
        ("hosted", "permits"): "approved",
        ("m0", "library"): "NOT_ELIGIBLE",
        ("m0", "permits"): "approved",
        ("m1", "library"): "approved",
        ("m1", "permits"): "approved",
        ("none", "library"): "SYSTEM_MISSING",
        ("none", "permits"): "SYSTEM_MISSING",
        ("testing", "library"): "SYSTEM_MISSING",
        ("testing", "permits"): "SYSTEM_MISSING",
        ("two", "library"): "SYSTEM_AMBIGUOUS",
        ("two", "permits"): "SYSTEM_AMBIGUOUS",
    }
    [hosts] = [each["system"] for each in found if each["organisation"] == "organisations/hosted" and "state" in each]
    assert hosts == "organisations/m0/systems/gw"
    done = registry("join", "permits", "library", *CLASS, "--dry-run")
    assert done.code == 1
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert "4 there already" in lines
    assert "2 NOT_ELIGIBLE offerings/library hosted, m0. For example: organisations/hosted may not join offerings/library: name is organisations/hosted, must be organisations/m1." in lines  # fmt: skip
    assert "4 SYSTEM_MISSING none, testing. For example: organisations/none has no system in production" in lines
    assert "2 SYSTEM_AMBIGUOUS two. For example: organisations/two has several in production (x, y): name one" in lines
    named = items(registry, "permits", *CLASS, "--system", "y", "--yes", code=1)
    assert reasons(named)["two", "permits"] == "approved"
    assert reasons(named)["m0", "permits"] == "SYSTEM_MISSING"
    test = items(registry, "permits", *CLASS, "--environment", "test", "--yes", code=1)
    assert reasons(test)["testing", "permits"] == "approved"


def test_it_goes_on_after_it_was_cut_off(registry: Server) -> None:
    filled(registry, county(60))
    wanted = [*OFFERS, *(f"more{number}" for number in range(3))]
    more = "".join(OFFERING.format(each, "automatic", "") for each in wanted[2:])
    assert registry("apply", "-", stdin=more.removeprefix("---\n")).code == 0
    before = revisions(registry)
    command = [PROGRAM, "join", *wanted, *CLASS, "--yes", "--address", registry.grpc]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL) as cut:
        end = time.monotonic() + TIMEOUT
        while revisions(registry) == before and time.monotonic() < end:
            time.sleep(0.01)
        cut.kill()
    assert cut.returncode == -signal.SIGKILL
    found = items(registry, *wanted, *CLASS, "--yes")
    assert {each["outcome"] for each in found} == {"created", "exists"}
    pairs = [(each["organisation"], each["offering"]) for each in found]
    made = registry("list", "subscriptions", "--json").lines()
    assert (len(made), len(set(pairs))) == (300, 300)
    assert {each["name"] for each in made} == {each["subscription"] for each in found}


def test_a_decision_stands_until_it_is_asked_anew(registry: Server) -> None:
    filled(registry, county(1))
    [first] = items(registry, "permits", *CLASS, "--yes")
    end(registry, first["subscription"])
    [left] = items(registry, "permits", *CLASS, "--yes", code=1)
    assert (left["reason"], count(registry)) == ("ENDED_BEFORE", 1)
    [anew] = items(registry, "permits", *CLASS, "--yes", "--again")
    assert (anew["state"], count(registry)) == ("approved", 2)
    [there] = items(registry, "permits", *CLASS, "--yes", "--again")
    assert (there["outcome"], there["subscription"]) == ("exists", anew["subscription"])


def end(registry: Server, name: str) -> None:
    with connected(registry.grpc) as opened:
        opened.call(opened.onboarding.EndSubscription, EndSubscriptionRequest(name=name))


def test_a_host_asks_for_those_that_it_hosts_and_for_nobody_else(registry: Server) -> None:
    filled(registry, county(2), ORGANISATION.format("hosted", "22", ", host: organisations/m0"))
    found = items(registry, "permits", *CLASS, "--actor", "organisations/m0", "--yes", code=1)
    assert reasons(found) == {
        ("hosted", "permits"): "approved",
        ("m0", "permits"): "approved",
        ("m1", "permits"): "NOT_THE_HOST",
    }
    changes = [each for each in registry("ledger", "tail", "-n", "4", "--json").lines() if each["kind"] == "subscription"]  # fmt: skip
    assert [(each["actor"], each.get("on_behalf_of", "")) for each in changes] == [
        ("organisations/m0", "organisations/hosted"),
        ("organisations/m0", ""),
    ]


def test_offerings_come_from_a_file(registry: Server, tmp_path: Path) -> None:
    filled(registry, county(1))
    file = tmp_path / "offerings.txt"
    file.write_text("# what we share\nofferings/permits\n\nschools # of the region\npermits\n")
    found = items(registry, "--offerings", str(file), *CLASS, "--dry-run")
    assert [each["offering"] for each in found] == ["offerings/permits", "offerings/schools"]


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["permits", *CLASS], 2, "add --yes, or --dry-run"),
        (["permits", *CLASS, "--json"], 2, "add --yes, or --dry-run"),
        ([*CLASS, "--yes"], 2, "There is no offering to join"),
        (["permits", "--yes"], 2, "--class"),
        (["permits", *CLASS, "--yes", "--environment", "moon"], 2, "moon"),
        (["nothing", *CLASS, "--yes"], 1, "RESOURCE_NOT_FOUND"),
        (["Permits!", *CLASS, "--yes"], 1, "NAME_INVALID"),
        (["permits", "--class", "kind = MOON", "--yes"], 1, "FILTER_INVALID"),
        (["permits", "--class", 'county_code = "99"', "--yes"], 1, "No organisation is in the class"),
    ],
)
def test_what_cannot_be_done_is_explained_and_changes_nothing(
    asked: Server,
    args: list[str],
    code: int,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In this process: a program takes a second to start."""
    monkeypatch.setattr(sys, "argv", ["gemensam", "join", *args, "--address", asked.grpc])
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code, count(asked)) == (code, 0)
    assert words in capsys.readouterr().err


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A registry that no test here changes."""
    server = Server(tmp_path_factory.mktemp("asked") / "data")
    yield filled(server, county(1))
    server.stop()


def test_at_a_terminal_it_asks(registry: Server) -> None:
    filled(registry, county(1))
    command = [PROGRAM, "join", *OFFERS, *CLASS, "--address", registry.grpc]
    for answer, code, made in (("n", 1, 0), ("y", 0, 2)):
        ours, theirs = pty.openpty()
        os.write(ours, f"{answer}\n".encode())
        done = subprocess.run(
            command, env=environment(), stdin=theirs, capture_output=True, timeout=TIMEOUT, check=False
        )
        os.close(ours)
        os.close(theirs)
        assert b"Ask for 2 subscriptions?" in done.stderr
        assert (done.returncode, count(registry)) == (code, made)
