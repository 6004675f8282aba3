"""A gRPC server by TLS that answers who calls, as the registry's own edge would ask."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc

from registry.identity.trust import Trust
from registry.rpc.errors import abort
from registry.rpc.tls import presented, server_credentials
from tests.components.issuing import Authority, Issued

WHO = "/test.Identity/Who"


@asynccontextmanager
async def identified(trust: Trust, *, certificates: bool) -> AsyncIterator[str]:
    """Its address, for as long as the block lasts."""

    async def who(_data: bytes, context: Any) -> bytes:
        bearer = dict(context.invocation_metadata()).get("authorization", "").removeprefix("Bearer ")
        pem = presented(context)
        try:
            proven = await trust.token(bearer, pem) if bearer else trust.certificate(pem)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - the caller gets a reason
            await abort(context, error, WHO)
        return proven.principal.encode()

    server = grpc.aio.server()
    handler = grpc.method_handlers_generic_handler("test.Identity", {"Who": grpc.unary_unary_rpc_method_handler(who)})
    server.add_generic_rpc_handlers((handler,))
    port = server.add_secure_port("127.0.0.1:0", server_credentials(trust, certificates=certificates))
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(0)


async def ask(address: str, authority: Authority, shown: Issued | None = None, token: str = "") -> str:
    """Who the server says it was, over a connection of its own. Errors: AioRpcError."""
    files = (shown.key_file.read_bytes(), shown.pem) if shown else ()
    credentials = grpc.ssl_channel_credentials(authority.certificate_pem, *files)
    own = [("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.secure_channel(address, credentials, options=own) as channel:
        metadata = [("authorization", f"Bearer {token}")] if token else None
        answer: bytes = await channel.unary_unary(WHO)(b"", metadata=metadata, timeout=20)
        return answer.decode()
