"""The gRPC server put together: handlers, health, reflection, and a stop that lets watchers resume elsewhere."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from registry.domain.limits import MESSAGE_BYTES
from registry.errors import Precondition
from registry.identity.trust import Trust
from registry.loopback import is_loopback_host
from registry.rpc import edge, watch
from registry.rpc.binder import SERVICES
from registry.rpc.buckets import Rates
from registry.rpc.doorkeeper import Doorkeeper
from registry.rpc.tail import Tail
from registry.rpc.tls import server_credentials
from registry.rpc.viewer import Limits
from registry.store import Store

# Above the limit that the edge explains, so that its explanation is what callers see.
TRANSPORT_BYTES = MESSAGE_BYTES + 128 * 1024
GRACE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Serving:
    """What a server serves with: its limits, who comes in, and whether others may look into its methods.

    `certificates`: clients show one, or do not get in.
    """

    door: Doorkeeper
    limits: Limits = field(default=Limits())
    rates: Rates = field(default=Rates())
    trust: Trust | None = None
    certificates: bool = False
    reflection: bool = True


class RpcServer:
    """The server at one address. `address` has the real port once it has started."""

    def __init__(self, services: Mapping[str, object], store: Store, tail: Tail, serving: Serving) -> None:
        self._tail, self._serving = tail, serving
        tail.on_turn.append(self._turned)
        options = [
            ("grpc.max_receive_message_length", TRANSPORT_BYTES),
            ("grpc.max_send_message_length", -1),
            ("grpc.so_reuseport", 0),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
        ]
        self._server = grpc.aio.server(options=options)
        unary = edge.Edge(store, serving.door, serving.rates).handlers(services)
        streams = {watch.PATH: watch.handler(tail, store, serving.limits, serving.door)}
        self._server.add_generic_rpc_handlers((edge.Router(unary, streams),))
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = [service.full_name for service in SERVICES]
        self._names = [*names, ""]
        if serving.reflection:
            reflection.enable_server_reflection([*names, reflection.SERVICE_NAME, health.SERVICE_NAME], self._server)
        self.address = ""

    async def start(self, address: str) -> None:
        """Listen. Errors: Precondition when the address has no TLS and is not loopback, or is taken."""
        host, _, _ = address.rpartition(":")
        try:
            port = self._listen(host, address)
        except RuntimeError as error:
            text = f"{address} cannot be listened on: another program has it, or it is not of this machine."
            raise Precondition("ADDRESS_UNAVAILABLE", text, address=address) from error
        self.address = f"{host}:{port}"
        await self._server.start()
        await self._report(health_pb2.HealthCheckResponse.SERVING)

    def _listen(self, host: str, address: str) -> int:
        trust = self._serving.trust
        if trust is None or (trust.serving is None and not self._serving.certificates):
            require_loopback(host, "GEMENSAM_GRPC_ADDRESS", address)
            return self._server.add_insecure_port(address)
        return self._server.add_secure_port(address, server_credentials(trust, certificates=self._serving.certificates))

    async def stop(self) -> None:
        """Say so, end the streams with their resume positions, then let calls in flight finish."""
        await self._report(health_pb2.HealthCheckResponse.NOT_SERVING)
        self._tail.close()
        await asyncio.sleep(0)
        await self._server.stop(GRACE_SECONDS)

    async def _turned(self, well: bool) -> None:
        """A balancer need not send calls here while the store is out of reach."""
        if not self._tail.closing:
            await self._report(
                health_pb2.HealthCheckResponse.SERVING if well else health_pb2.HealthCheckResponse.NOT_SERVING
            )

    async def _report(self, status: int) -> None:
        for name in self._names:
            await self._health.set(name, status)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    return is_loopback_host(host) or host.strip("[]") == "unix"


def require_loopback(host: str, setting: str, address: str) -> None:
    """Refuse what others could reach without TLS. Errors: Precondition ADDRESS_NOT_LOOPBACK."""
    if not is_loopback(host):
        text = (
            f"{address} can be reached by others and has no TLS: set {setting} to a loopback address, for example"
            " 127.0.0.1:7400, or GEMENSAM_TRUST to a file that has a `server` (docs/identity.md)."
        )
        raise Precondition("ADDRESS_NOT_LOOPBACK", text, setting=setting, address=address)
