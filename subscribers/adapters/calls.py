"""Calls through the gateway, as anybody else would make them: the proof that a service answers, or no longer does."""

import ssl
import time

import httpx

from subscribers.adapter import Proof, Route, Service
from subscribers.adapters.gateway import RELEASE_HEADER

CALL_SECONDS, SETTLE_SECONDS, PAUSE_SECONDS = 5.0, 1.0, 0.005
CALLS_AT_ONCE, READ_BYTES = 100, 64 * 1024


class Calls:
    """`gateway`: its base URL. `trust_store`: certificates that prove a gateway that is called by https.

    `answered`: a header that the gateway adds to answers of a service only, where it has such a one.
    """

    def __init__(self, gateway: str, trust_store: str, answered: str = "") -> None:
        self._gateway, self._answered = gateway, answered
        secure = gateway.startswith("https:")
        verify = ssl.create_default_context(cafile=trust_store) if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        limits = httpx.Limits(max_connections=CALLS_AT_ONCE)
        self._client = httpx.Client(timeout=CALL_SECONDS, trust_env=False, verify=verify, limits=limits)

    def probe(self, service: Service) -> Proof:
        """Call each interface, and look who answered at which release."""
        for route in service.routes:
            proof = self._settled(route, service.release, {"NOT_ROUTED", "RELEASE_DIFFERS", "GATEWAY_UNREACHABLE"})
            if proof.reason:
                return proof
        return Proof()

    def probe_gone(self, service: Service) -> Proof:
        """No interface of it is answered by a release of its offering any more."""
        for route in service.routes:
            proof = self._settled(route, "", {"RELEASE_DIFFERS", "GATEWAY_UNREACHABLE"})
            if proof.reason == "RELEASE_DIFFERS":
                return Proof("STILL_ROUTED", proof.message)
            if proof.reason != "NOT_ROUTED":
                return proof
        return Proof()

    def header(self, path: str, name: str) -> str | None:
        """A header of the gateway's answer at a path, on a connection of its own; '' for none, None for no answer."""
        try:
            with self._client.stream("GET", self._gateway + path, headers={"connection": "close"}) as response:
                return str(response.headers.get(name, ""))
        except httpx.HTTPError:
            return None

    def _settled(self, route: Route, release: str, unsettled: set[str]) -> Proof:
        """The proof once it is none of `unsettled`: a gateway may change over."""
        end = time.monotonic() + SETTLE_SECONDS
        while (proof := self._call(route, release)).reason in unsettled and time.monotonic() < end:
            time.sleep(PAUSE_SECONDS)
        return proof

    def _call(self, route: Route, release: str) -> Proof:
        """Who answered at the route, and whether at the release."""
        try:
            response = self._answer(route)
        except httpx.ReadTimeout:
            where = f"{route.upstream.host}:{route.upstream.port}"
            return Proof("UPSTREAM_UNAVAILABLE", f"{where} gave no answer in {CALL_SECONDS:g} s")
        except httpx.HTTPError as error:
            return Proof("GATEWAY_UNREACHABLE", f"{self._gateway}: {type(error).__name__}")
        answered = response.headers.get(RELEASE_HEADER, "")
        if not answered:
            place = route.authority if route.upstream.grpc else route.path
            return Proof("NOT_ROUTED", f"the gateway has no route for {place}")
        if answered != release:
            return Proof("RELEASE_DIFFERS", f"the gateway answers with {answered[:200]}")
        if response.is_server_error or (self._answered and self._answered not in response.headers):
            where = f"{route.upstream.host}:{route.upstream.port}"
            return Proof("UPSTREAM_UNAVAILABLE", f"{where} gave {response.status_code}")
        return Proof()

    def reach(self) -> Proof:
        """Whether the gateway answers at all."""
        try:
            with self._client.stream("GET", self._gateway):
                return Proof()
        except httpx.HTTPError as error:
            return Proof("GATEWAY_UNREACHABLE", f"{self._gateway}: {type(error).__name__}")

    def close(self) -> None:
        """Close connections."""
        self._client.close()

    def _answer(self, route: Route) -> httpx.Response:
        """Status and headers; what a service sends after them is of no interest, and may have no end."""
        if not route.upstream.grpc:
            with self._client.stream("GET", self._gateway + route.path) as response:
                if int(response.headers.get("content-length", READ_BYTES)) < READ_BYTES:
                    response.read()  # so that the connection can be used again
                return response
        headers = {"host": route.authority, "content-type": "application/grpc", "te": "trailers"}
        url = f"{self._gateway}/grpc.health.v1.Health/Check"
        with self._client.stream("POST", url, headers=headers, content=bytes(5)) as response:
            return response
