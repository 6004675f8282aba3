"""Nobody suffers for another's fault: not a service for a service, not a target for a target."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from subscribers import targets as module
from subscribers.adapter import Adapter, AdapterError, Proof, Route, Service, Upstream
from subscribers.adapters.files import FilesAdapter
from subscribers.targets import Targets, Work
from tests.unit.subscribers.bodies import Shelf

UPSTREAM = Upstream("https", "service.example.se", 443, "", ("93.184.216.34",))


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine takes its time; tests of the waiting itself say their own."""
    monkeypatch.setattr(module, "PROBE_WAIT_SECONDS", 10.0)


def service(key: str, release: str = "1") -> Service:
    route = Route("api", UPSTREAM, f"/b/{key}/api", f"api.{key}.b.gemensam.internal")
    return Service(
        f"organisations/b/subscriptions/{key}", "offerings/x", f"offerings/x/releases/{release}", key, "test", (route,)
    )


def services(count: int) -> list[Service]:
    return [service(f"s{number:03}") for number in range(count)]


@contextmanager
def targets(*adapters: Adapter) -> Iterator[Targets]:
    with closing(Targets(adapters)) as made:
        yield made


def bring(made: Targets, wanted: list[Service], leaving: list[str] | None = None) -> Work:
    work = made.plan(wanted, leaving or [], set())
    made.apply(work)
    return work


def failures(work: Work) -> dict[str, str]:
    return {key.rpartition("/")[2]: problem.reason for key, problem in work.failed.items()}


def test_a_service_that_is_refused_by_name_fails_alone_at_once() -> None:
    shelf = Shelf()
    shelf.refuses = {"s007", "s031"}
    with targets(shelf) as made:
        assert failures(bring(made, services(64))) == {"s007": "TARGET_REFUSED", "s031": "TARGET_REFUSED"}
    assert len(shelf.held) == 62
    assert len(shelf.applied) == 2


def test_a_service_that_nobody_names_is_found_by_halving() -> None:
    shelf = Shelf()
    shelf.breaks = {"s007", "s013"}
    with targets(shelf) as made:
        assert failures(bring(made, services(16))) == {"s007": "ADAPTER_FAULT", "s013": "ADAPTER_FAULT"}
    assert len(shelf.held) == 14
    assert len(shelf.applied) <= 2 * 2 * 5, "the logarithm of the steps for each culprit"


def test_a_target_out_of_reach_is_asked_once_and_fails_all_that_it_was_to_get() -> None:
    shelf = Shelf()
    with targets(shelf) as made:
        bring(made, services(3))
        work = made.plan([service("s000", "2"), *services(3)[1:]], [], set())
        shelf.down, shelf.applied = True, []
        made.apply(work)
        assert failures(work) == {"s000": "TARGET_UNAVAILABLE"}
        assert shelf.applied == [["s000"]]


def test_two_targets_of_which_one_does_not_answer() -> None:
    well, ill = Shelf("well"), Shelf("ill")
    ill.down = True
    with targets(ill, well) as made:
        work = bring(made, services(2), ["organisations/b/subscriptions/gone"])
        assert failures(work) == dict.fromkeys(["s000", "s001", "gone"], "TARGET_UNAVAILABLE")
        assert len(well.held) == 2
        ill.down = False
        assert failures(bring(made, services(2))) == {}
        assert ill.held == well.held


def test_a_target_whose_adapter_breaks_while_observing_is_no_ones_end() -> None:
    class Broken(Shelf):
        def observe(self) -> dict[str, str]:
            raise ValueError("broken")

    well = Shelf("well")
    with targets(Broken("broken"), well) as made:
        assert failures(bring(made, services(1))) == {"s000": "ADAPTER_FAULT"}
        assert len(well.held) == 1
        with pytest.raises(AdapterError, match="broken failed with ValueError"):
            made.preview(services(1), set())


