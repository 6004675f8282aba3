"""docker-compose.yml as text: what can be known without a container engine."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from registry.definitions import read
from registry.settings import Settings
from subscribers import policy
from subscribers.cli import app
from subscribers.settings import load
from tests.checks.commands import programs, wrong
from tests.checks.problem import ROOT

DEPLOY = ROOT / "deploy"
COMPOSE: Any = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: Mapping[str, Any] = COMPOSE["services"]
BODIES = ("ockelbo", "region-gavleborg")
OURS = "gemensam:0.1.0"
# What a service may say here: a word that is not known is most likely misspelt.
WORDS = {
    "image", "build", "init", "restart", "environment", "volumes", "ports", "depends_on", "healthcheck", "command",
    "network_mode",
}  # fmt: skip


def mounts() -> Iterator[tuple[str, str, str]]:
    """Service, source and place of every mount."""
    for name, service in SERVICES.items():
        for mount in service.get("volumes", []):
            source, place, *_ = mount.split(":")
            yield name, source, place


def test_the_services_are_those_of_the_topology() -> None:
    assert set(SERVICES) == {
        "registry", "postgres", "kafka", "provider", "collector", "prometheus", "grafana",
        *(f"{kind}-{body}" for kind in ("subscriber", "envoy") for body in BODIES),
    }  # fmt: skip
    assert {word for service in SERVICES.values() for word in service} <= WORDS


def test_every_image_is_pinned_by_tag_and_ours_is_built_here() -> None:
    for name, service in SERVICES.items():
        assert re.fullmatch(r"[a-z0-9/-]+:v?\d+(\.\d+){1,2}", service["image"]), name
    version = re.search(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert version
    assert f"gemensam:{version[1]}" == OURS
    assert [name for name, service in SERVICES.items() if "build" in service] == ["registry"]
    assert SERVICES["registry"]["image"] == OURS
    froms = re.findall(r"^FROM (\S+)", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert froms
    assert all(re.search(r":\d+\.\d+\.\d+", each) for each in froms)


def test_every_file_that_is_named_exists() -> None:
    assert (ROOT / SERVICES["registry"]["build"]["dockerfile"]).is_file()
    for name, source, _place in mounts():
        if source.startswith("."):
            assert (ROOT / source).exists(), (name, source)
        else:
            assert source in COMPOSE["volumes"], (name, source)
    used = {source for _name, source, _place in mounts()}
    assert set(COMPOSE["volumes"]) <= used


def test_what_is_depended_on_exists_and_can_tell_that_it_is_healthy() -> None:
    for name, service in SERVICES.items():
        wanted = service.get("depends_on", {})
        for other in wanted:
            assert other in SERVICES, (name, other)
            if isinstance(wanted, dict) and wanted[other]["condition"] == "service_healthy":
                assert SERVICES[other]["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}


def test_ports_are_published_on_loopback_only_and_once() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in published)
    assert len({port.split(":")[1] for port in published}) == len(published)


def test_whoever_talks_to_the_registry_shares_its_loopback() -> None:
    """It refuses any other address; a container without that network could not reach it."""
    assert "GEMENSAM_GRPC_ADDRESS" not in SERVICES["registry"]["environment"]
    for body in BODIES:
        for kind in ("subscriber", "envoy"):
            service = SERVICES[f"{kind}-{body}"]
            assert service["network_mode"] == "service:registry"
            assert "ports" not in service


def test_the_registry_is_told_only_what_it_knows() -> None:
    known = {f"GEMENSAM_{name.upper()}" for name in Settings.model_fields}
    told = {name for name in SERVICES["registry"]["environment"] if name.startswith("GEMENSAM_")}
    assert told <= known


def test_the_brokers_own_settings_lead_clients_where_it_listens() -> None:
    environment = SERVICES["kafka"]["environment"]
    listeners = dict(each.split("://") for each in environment["KAFKA_LISTENERS"].split(","))
    advertised = dict(each.split("://") for each in environment["KAFKA_ADVERTISED_LISTENERS"].split(","))
    for name, address in advertised.items():
        assert listeners[name].rpartition(":")[2] == address.rpartition(":")[2]
    assert SERVICES["registry"]["environment"]["GEMENSAM_KAFKA_BOOTSTRAP"] == advertised["INSIDE"]
    assert environment["KAFKA_CONTROLLER_QUORUM_VOTERS"].partition("@")[2] == listeners["CONTROLLER"]
    protocols = dict(each.split(":") for each in environment["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(","))
    assert set(protocols) == set(listeners)


@pytest.mark.parametrize("body", BODIES)
def test_a_subscriber_fits_its_envoy_and_the_network(body: str) -> None:
    folder = DEPLOY / "subscribers" / body
    settings = load(folder / "subscriber.yaml")
    rules = policy.load(folder / "policy.yaml")
    assert settings.systems == (f"organisations/{body}/systems/gateway",)
    assert settings.kafka
    assert settings.kafka.bootstrap == SERVICES["registry"]["environment"]["GEMENSAM_KAFKA_BOOTSTRAP"]
    (adapter,) = settings.adapters
    envoy = SERVICES[f"envoy-{body}"]
    assert adapter["admin"] == envoy["environment"]["ADMIN"]
    port = envoy["environment"]["LISTEN"].rpartition(":")[2]
    assert adapter["gateway"] == f"http://127.0.0.1:{port}"
    assert f"127.0.0.1:{port}:{port}" in SERVICES["registry"]["ports"]
    own = {(source, place) for name, source, place in mounts() if name in {f"subscriber-{body}", f"envoy-{body}"}}
    assert own == {(body, "/var/lib/gemensam"), (f"./deploy/subscribers/{body}", "/etc/gemensam")}
    assert adapter["directory"].startswith("/var/lib/gemensam/")
    assert adapter["directory"] in " ".join(envoy["command"])
    assert str(settings.state).startswith("/var/lib/gemensam/")
    (subnet,) = COMPOSE["networks"]["default"]["ipam"]["config"]
    assert [str(each) for each in rules.private_ranges] == [subnet["subnet"]]
    assert rules.place("organisations/sundsvall", endpoint()).host == "provider"


def endpoint() -> str:
    """The example service's address."""
    found = read([str(DEPLOY / "definitions")])
    assert [str(problem) for problem in found.problems] == []
    (release,) = [each.resource.release for each in found.items if each.noun == "release"]
    return str(release.interfaces[0].endpoints[0].url)


