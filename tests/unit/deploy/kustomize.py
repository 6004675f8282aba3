"""Just enough kustomize to know what a folder makes of its manifests; a word that it does not know is refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

WORDS = {"apiVersion", "kind", "resources", "labels", "namespace", "images", "patches"}
Manifest = dict[str, Any]


def build(folder: Path) -> list[Manifest]:
    """The manifests of a folder's kustomization. Fails for files that are missing, not named, or change nothing."""
    said: Any = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    unknown = set(said) - WORDS
    assert not unknown, f"{folder}: {unknown}"
    patches = [each["path"] for each in said.get("patches", [])]
    named = {"kustomization.yaml", *patches, *said["resources"]}
    assert {path.name for path in folder.iterdir()} <= named, f"{folder}: files that nothing names"
    found = [each for name in said["resources"] for each in _resources(folder / name)]
    names = [(each["kind"], each["metadata"]["name"]) for each in found]
    assert len(set(names)) == len(names), f"{folder}: twice the same"
    for path in patches:
        (patch,) = read(folder / path)
        (target,) = [each for each in found if _key(each) == _key(patch)]
        _merge(target, patch)
    for each in found:
        _finish(each, said)
    return found


def read(file: Path) -> list[Manifest]:
    """The manifests of a file."""
    return [each for each in yaml.safe_load_all(file.read_text(encoding="utf-8")) if each]


def pods(manifest: Manifest) -> Iterator[Manifest]:
    """The pods that a manifest makes."""
    if template := manifest.get("spec", {}).get("template"):
        yield template["spec"]


def containers(manifest: Manifest) -> Iterator[Manifest]:
    """Every container of them."""
    for pod in pods(manifest):
        yield from (*pod.get("initContainers", []), *pod["containers"])


def _resources(path: Path) -> list[Manifest]:
    return build(path.resolve()) if path.is_dir() else read(path)


def _key(manifest: Manifest) -> tuple[str, str, str]:
    return manifest["apiVersion"], manifest["kind"], manifest["metadata"]["name"]


def _merge(target: Manifest, patch: Manifest) -> None:
    for name, value in patch.items():
        if isinstance(value, dict) and isinstance(target.get(name), dict):
            _merge(target[name], value)
        elif isinstance(value, list) and isinstance(target.get(name), list):
            _merge_list(target[name], value)
        else:
            target[name] = value


def _merge_list(target: list[Any], patch: list[Any]) -> None:
    """Lists are merged by `name`, mounts by their place, as Kubernetes does."""
    for each in patch:
        key = "mountPath" if "mountPath" in each else "name"
        same = [one for one in target if one[key] == each[key]]
        if same:
            _merge(same[0], each)
        else:
            target.insert(0, each)


def _finish(manifest: Manifest, said: Manifest) -> None:
    if namespace := said.get("namespace"):
        manifest["metadata"]["namespace"] = namespace
    for each in said.get("labels", []):
        assert set(each) == {"pairs"}
        manifest["metadata"].setdefault("labels", {}).update(each["pairs"])
    images = {each["name"]: f"{each['newName']}:{each['newTag']}" for each in said.get("images", [])}
    for container in containers(manifest):
        container["image"] = images.get(container["image"], container["image"])
