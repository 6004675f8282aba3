"""Writes the body's services as entities of a Backstage catalogue: one YAML file for each, found by a file location."""

import hashlib
import re
from typing import Any

import yaml

from subscribers.adapter import MARK, Route, Service
from subscribers.adapters import names
from subscribers.adapters.files import DAMAGED, FilesAdapter, named

VERSION = "backstage.io/v1alpha1"
_OWNER = re.compile(r"([a-z]+:)?([a-z0-9-]{1,63}/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?", re.ASCII)
_NAME_CHARACTERS = 63
_HEAD = f"# {MARK} "
# The C writer makes the same text some ten times sooner.
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class BackstageAdapter(FilesAdapter):
    """`directory`: where a location of type `file` looks (`*.gemensam.yaml`); `owner`: the entity that owns them."""

    name, suffix = "backstage", ".gemensam.yaml"

    def __init__(self, *, directory: str, owner: str) -> None:
        if not _OWNER.fullmatch(owner):
            raise ValueError("`owner` must name an entity, for example `group:default/it`")
        super().__init__(directory=directory)
        self._owner = owner

    def render(self, service: Service) -> str:
        """A component that stands for the service, and an API for each interface. Errors: AdapterError NAME_REFUSED."""
        entities = entities_of(names.checked(service), self._owner)
        body = yaml.dump_all(entities, Dumper=_DUMPER, allow_unicode=True, sort_keys=False, width=120)
        return f"{_HEAD}{service.key}\n---\n{body}"

    def owner(self, name: str, text: str) -> str:
        """By the first line, which is ours; a file that is empty or no text is known by its name."""
        if text == DAMAGED:
            return named(name, self.suffix)
        key = text.partition("\n")[0].removeprefix(_HEAD)
        return key if text.startswith(_HEAD) and names.KEY.fullmatch(key) else ""


def entities_of(service: Service, owner: str) -> list[dict[str, Any]]:
    """The entities of a service, as Backstage's descriptor format has them."""
    organisation, subscription = names.parts(service.key)
    lifecycle = "production" if service.environment == "production" else "experimental"
    version = service.release.rpartition("/")[2]

    def entity(kind: str, name: str, title: str, spec: dict[str, Any]) -> dict[str, Any]:
        annotations = {f"{MARK}/subscription": service.key, f"{MARK}/release": service.release}
        metadata = {"namespace": organisation, "name": name, "title": title, "annotations": annotations}
        common = {"lifecycle": lifecycle, "owner": owner}
        return {"apiVersion": VERSION, "kind": kind, "metadata": metadata, "spec": {**spec, **common}}

    title = service.title or service.offering
    apis = [
        entity("API", _name(subscription, route), f"{title} ({route.interface})", _api(route, title, version))
        for route in service.routes
    ]
    consumed = [f"api:{organisation}/{each['metadata']['name']}" for each in apis]
    spec = {"type": "service", "consumesApis": consumed}
    return [entity("Component", subscription, title, spec), *apis]


def _api(route: Route, title: str, version: str) -> dict[str, Any]:
    """What is called by path is said as OpenAPI: where it answers; its contract is in the registry."""
    if route.upstream.grpc:
        return {"type": "grpc", "definition": f"// authority at the gateway: {route.authority}\n"}
    server = {"url": route.path, "description": f"{route.upstream.host}, through the body's gateway"}
    content = {"openapi": "3.1.0", "info": {"title": title, "version": version}, "servers": [server], "paths": {}}
    return {"type": "openapi", "definition": yaml.dump(content, Dumper=_DUMPER, allow_unicode=True, sort_keys=False)}


def _name(subscription: str, route: Route) -> str:
    """At most as long as Backstage takes, and of no two interfaces the same."""
    name = f"{subscription}.{route.interface}"
    if len(name) <= _NAME_CHARACTERS:
        return name
    return f"{name[:46]}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"
