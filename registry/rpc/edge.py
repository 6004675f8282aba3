"""The edge: bytes in, bytes out. Size, cache, caller, use case, errors, in this order and nowhere else."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from registry import telemetry
from registry.domain.limits import MESSAGE_BYTES
from registry.errors import Invalid, NotServed, TooLarge
from registry.rpc.binder import Method, methods
from registry.rpc.cache import ReplyCache
from registry.rpc.caller import caller_of
from registry.rpc.calls import observed
from registry.rpc.errors import abort
from registry.store import Store

Handler = Callable[[bytes, Any], Awaitable[bytes]]
# A contract of exactly 4 MiB must fit with the message that carries it.
ENVELOPE = {"PublishRelease": 64 * 1024, "Apply": 64 * 1024}


def handlers(services: Mapping[str, object], store: Store) -> dict[str, Handler]:
    """The handler of every unary method, by path."""
    cache = ReplyCache(store)
    return {method.path: observed(method.path, _handler(method, store, cache)) for method in methods(services)}


def _handler(method: Method, store: Store, cache: ReplyCache) -> Handler:
    path, use_case = method.path, method.use_case
    if use_case is None:
        return _not_served(path)
    maximum = MESSAGE_BYTES + ENVELOPE.get(path.rsplit("/", 1)[1], 0)

    async def answer(data: bytes, context: Any) -> bytes:
        caller = caller_of(context.invocation_metadata())
        request = _decoded(method, data, maximum)
        reply = await use_case(request, telemetry.carried(caller))
        return reply if isinstance(reply, bytes) else reply.SerializeToString()

    async def handle(data: bytes, context: Any) -> bytes:
        try:
            return await answer(data, context)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it is, the caller gets a reason
            await abort(context, error, path)

    async def handle_cached(data: bytes, context: Any) -> bytes:
        if (kept := cache.get(path, data)) is not None:
            return kept
        head = store.head_revision
        reply = await handle(data, context)
        cache.put(path, data, reply, head)
        return reply

    return handle_cached if method.cached else handle


def _decoded(method: Method, data: bytes, maximum: int) -> Any:
    if len(data) > maximum:
        text = f"The request has {len(data)} bytes; at most {maximum} are allowed."
        raise TooLarge("LIMIT_EXCEEDED", text, limit="message bytes", maximum=maximum, actual=len(data))
    try:
        return method.request.FromString(data)
    except DecodeError as error:
        text = f"The request is not a {method.request.DESCRIPTOR.full_name}: compare the protos."
        raise Invalid("FIELD_INVALID", text, field="") from error


def _not_served(path: str) -> Handler:
    async def refuse(_data: bytes, context: Any) -> bytes:
        text = f"{path} is part of the contract, but not served by this version."
        await abort(context, NotServed("NOT_IMPLEMENTED", text, method=path), path)

    return refuse


class Router(grpc.GenericRpcHandler):
    """Finds handlers by path; everything is bytes."""

    def __init__(self, unary: Mapping[str, Handler], streams: Mapping[str, Any]) -> None:
        self._handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
            path: grpc.unary_unary_rpc_method_handler(each) for path, each in unary.items()
        }
        self._handlers |= {path: grpc.unary_stream_rpc_method_handler(each) for path, each in streams.items()}

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[Any, Any] | None":
        """The handler of a call, or None."""
        return self._handlers.get(handler_call_details.method)
