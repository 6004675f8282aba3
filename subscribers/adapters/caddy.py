"""Caddy by its admin address: one route of ours in the operator's own server, changed in one call or not at all.

Caddy keeps what it serves in memory. One that was started anew without `--resume`, or was given its configuration
again, has ours no more: the next pass of the subscriber puts them back.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from subscribers.adapter import AdapterError, Description, Plan, Proof, Service
from subscribers.adapters import caddy_config as config
from subscribers.adapters.caddy_admin import CaddyAdmin, Changed
from subscribers.adapters.caddy_config import Json
from subscribers.adapters.calls import Calls
from subscribers.adapters.gateway import TRUST_STORE

TRIES = 5


class CaddyAdapter:
    """`gateway`: base URL of the server; `admin`: host:port of the admin address; `server`: its name in `apps.http`.

    `trust_store`: a file with the certificates that prove upstreams (as Caddy sees it) and a gateway called by https.
    """

    def __init__(self, *, gateway: str, admin: str, server: str = "srv0", trust_store: str = TRUST_STORE) -> None:
        self._gateway, self._trust_store = gateway.rstrip("/"), trust_store
        self._admin = CaddyAdmin(admin, server)
        self._calls = Calls(self._gateway, trust_store)

    def describe(self) -> Description:
        """Who it is."""
        return Description("caddy", self._gateway, probes=True)

    def check(self) -> None:
        """Caddy has the server, and its gateway answers."""
        self._admin.check()
        if (proof := self._calls.reach()).reason:
            raise AdapterError(proof.reason, proof.message)

    def render(self, service: Service) -> str:
        """Routes of the service."""
        return config.text(config.routes(service, self._trust_store))

    def observe(self) -> Mapping[str, str]:
        """What Caddy holds under our mark."""
        found: dict[str, list[Json]] = {}
        for route in _ours(self._admin.routes()[0] or [])[1]:
            if key := config.key_of(route):
                found.setdefault(key, []).append(route)
        return {key: config.text(routes) for key, routes in found.items()}

    def apply(self, plan: Plan) -> None:
        """One change for all steps. Errors: GATEWAY_REJECTED, with everything as it was; TARGET_UNAVAILABLE."""
        touched = {step.key for step in plan.steps}
        new = [route for step in plan.steps if step.after for route in json.loads(step.after)]
        self._bring(lambda held: _merged(held, touched, new))

    def probe(self, service: Service) -> Proof:
        """Call each interface through the gateway."""
        return self._calls.probe(service)

    def probe_gone(self, service: Service) -> Proof:
        """No interface of it is answered any more."""
        return self._calls.probe_gone(service)

    def remove(self) -> None:
        """Take all of ours away."""
        self._bring(lambda held: [each for each in held if not config.key_of(each)])

    def close(self) -> None:
        """Close connections."""
        self._calls.close()
        self._admin.close()

    def _bring(self, change: Callable[[list[Any]], list[Any]]) -> None:
        """Change what is held now. Caddy refuses a change to what it holds no more: then it is tried again."""
        for _ in range(TRIES):
            routes, seen = self._admin.routes()
            place, held = _ours(routes or [])
            inner = change(held)
            try:
                self._put(place, inner, seen, missing=routes is None)
            except Changed:
                continue
            return
        raise AdapterError("TARGET_UNAVAILABLE", "Caddy's routes are changed by somebody else all the time.")

    def _put(self, place: int, inner: list[Any], seen: str, *, missing: bool) -> None:
        """Ours stand before the operator's own, which may take everything."""
        outer = config.container(inner)
        if place >= 0:
            self._admin.change("PATCH" if inner else "DELETE", f"/{place}", outer if inner else None, seen)
        elif missing and inner:
            self._admin.change("POST", "", [outer], seen)
        elif inner:
            self._admin.change("PUT", "/0", outer, seen)


def _ours(routes: Sequence[Any]) -> tuple[int, list[Any]]:
    """The place of our container, -1 for none, and what it holds."""
    for number, route in enumerate(routes):
        if isinstance(route, dict) and route.get("@id") == config.CONTAINER:
            return number, config.inner(route)
    return -1, []


def _merged(held: list[Any], touched: set[str], new: list[Json]) -> list[Any]:
    """Ours in the order of their keys, then what others put there, in their order."""
    ours = [each for each in held if config.key_of(each) and config.key_of(each) not in touched] + new
    return sorted(ours, key=config.key_of) + [each for each in held if not config.key_of(each)]
