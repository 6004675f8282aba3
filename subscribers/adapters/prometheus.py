"""Tells a Prometheus which services to watch, through the body's own gateway, and proves that it does.

The targets are in one file, in the form that `file_sd_configs` and `http_sd_configs` both read; with `listen` it is
served as well, for a Prometheus on another machine. Groups of others in the file stay.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from subscribers.adapter import AdapterError, Description, Plan, Proof, Service
from subscribers.adapters import names
from subscribers.adapters.prometheus_api import Labels, PrometheusApi
from subscribers.adapters.prometheus_file import SUBSCRIPTION, TargetsFile, served

SETTLE_SECONDS, PAUSE_SECONDS = 20.0, 0.1  # Prometheus looks at its targets every five seconds
FILE = "gemensam.json"
_HEALTH = "/grpc.health.v1.Health/Check"


class PrometheusAdapter:
    """`directory`: where the file is; `url`: of Prometheus; `gateway`: base URL that services are called by.

    `listen`: address and port where the file is served by HTTP; '' for none.
    """

    def __init__(self, *, directory: str, url: str, gateway: str, listen: str = "") -> None:
        self._url, self._scheme, self._place = url.rstrip("/"), *_gateway(gateway)
        self._file, self._api = TargetsFile(Path(directory) / FILE), PrometheusApi(self._url)
        self._closed = threading.Event()
        self._server = served(listen, self._file) if listen else None

    def describe(self) -> Description:
        """Who it is. It knows whether Prometheus watches a service, and calls none itself."""
        return Description("prometheus", self._url, probes=False)

    def check(self) -> None:
        """Prometheus answers, and follows the file or an address where it is served."""
        self._file.prepare()
        if not self._api.follows(self._file.path, served=self._server is not None):
            words = f"Prometheus follows no {self._file.path}: name it in `file_sd_configs`, or its address in"
            raise AdapterError("TARGET_NOT_FOLLOWING", f"{words} `http_sd_configs`.")

    def render(self, service: Service) -> str:
        """One group of targets for each interface. Errors: AdapterError NAME_REFUSED."""
        return _text([self._group(names.checked(service), number) for number in range(len(service.routes))])

    def observe(self) -> Mapping[str, str]:
        """The groups in the file under our mark."""
        return {key: _text(groups) for key, groups in self._file.ours().items()}

    def apply(self, plan: Plan) -> None:
        """Write the file once, whole or not at all."""
        for step in plan.steps:
            names.parts(step.key)
        self._file.change({step.key: json.loads(step.after) if step.after else [] for step in plan.steps})

    def probe(self, service: Service) -> Proof:
        """Prometheus has each interface at this release among its targets, whatever they answer."""
        wanted = self._file.ours().get(service.key, [])
        if _text(wanted) != self.render(service):
            return Proof("FILE_DIFFERS", f"{self._file.path} does not have it as wanted")
        labels = [_known(group) for group in wanted]
        if self._settled(service.key, lambda known: all(any(each <= one for one in known) for each in labels)):
            return Proof()
        return Proof("TARGET_NOT_TAKEN", f"Prometheus has not taken it up in {SETTLE_SECONDS:g} s")

    def probe_gone(self, service: Service) -> Proof:
        """Prometheus watches nothing of it any more."""
        if service.key in self._file.ours():
            return Proof("STILL_THERE", f"{self._file.path} has it")
        if self._settled(service.key, lambda known: not known):
            return Proof()
        return Proof("STILL_WATCHED", f"Prometheus watches it {SETTLE_SECONDS:g} s after it left")

    def remove(self) -> None:
        """Take our groups out of the file."""
        self._file.change({key: [] for key in self._file.ours()})

    def close(self) -> None:
        """Serve the file no more, and close connections."""
        self._closed.set()
        if self._server:
            self._server.stop()
        self._api.close()

    def _group(self, service: Service, number: int) -> dict[str, Any]:
        route = service.routes[number]
        labels = {
            "__scheme__": self._scheme,
            "__metrics_path__": _HEALTH if route.upstream.grpc else route.path,
            SUBSCRIPTION: service.key,
            "gemensam_offering": service.offering,
            "gemensam_release": service.release,
            "gemensam_interface": route.interface,
            "gemensam_environment": service.environment,
        }
        if route.upstream.grpc:
            labels["__param_hostname"] = route.authority
        return {"targets": [self._place], "labels": labels}

    def _settled(self, key: str, so: Callable[[Sequence[Labels]], bool]) -> bool:
        end = time.monotonic() + SETTLE_SECONDS
        while not so(self._api.known().get(key, ())):
            if time.monotonic() > end or self._closed.wait(PAUSE_SECONDS):
                return False
        return True


def _gateway(url: str) -> tuple[str, str]:
    scheme, _, place = url.rstrip("/").partition("://")
    if scheme not in {"http", "https"} or not place or "/" in place:
        raise ValueError("`gateway` must be http://host:port or https://host:port")
    return scheme, place if ":" in place.rpartition("]")[2] else f"{place}:{443 if scheme == 'https' else 80}"


def _known(group: Mapping[str, Any]) -> Labels:
    """What Prometheus knows of a target of the group before the operator's relabelling."""
    return frozenset({**group["labels"], "__address__": group["targets"][0]}.items())


def _text(groups: list[dict[str, Any]]) -> str:
    return json.dumps(groups, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
