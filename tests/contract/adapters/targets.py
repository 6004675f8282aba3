"""Real targets as the conformance suite asks for them: reached, and seen by others than the adapter."""

import json
import subprocess
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import httpx

from subscribers.adapter import MARK, Upstream
from subscribers.adapters.envoy_admin import EnvoyAdmin
from subscribers.adapters.envoy_files import CLUSTERS, ROUTES
from tests.components import upstream as services
from tests.contract.adapters.folder import Folder


def place(service: services.Upstream) -> Upstream:
    """The upstream of a running service."""
    return Upstream("http", "127.0.0.1", service.port, "", ("127.0.0.1",))


class FilesTarget(Folder):
    """A folder."""

    def __init__(self, folder: Path, service: services.Upstream) -> None:
        super().__init__(folder, {"notes.txt": "ours", "a.b.gemensam.json": '{"mark": "theirs"}', "x.json": "{}"})
        self.upstream = place(service)
        self.options: Mapping[str, Any] = {"kind": "files", "directory": str(folder)}

    def is_valid(self) -> bool:
        return all(json.loads(path.read_text()) for path in self.folder.glob("*.gemensam.json"))


class EnvoyTarget:
    """A running Envoy."""

    passing: ClassVar[frozenset[str]] = frozenset()  # files that come and go while nothing of ours is there

    def __init__(self, gateway: Any, service: services.Upstream) -> None:
        self.gateway, self.upstream = gateway, place(service)
        self.options: Mapping[str, Any] = {"kind": gateway.kind, **gateway.options()}

    def put_foreign(self) -> None:
        self._edit("clusters.json", {"@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster", "name": "theirs"})
        host = {"name": "theirs", "domains": ["theirs.example"], "routes": []}
        self._edit("routes.json", host)

    def foreign(self) -> str:
        clusters, routes = (self._content(name) for name in ("clusters.json", "routes.json"))
        hosts = [host for each in routes for host in each["virtual_hosts"] if host["name"] == "theirs"]
        return str([[each for each in clusters if each["name"] == "theirs"], hosts]) if hosts else ""

    def traces(self) -> str:
        """Our mark in the files, in Envoy's own view, and files left behind."""
        found = [each for name in ("clusters.json", "routes.json") for each in self._marked(self._content(name))]
        left = [path.name for path in self.gateway.directory.iterdir() if path.suffix != ".json"]
        left = [name for name in left if name not in self.passing]
        loaded = self._marked(self.gateway.dump()["configs"])
        return "".join(map(str, [*found, *left, *loaded]))

    def is_valid(self) -> bool:
        """Envoy refused nothing and runs on the files."""
        with closing(EnvoyAdmin(self.gateway.admin)) as admin, closing(self.gateway.adapter()) as adapter:
            refused = admin.rejected(CLUSTERS) + admin.rejected(ROUTES)
            return refused == 0 and not any(text.startswith("not loaded") for text in adapter.observe().values())

    def _content(self, name: str) -> Any:
        return json.loads((self.gateway.directory / name).read_text())["resources"]

    def _edit(self, name: str, added: dict[str, Any]) -> None:
        path = self.gateway.directory / name
        content = json.loads(path.read_text())
        place = content["resources"][0]["virtual_hosts"] if name == "routes.json" else content["resources"]
        place.append(added)
        content["version_info"] = "by hand"
        partial = path.with_suffix(".new")
        partial.write_text(json.dumps(content))
        partial.replace(path)

    def _marked(self, resources: Any) -> list[str]:
        return [text for text in map(json.dumps, resources) if MARK in text or "gemensam/" in text]


class EnvoyXdsTarget(EnvoyTarget):
    """A running Envoy that is told by a stream: what is the operator's own is static in its bootstrap."""

    passing: ClassVar = frozenset({".envoys.json.partial"})

    def put_foreign(self) -> None:
        bootstrap = json.loads(self.gateway.config.read_text())
        theirs = {"name": "theirs", "type": "STATIC", "load_assignment": {"cluster_name": "theirs"}}
        bootstrap["static_resources"]["clusters"].append(theirs)
        self.gateway.config.write_text(json.dumps(bootstrap))
        self.gateway.stop()
        self.gateway.start()

    def foreign(self) -> str:
        """The bootstrap, and what is static in Envoy's own view."""
        parts = {each["@type"].rpartition(".")[2]: each for each in self.gateway.dump()["configs"]}
        static = [each["cluster"] for each in parts["ClustersConfigDump"]["static_clusters"]]
        listeners = [each["listener"] for each in parts["ListenersConfigDump"]["static_listeners"]]
        seen = json.dumps([static, listeners])
        return f"{self.gateway.config.read_text()} {seen}" if '"theirs"' in seen else ""


