"""The Kubernetes manifests as text: valid by the schema of its versions, and fitting each other and the program."""

import inspect
import re
from collections.abc import Iterator

import kubernetes_validate
import pytest
import yaml

from registry import web
from registry.settings import Settings
from tests.checks.commands import programs, wrong
from tests.checks.problem import ROOT
from tests.unit.deploy import kustomize
from tests.unit.deploy.kustomize import Manifest, containers, pods

FOLDER = ROOT / "deploy" / "kubernetes"
VERSIONS = ("1.32.0", "1.35.0")
BUILT = {name: kustomize.build(FOLDER / name) for name in ("base", "production")}
ALL = [(place, each) for place, found in BUILT.items() for each in found]
IDS = [f"{place}-{each['kind']}-{each['metadata']['name']}" for place, each in ALL]
PRODUCTION = BUILT["production"]
SECRETS = {"gemensam-database", "gemensam-tls", "gemensam-signing", "gemensam-kafka"}


def of(kind: str, name: str = "gemensam") -> Manifest:
    """One of production's."""
    (found,) = [each for each in PRODUCTION if each["kind"] == kind and each["metadata"]["name"] == name]
    return found


def registry() -> Manifest:
    """The container that serves."""
    (found,) = of("Deployment")["spec"]["template"]["spec"]["containers"]
    return dict(found)


def selected(selector: Manifest) -> list[str]:
    """Kinds whose pods a selector finds."""
    labelled = [(each, each["spec"]["template"]["metadata"]["labels"]) for each in PRODUCTION if list(pods(each))]
    return [each["kind"] for each, labels in labelled if selector.items() <= labels.items()]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("_place", "manifest"), ALL, ids=IDS)
def test_every_manifest_is_valid(_place: str, manifest: Manifest, version: str) -> None:
    used = kubernetes_validate.validate(manifest, version, strict=True)
    assert used.startswith(version.rpartition(".")[0])


def test_a_word_that_does_not_exist_is_not_valid() -> None:
    broken = {**of("PodDisruptionBudget"), "spec": {"maxUnavailabel": 1}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, VERSIONS[0], strict=True)


def test_probes_ask_what_the_web_face_answers() -> None:
    paths = set(re.findall(r'Route\("([^"]+)"', inspect.getsource(web)))
    probes = {name: registry()[f"{name}Probe"]["httpGet"] for name in ("startup", "readiness", "liveness")}
    assert {probe["path"] for probe in probes.values()} <= paths
    assert probes["readiness"]["path"] == "/health/ready"
    assert probes["liveness"]["path"] == probes["startup"]["path"] == "/health/live"
    assert {probe["scheme"] for probe in probes.values()} == {"HTTPS"}, "there is a certificate"


def test_ports_are_those_that_the_program_is_told_and_names_fit() -> None:
    told = of("ConfigMap")["data"]
    ports = {each["name"]: each["containerPort"] for each in registry()["ports"]}
    settings = {"grpc": "GRPC_ADDRESS", "certificates": "CERTIFICATE_ADDRESS", "web": "WEB_ADDRESS"}
    assert {name: int(told[f"GEMENSAM_{setting}"].rpartition(":")[2]) for name, setting in settings.items()} == ports
    for service in (each for each in PRODUCTION if each["kind"] == "Service"):
        for port in service["spec"]["ports"]:
            assert ports[port["targetPort"]] == port["port"]
        assert selected(service["spec"]["selector"]) == ["Deployment"]
    assert {registry()[f"{name}Probe"]["httpGet"]["port"] for name in ("startup", "readiness", "liveness")} == {"web"}