def test_our_programs_know_the_commands_they_are_started_with() -> None:
    known = programs()
    for name, service in SERVICES.items():
        words = shlex.split(" ".join(service.get("command", [])))
        for program in known:
            if program in words:
                call = words[words.index(program) + 1 :]
                until = call.index("&&") if "&&" in call else len(call)
                assert list(wrong(known[program], program, call[:until])) == [], name
    assert app.registered_commands


@pytest.mark.parametrize(
    "file", sorted(path.relative_to(DEPLOY) for path in DEPLOY.rglob("*") if path.is_file()), ids=str
)
def test_every_file_of_the_folder_can_be_read(file: Path) -> None:
    text = (DEPLOY / file).read_text(encoding="utf-8")
    if file.suffix in {".yaml", ".yml"}:
        assert list(yaml.safe_load_all(text))
    elif file.suffix == ".json":
        assert json.loads(text)["panels"]
    assert text.endswith("\n")


def test_the_collectors_pipelines_are_closed() -> None:
    collector: Any = yaml.safe_load((DEPLOY / "collector.yaml").read_text(encoding="utf-8"))
    known = {name for part in ("receivers", "connectors", "exporters") for name in collector[part]}
    for pipeline in collector["service"]["pipelines"].values():
        assert {*pipeline["receivers"], *pipeline["exporters"]} <= known
    scraped: Any = yaml.safe_load((DEPLOY / "prometheus.yml").read_text(encoding="utf-8"))
    (target,) = scraped["scrape_configs"][0]["static_configs"][0]["targets"]
    host, _, port = target.partition(":")
    assert host in SERVICES
    assert collector["exporters"]["prometheus"]["endpoint"].endswith(f":{port}")
    assert SERVICES["registry"]["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"].endswith(
        collector["receivers"]["otlp"]["protocols"]["grpc"]["endpoint"].rpartition(":")[2]
    )