class MarkedFilesTarget:
    """A gateway that reads files of ours, which somebody else may write into, beside a configuration of the operator's."""

    added: ClassVar[Mapping[str, str]]

    def __init__(self, gateway: Any, service: services.Upstream) -> None:
        self.gateway, self.upstream = gateway, place(service)
        self.options: Mapping[str, Any] = {"kind": gateway.kind, **gateway.options()}

    def put_foreign(self) -> None:
        (self.gateway.directory / "theirs.txt").write_text("theirs")
        for name, text in self.added.items():
            with (self.gateway.directory / "current" / name).open("a") as file:
                file.write(text)

    def foreign(self) -> str:
        """The operator's own configuration, their file beside ours, their lines in ours, and what the gateway serves."""
        current = self.gateway.directory / "current"
        lines = {name: text in (current / name).read_text() for name, text in self.added.items()}
        beside = self.gateway.directory / "theirs.txt"
        found = beside.read_text() if beside.exists() and all(lines.values()) else ""
        return found and f"{found} {lines} {self.gateway.config.read_text()}"

    def traces(self) -> str:
        """Our mark in any file, files left behind, and what the gateway itself tells of ours."""
        paths = [each for each in sorted(self.gateway.directory.glob("**/*")) if each.is_file()]
        marked = [text for each in paths if MARK in (text := each.read_text()) or "gemensam" in text]
        folders = [each.name for each in self.gateway.directory.iterdir() if each.is_dir()]
        left = folders[2:]  # the current generation, and the link to it
        return "".join([*marked, *left, self.running()])

    def running(self) -> str:
        raise NotImplementedError

    def is_valid(self) -> bool:
        words = [*self.gateway.command, "-t" if self.gateway.kind == "nginx" else "-c", "-q"]
        tested = subprocess.run(words, capture_output=True, check=False, timeout=60)
        with closing(self.gateway.adapter()) as adapter:
            return tested.returncode == 0 and not any(text.startswith("not") for text in adapter.observe().values())


class NginxTarget(MarkedFilesTarget):
    """A running nginx."""

    added: ClassVar = {
        "http.conf": "map $uri $theirs {\n    default x;\n}\n",
        "server.conf": "location /theirs {\n    return 204;\n}\n",
    }

    def running(self) -> str:
        answer = httpx.get(f"{self.gateway.url}/.gemensam/version", trust_env=False)
        return str(answer.headers.get("gemensam-version", ""))


class HAProxyTarget(MarkedFilesTarget):
    """A running HAProxy."""

    added: ClassVar = {"backends.cfg": "backend theirs\n    mode http\n", "paths.map": "/theirs/ theirs\n"}

    def running(self) -> str:
        return "".join(line for line in self.gateway.runtime("show backend").splitlines() if "gemensam" in line)


class CaddyTarget:
    """A running Caddy."""

    def __init__(self, gateway: Any, service: services.Upstream) -> None:
        self.gateway, self.upstream = gateway, place(service)
        self.options: Mapping[str, Any] = {"kind": gateway.kind, **gateway.options()}

    def put_foreign(self) -> None:
        answer = {"handler": "static_response", "status_code": 204}
        self._put("routes/0", {"@id": "theirs", "match": [{"path": ["/theirs"]}], "handle": [answer]})

    def foreign(self) -> str:
        """All of the configuration that is not our one route, once theirs is there."""
        content = self.gateway.configuration()
        server = content["apps"]["http"]["servers"]["gateway"]
        server["routes"] = [each for each in server["routes"] if each.get("@id") != "gemensam"]
        return json.dumps(content) if any(each.get("@id") == "theirs" for each in server["routes"]) else ""

    def traces(self) -> str:
        text = json.dumps(self.gateway.configuration())
        return text if "gemensam" in text else ""

    def is_valid(self) -> bool:
        """Caddy takes what it holds once more."""
        url, content = f"http://{self.gateway.admin}/load", self.gateway.configuration()
        forced = {"cache-control": "must-revalidate"}
        return httpx.post(url, json=content, headers=forced, timeout=60, trust_env=False).status_code == 200

    def _put(self, place: str, value: object) -> None:
        url = f"http://{self.gateway.admin}/config/apps/http/servers/gateway/{place}"
        httpx.put(url, json=value, trust_env=False).raise_for_status()


TARGETS: Mapping[str, Callable[[Any, services.Upstream], Any]] = {
    "envoy": EnvoyTarget,
    "envoy-xds": EnvoyXdsTarget,
    "nginx": NginxTarget,
    "haproxy": HAProxyTarget,
    "caddy": CaddyTarget,
}
