"""What every Envoy is told, whichever way: clusters first, then routes, then clusters without a route go.

So no request is dropped. `clusters.json` and `routes.json` in a folder are what the gateway should run on; who follows
them tells whether it does. Both may hold things of others: whatever lacks our mark stays as it is.
"""

import json
import time
from collections.abc import Collection, Mapping
from typing import Protocol

from subscribers.adapter import AdapterError, Description, Plan, Proof, Service
from subscribers.adapters import envoy_config as config
from subscribers.adapters.calls import Calls
from subscribers.adapters.envoy_config import Json
from subscribers.adapters.envoy_files import CLUSTERS, ROUTES, EnvoyFiles

LOADED_SECONDS, PAUSE_SECONDS = 10.0, 0.005  # a thousand clusters take an idle machine about a second
UNHURRIED_SECONDS = 0.05


class Follower(Protocol):
    """Who follows the files. Errors of every call: AdapterError TARGET_UNAVAILABLE."""

    def version(self, name: str) -> str:
        """The version of the file that the gateway runs on; '' for none."""

    def rejected(self, name: str) -> int:
        """How many versions of the file it has refused."""

    def reason(self, name: str) -> str:
        """Why it refused the last one."""

    def close(self) -> None:
        """Close connections."""


class EnvoyGateway:
    """An adapter but for its constructor: `kind` is its name, `gateway` the base URL of the gateway.

    `trust_store`: a file with the certificates that prove upstreams (as Envoy sees it) and a gateway called by https.
    """

    def __init__(self, kind: str, gateway: str, trust_store: str, files: EnvoyFiles, follower: Follower) -> None:
        self._kind, self._gateway, self._trust_store = kind, gateway.rstrip("/"), trust_store
        self._files, self._follower = files, follower
        self._calls = Calls(self._gateway, trust_store, "x-envoy-upstream-service-time")

    def describe(self) -> Description:
        """Who it is."""
        return Description(self._kind, self._gateway, probes=True)

    def check(self) -> None:
        """Envoy follows both files and its gateway answers."""
        missing = [name for name in (CLUSTERS, ROUTES) if not self._follower.version(name)]
        if missing:
            words = f"Envoy runs on no {' and '.join(missing)}: its bootstrap must follow them (see `bootstrap`)."
            raise AdapterError("TARGET_NOT_FOLLOWING", words)
        if (proof := self._calls.reach()).reason:
            raise AdapterError(proof.reason, proof.message)

    def render(self, service: Service) -> str:
        """Clusters and routes of the service."""
        return config.text(config.fragment(service, self._trust_store))

    def observe(self) -> Mapping[str, str]:
        """What the files hold under our mark, each noted as stale when the gateway runs on something else."""
        (clusters_version, clusters), (routes_version, file) = self._files.clusters(), self._files.routes()
        loaded = self._versions()
        note = "" if not loaded or loaded == [clusters_version, routes_version] else "not loaded by the gateway\n"
        found: dict[str, Json] = {}
        for part, resources in (("clusters", clusters), ("routes", file.routes)):
            for resource in resources:
                if key := config.key_of(resource):
                    found.setdefault(key, {"clusters": [], "routes": []})[part].append(resource)
        return {key: note + config.text(each) for key, each in found.items()}

    def apply(self, plan: Plan) -> None:
        """Make before break. Errors: GATEWAY_REJECTED, with the files put back; TARGET_UNAVAILABLE, files written."""
        clusters, file = self._files.clusters()[1], self._files.routes()[1]
        touched = {step.key for step in plan.steps}
        after = [json.loads(step.after) for step in plan.steps if step.after]
        routes = _merged(file.routes, touched, [each for part in after for each in part["routes"]])
        wanted = _merged(clusters, touched, [each for part in after for each in part["clusters"]])
        both = list({each["name"]: each for each in (*clusters, *wanted)}.values())
        try:
            self._publish(CLUSTERS, both, touched)
            self._publish(ROUTES, file.having(routes), touched)
            self._publish(CLUSTERS, wanted, touched)
        except AdapterError as error:
            if error.reason == "GATEWAY_REJECTED":
                # What came while the gateway was away was never loaded: it is not put back when it is at fault.
                bad = [each for each in (*routes, *wanted) if config.key_of(each) in error.keys]
                put_back = [[each for each in before if each not in bad] for before in (file.routes, clusters)]
                self._write({ROUTES: file.having(put_back[0]), CLUSTERS: put_back[1]})
            else:
                self._write({CLUSTERS: both, ROUTES: file.having(routes)})
            raise

    def probe(self, service: Service) -> Proof:
        """Call each interface through the gateway."""
        return self._calls.probe(service)

    def probe_gone(self, service: Service) -> Proof:
        """No interface of it is answered any more."""
        return self._calls.probe_gone(service)

    def remove(self) -> None:
        """Take our routes and clusters away; out of the files also when Envoy does not answer, and then says so."""
        clusters, file = self._files.clusters()[1], self._files.routes()[1]
        routes = [each for each in file.routes if not config.key_of(each)]
        others = [each for each in clusters if not config.key_of(each)]
        try:
            self._publish(ROUTES, file.having(routes))
            self._publish(CLUSTERS, others)
        except AdapterError:
            self._write({ROUTES: file.having(routes), CLUSTERS: others})
            raise

    def close(self) -> None:
        """Close connections to the gateway."""
        self._calls.close()
        self._follower.close()

    def prepare(self) -> None:
        """Make the folder and files that Envoy must find when it starts."""
        self._files.prepare()

    def _publish(self, name: str, resources: list[Json], touched: Collection[str] = ()) -> None:
        """Write, and wait until the gateway runs on it. Who is named in a refusal, of those touched, is at fault."""
        content, before = config.discovery(resources), self._follower.rejected(name)
        self._files.write(name, content)
        start = time.monotonic()
        while self._follower.version(name) != content["version_info"]:
            passed = time.monotonic() - start
            if passed > UNHURRIED_SECONDS and self._follower.rejected(name) > before:
                reason = self._follower.reason(name)
                at_fault = [key for key in touched if f"{key}/" in reason]
                raise AdapterError("GATEWAY_REJECTED", f"Envoy refuses the new {name}: {reason}", at_fault)
            if passed > LOADED_SECONDS:
                raise AdapterError("TARGET_UNAVAILABLE", f"Envoy has not loaded {name} after {LOADED_SECONDS} s.")
            time.sleep(PAUSE_SECONDS)

    def _write(self, files: Mapping[str, list[Json]]) -> None:
        """In this order, without waiting."""
        for name, resources in files.items():
            self._files.write(name, config.discovery(resources))

    def _versions(self) -> list[str]:
        try:
            return [self._follower.version(CLUSTERS), self._follower.version(ROUTES)]
        except AdapterError:
            return []


def _merged(present: list[Json], touched: set[str], new: list[Json]) -> list[Json]:
    """Ours in the order of their keys, then what others put there, in their order."""
    ours = [each for each in present if config.key_of(each) and config.key_of(each) not in touched] + new
    return sorted(ours, key=config.key_of) + [each for each in present if not config.key_of(each)]
