"""A gRPC server by TLS that answers who calls, as the registry's own edge would ask."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc

from registry.identity import Proven
from registry.identity.trust import Trust
from registry.rpc.errors import abort
from registry.rpc.tls import presented, server_credentials
from tests.components.issuing import Authority, Issued

WHO = "/test.Identity/Who"


@dataclass(frozen=True, slots=True)
class Identified:
    """Where it is, and who called which method."""

    address: str
    met: list[tuple[str, str]]


class _Every(grpc.GenericRpcHandler):
    """Takes every unary method, and answers who called it; where an answer has another form, an empty one."""

    def __init__(self, trust: Trust, met: list[tuple[str, str]]) -> None:
        self._trust, self._met = trust, met

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """A handler of any method."""
        method = handler_call_details.method

        async def who(_data: bytes, context: Any) -> bytes:
            try:
                principal = (await self._proven(context)).principal
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - the caller gets a reason
                await abort(context, error, method)
            self._met.append((method, principal))
            return principal.encode() if method == WHO else b""

        return grpc.unary_unary_rpc_method_handler(who)

    async def _proven(self, context: Any) -> Proven:
        bearer = dict(context.invocation_metadata()).get("authorization", "").removeprefix("Bearer ")
        pem = presented(context)
        return await self._trust.token(bearer, pem) if bearer else self._trust.certificate(pem)


@asynccontextmanager
async def identified(trust: Trust, *, certificates: bool) -> AsyncIterator[Identified]:
    """Such a server, for as long as the block lasts."""
    met: list[tuple[str, str]] = []
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((_Every(trust, met),))
    port = server.add_secure_port("127.0.0.1:0", server_credentials(trust, certificates=certificates))
    await server.start()
    try:
        yield Identified(f"127.0.0.1:{port}", met)
    finally:
        await server.stop(0)


async def ask(server: Identified, authority: Authority, shown: Issued | None = None, token: str = "") -> str:
    """Who the server says it was, over a connection of its own. Errors: AioRpcError."""
    files = (shown.key_file.read_bytes(), shown.pem) if shown else ()
    credentials = grpc.ssl_channel_credentials(authority.certificate_pem, *files)
    own = [("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.secure_channel(server.address, credentials, options=own) as channel:
        metadata = [("authorization", f"Bearer {token}")] if token else None
        answer: bytes = await channel.unary_unary(WHO)(b"", metadata=metadata, timeout=20)
        return answer.decode()