def test_what_is_kept_is_neither_changed_nor_removed() -> None:
    shelf = Shelf()
    with targets(shelf) as made:
        bring(made, services(3))
        kept = {each.key for each in services(3)[:2]}
        work = made.plan([service("s000", "2")], [], kept)
        made.apply(work)
        assert sorted(key[-4:] for key in shelf.held) == ["s000", "s001"]
        assert shelf.held[services(1)[0].key].startswith("offerings/x/releases/1")


def test_a_preview_shows_each_target_and_changes_none() -> None:
    first, second = Shelf("shelf"), Shelf("shelf")
    with targets(first, second) as made:
        bring(made, services(1))
        second.held.clear()
        shown = made.preview([service("s000", "2")], set())
        assert [(name, [step.action for step in plan.steps]) for name, plan in shown] == [
            ("shelf", ["change"]),
            ("shelf", ["add"]),
        ]
        assert second.held == {}


def test_probes_that_hang_hold_up_nobody_and_are_told_when_they_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROBE_WAIT_SECONDS", 0.2)
    gate = threading.Event()

    class Slow(Shelf):
        def probe(self, service: Service) -> Proof:
            if service.key.endswith("s000"):
                gate.wait(20)
            return super().probe(service)

    with targets(Slow()) as made:
        bring(made, services(3))
        started = time.monotonic()
        assert sorted(key[-4:] for key, _ in made.prove(services(3), [])) == ["s001", "s002"]
        assert time.monotonic() - started < 10
        assert made.at_work
        gate.set()
        monkeypatch.setattr(module, "PROBE_WAIT_SECONDS", 10.0)
        assert [(key[-4:], proof.reason) for key, proof in made.prove(services(1), [])] == [("s000", "")]
        assert not made.at_work


def test_a_probe_of_what_is_no_longer_wanted_is_told_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROBE_WAIT_SECONDS", 0.05)
    gate = threading.Event()

    class Slow(Shelf):
        def probe(self, _service: Service) -> Proof:
            return Proof() if gate.wait(20) else Proof("NEVER", "")

    with targets(Slow()) as made:
        assert list(made.prove(services(1), [])) == []
        gate.set()
        monkeypatch.setattr(module, "PROBE_WAIT_SECONDS", 10.0)
        assert [key[-4:] for key, _ in made.prove([service("s001")], [])] == ["s001"]


def test_an_adapter_that_breaks_while_probing_is_a_proof_that_failed() -> None:
    class Broken(Shelf):
        def probe(self, _service: Service) -> Proof:
            raise OSError("no")

    with targets(Broken()) as made:
        assert [proof.reason for _, proof in made.prove(services(1), [])] == ["ADAPTER_FAULT"]


def test_every_target_must_prove_it() -> None:
    first, second = Shelf("first"), Shelf("second")
    with targets(first, second) as made:
        bring(made, services(2))
        second.dead = {"s001"}
        found = {key[-4:]: proof.reason for key, proof in made.prove(services(2), [])}
        assert found == {"s000": "", "s001": "UPSTREAM_UNAVAILABLE"}


def test_a_folder_that_cannot_be_written_is_a_target_out_of_reach(tmp_path: Path) -> None:
    blocked = FilesAdapter(directory=str(tmp_path / "file" / "services"))
    (tmp_path / "file").write_text("not a folder")
    well = Shelf("well")
    with targets(blocked, well) as made:
        assert failures(bring(made, services(2))) == dict.fromkeys(["s000", "s001"], "TARGET_UNAVAILABLE")
        assert len(well.held) == 2
    with pytest.raises(AdapterError, match="Not a directory"):
        blocked.check()


def test_content_tells_apart_what_any_target_would_hold_differently() -> None:
    with targets(Shelf(), Shelf()) as made:
        assert made.content(service("a")) == made.content(service("a"))
        assert made.content(service("a")) != made.content(service("a", "2"))
