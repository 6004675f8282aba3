"""The two files that an Envoy follows or is served: ours and others' things in them, each write whole or not at all."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from subscribers.adapter import AdapterError
from subscribers.adapters import envoy_config as config
from subscribers.adapters.envoy_config import Json

CLUSTERS, ROUTES = "clusters.json", "routes.json"
_EMPTY: Mapping[str, list[Json]] = {CLUSTERS: [], ROUTES: [config.route_config([])]}


class EnvoyFiles:
    """A folder with `clusters.json` and `routes.json`. Errors of every call: AdapterError."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def prepare(self) -> None:
        """Make the folder and files that Envoy must find when it starts."""
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise AdapterError("TARGET_UNAVAILABLE", f"{self._directory}: {error.strerror}") from error
        for name, resources in _EMPTY.items():
            if not (self._directory / name).exists():
                self.write(name, config.discovery(resources))

    def clusters(self) -> tuple[str, list[Json]]:
        """The version in the file, and every cluster of it."""
        return self.resources(CLUSTERS)

    def routes(self) -> "tuple[str, RoutesFile]":
        """The version in the file, and its routes."""
        version, resources = self.resources(ROUTES)
        try:
            return version, RoutesFile(resources)
        except (AttributeError, TypeError) as error:
            raise self._damaged(ROUTES) from error

    def write(self, name: str, content: Json) -> None:
        """Put a file in place by renaming; Envoy sees the old or the new one."""
        path = self._directory / name
        partial = path.with_name(f".{name}.partial")
        try:
            with partial.open("w", encoding="utf-8") as file:
                json.dump(content, file, ensure_ascii=False, indent=1)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except OSError as error:
            raise AdapterError("TARGET_UNAVAILABLE", f"{path}: {error.strerror}") from error

    def resources(self, name: str) -> tuple[str, list[Json]]:
        """The version in a file ('' when it is not there), and its resources."""
        try:
            content = json.loads((self._directory / name).read_text(encoding="utf-8"))
            resources = content.get("resources", [])
            if isinstance(resources, list) and all(isinstance(each, dict) for each in resources):
                return str(content.get("version_info", "")), resources
        except FileNotFoundError:
            return "", _EMPTY[name]
        except OSError as error:
            raise AdapterError("TARGET_UNAVAILABLE", f"{self._directory / name}: {error.strerror}") from error
        except (ValueError, AttributeError, TypeError) as error:
            raise self._damaged(name) from error
        raise self._damaged(name)

    def _damaged(self, name: str) -> AdapterError:
        words = f"{self._directory / name} is not a DiscoveryResponse in JSON; repair it, or remove it to have it made."
        return AdapterError("TARGET_DAMAGED", words)


class RoutesFile:
    """The routes of our virtual host, beside whatever else the file holds."""

    def __init__(self, resources: list[Json]) -> None:
        named = [each for each in resources if each.get("name") == config.ROUTE_CONFIG]
        self._others = [each for each in resources if each not in named]
        self._table: Json = named[0] if named else {}
        hosts: list[Json] = self._table.get("virtual_hosts", [])
        ours = [host for host in hosts if host.get("name") == config.ROUTE_CONFIG]
        self._hosts = [host for host in hosts if host not in ours]
        self._host: Json = ours[0] if ours else {}
        self.routes: list[Any] = list(self._host.get("routes", []))

    def having(self, routes: list[Json]) -> list[Json]:
        """The file's resources with these routes in our virtual host; all else as it was."""
        ours = config.route_config(routes)
        host = {**ours["virtual_hosts"][0], **self._host, "routes": routes}
        return [{**ours, **self._table, "virtual_hosts": [*self._hosts, host]}, *self._others]
