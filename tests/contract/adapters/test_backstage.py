"""Backstage's catalogue beyond the suite: every form of service is an entity by its published schema."""

from pathlib import Path
from typing import Any

import pytest

from subscribers.adapter import AdapterError, Route, Service, Upstream
from subscribers.adapters.backstage import BackstageAdapter, entities_of
from subscribers.adapters.files import FilesAdapter
from subscribers.conformance import bring, service
from tests.contract.adapters.catalogue import problems

HERE = Upstream("https", "service.example.se", 443, "/v1", ("93.184.216.34",))
GRPC = Upstream("grpcs", "service.example.se", 443, "", ("93.184.216.34",))
LONG = "x" * 63


def of(key: str, *routes: Route, environment: str = "production") -> Service:
    """A service with these interfaces."""
    return Service(key, "offerings/o", "offerings/o/releases/1.0.0", "Tjänsten", environment, routes)


def route(interface: str, upstream: Upstream = HERE) -> Route:
    """An interface."""
    return Route(interface, upstream, f"/b/o/{interface}", f"{interface}.o.b.gemensam.internal")


@pytest.mark.parametrize(
    "made",
    [
        of("organisations/b/subscriptions/s", route("api"), route("rpc", GRPC)),
        of("organisations/b/subscriptions/s", route("api"), environment="test"),
        of(f"organisations/{LONG}/subscriptions/{LONG}", route(LONG), route(f"{LONG[:62]}y")),
    ],
)
def test_every_form_of_service_is_an_entity_by_the_schema(made: Service) -> None:
    found: list[dict[str, Any]] = entities_of(made, "group:default/it")
    assert [problem for each in found for problem in problems(each)] == []
    names = [(each["kind"], each["metadata"]["name"]) for each in found]
    assert len(set(names)) == len(found) == 1 + len(made.routes)
    assert found[0]["spec"]["consumesApis"] == [
        f"api:{each['metadata']['namespace']}/{each['metadata']['name']}" for each in found[1:]
    ]
    assert {each["spec"]["lifecycle"] for each in found} == {
        "production" if made.environment == "production" else "experimental"
    }


def test_the_schema_refuses_what_is_no_entity() -> None:
    entity = entities_of(of("organisations/b/subscriptions/s", route("api")), "group:default/it")[1]
    for wrong in (
        {**entity, "apiVersion": "v1"},
        {**entity, "spec": {name: each for name, each in entity["spec"].items() if name != "definition"}},
        {**entity, "metadata": {**entity["metadata"], "name": ""}},
        {**entity, "metadata": {**entity["metadata"], "annotations": {"x": 1}}},
    ):
        assert problems(wrong), wrong


@pytest.mark.parametrize(
    "adapter_of",
    [
        lambda folder: BackstageAdapter(directory=folder, owner="group:default/it"),
        lambda folder: FilesAdapter(directory=folder),
    ],
)
def test_a_file_that_was_emptied_is_repaired_and_leaves_with_its_service(tmp_path: Path, adapter_of: Any) -> None:
    adapter = adapter_of(str(tmp_path))
    bring(adapter, [service(0, HERE)])
    (path,) = tmp_path.iterdir()
    whole = path.read_text()
    path.write_text("")
    assert [step.action for step in bring(adapter, [service(0, HERE)]).steps] == ["change"]
    assert path.read_text() == whole
    path.write_text("")
    bring(adapter, [])
    assert list(tmp_path.iterdir()) == []


def test_words_that_no_registry_would_give_are_refused(tmp_path: Path) -> None:
    adapter = BackstageAdapter(directory=str(tmp_path), owner="group:default/it")
    with pytest.raises(AdapterError, match="form of a place"):
        bring(adapter, [of("organisations/b/subscriptions/s", Route("api", HERE, "/../x", "a.b"))])
    with pytest.raises(ValueError, match="owner"):
        BackstageAdapter(directory=str(tmp_path), owner="x\ny")