@pytest.mark.parametrize(("place", "manifest"), ALL, ids=IDS)
def test_pods_are_restricted(place: str, manifest: Manifest) -> None:
    for pod in pods(manifest):
        security = pod["securityContext"]
        assert security["runAsNonRoot"] is True
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert f"--uid {security['runAsUser']} " in (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
        assert pod["automountServiceAccountToken"] is False
    for each in containers(manifest):
        assert each["securityContext"] == {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
        }, place  # fmt: skip
        assert {"cpu", "memory"} <= set(each["resources"]["requests"])
        assert "memory" in each["resources"]["limits"]
        assert {"name": "tmp", "mountPath": "/tmp"} in each["volumeMounts"]  # noqa: S108


def test_commands_are_those_of_the_program_and_images_are_pinned() -> None:
    known = programs()
    for each in (container for manifest in PRODUCTION for container in containers(manifest)):
        program, *words = each["command"]
        assert list(wrong(known[program], program, words)) == []
        assert re.fullmatch(r"[a-z.]+/gemensam:\d+\.\d+\.\d+", each["image"])
    version = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["x-gemensam"]["image"]
    assert registry()["image"].endswith(f"/{version}")


def test_what_is_mounted_and_named_exists() -> None:
    maps = {each["metadata"]["name"] for each in PRODUCTION if each["kind"] == "ConfigMap"}
    secrets = set()
    for pod in (pod for manifest in PRODUCTION for pod in pods(manifest)):
        volumes = {each["name"]: each for each in pod["volumes"]}
        mounted = {
            each["name"] for one in (*pod.get("initContainers", []), *pod["containers"]) for each in one["volumeMounts"]
        }
        assert mounted == set(volumes)
        assert {each["configMap"]["name"] for each in volumes.values() if "configMap" in each} <= maps
        secrets |= {each["secret"]["secretName"] for each in volumes.values() if "secret" in each}
        assert pod["serviceAccountName"] == of("ServiceAccount")["metadata"]["name"]
    for manifest in PRODUCTION:
        for each in containers(manifest):
            assert {one["configMapRef"]["name"] for one in each.get("envFrom", [])} <= maps
            secrets |= {one["valueFrom"]["secretKeyRef"]["name"] for one in each.get("env", [])}
    assert secrets == SECRETS
    told = (ROOT / "deploy" / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in told for name in SECRETS)


def test_files_that_settings_name_lie_below_what_is_mounted() -> None:
    places = [each["mountPath"] for each in registry()["volumeMounts"]]
    files = [value for value in of("ConfigMap")["data"].values() if value.startswith("/")]
    assert files
    assert all(any(file == place or file.startswith(f"{place}/") for place in places) for file in files)
    assert Settings(data="x", trust="y").trust is not None  # type: ignore[arg-type]


def test_nothing_may_talk_but_what_is_said() -> None:
    policies = {each["metadata"]["name"]: each["spec"] for each in PRODUCTION if each["kind"] == "NetworkPolicy"}
    assert policies.pop("deny") == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    opened: dict[str, set[int]] = {"Ingress": set(), "Egress": set()}
    for spec in policies.values():
        (direction,) = spec["policyTypes"]
        assert "Deployment" in selected(spec["podSelector"]["matchLabels"])
        for rule in spec[direction.lower()]:
            opened[direction] |= {port["port"] for port in rule["ports"]}
    assert opened == {"Ingress": {7400, 7401, 7480}, "Egress": {53, 5432, 9093, 4317, 443}}


def test_one_server_ends_at_a_time_and_as_many_as_are_needed_run() -> None:
    assert selected(of("PodDisruptionBudget")["spec"]["selector"]["matchLabels"]) == ["Deployment"]
    scaled = of("HorizontalPodAutoscaler")["spec"]
    assert scaled["scaleTargetRef"]["name"] == of("Deployment")["metadata"]["name"]
    assert 1 < scaled["minReplicas"] <= scaled["maxReplicas"]
    assert "replicas" not in of("Deployment")["spec"], "the autoscaler says how many"


def names(manifest: Manifest) -> Iterator[str]:
    """Settings of ours that a manifest tells."""
    yield from re.findall(r"\bGEMENSAM_[A-Z_]+", yaml.safe_dump(manifest))


def test_the_registry_is_told_only_what_it_knows_and_can_read() -> None:
    known = {f"GEMENSAM_{name.upper()}" for name in Settings.model_fields}
    assert {name for manifest in PRODUCTION for name in names(manifest)} <= known
    told = {
        name.removeprefix("GEMENSAM_").lower(): value
        for name, value in of("ConfigMap")["data"].items()
        if name.startswith("GEMENSAM_")
    }
    assert Settings(**told).identity == "required"
