"""The edge: bytes in, bytes out. Caller, rate, size, cache, use case, errors, in this order and nowhere else."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from registry import telemetry
from registry.api.v1.error_reason_pb2 import ErrorReason
from registry.domain.limits import MESSAGE_BYTES
from registry.errors import Denied, Invalid, NotServed, RegistryError, TooLarge
from registry.rpc.binder import Method, UseCase, methods
from registry.rpc.buckets import Buckets, Rates, UnderWay
from registry.rpc.cache import ReplyCache
from registry.rpc.caller import Metadata
from registry.rpc.calls import Answers, Handler, observed
from registry.rpc.doorkeeper import Doorkeeper, check_rights
from registry.rpc.errors import abort
from registry.store import Caller, Store

_PREFIX = "ERROR_REASON_"
_REFUSALS = ("NOT_GRANTED", "FIELD_PROTECTED")
# A contract of exactly 4 MiB must fit with the message that carries it.
ENVELOPE = {"PublishRelease": 64 * 1024, "Apply": 64 * 1024}


class Edge:
    """Makes the handlers of unary methods."""

    def __init__(self, store: Store, door: Doorkeeper, rates: Rates) -> None:
        self._store, self._door = store, door
        self._cache = ReplyCache(store)
        self._callers = Buckets("calls of a principal", rates.principal, rates.principal)
        self._organisations = Buckets("calls for an organisation", rates.organisation, rates.organisation)
        self._under_way = UnderWay("calls under way", rates.under_way)

    def handlers(self, services: Mapping[str, object]) -> dict[str, Handler]:
        """The handler of every unary method, by path."""
        return {method.path: observed(method.path, self._handler(method)) for method in methods(services)}

    def _handler(self, method: Method) -> Answers:
        path, use_case = method.path, method.use_case
        if use_case is None:
            return _not_served(path)

        async def handle(data: bytes, context: Any, metadata: Metadata) -> bytes:
            caller = None
            try:
                caller = await self._door.enter(context, metadata)
                if caller.authority.unlimited:
                    return await self._answer(method, use_case, data, context, caller)
                self._admit(method, caller)
                try:
                    return await self._answer(method, use_case, data, context, caller)
                finally:
                    self._under_way.end(caller.actor)
            except asyncio.CancelledError:
                raise
            except BaseException as error:  # noqa: BLE001 - whatever it is, the caller gets a reason
                if isinstance(error, RegistryError):
                    self._door.refused(context, caller, path, error)
                await abort(context, error, path)

        return handle

    def _admit(self, method: Method, caller: Caller) -> None:
        """Within what the caller may ask for; then one more is under way. Errors: NOT_GRANTED, RATE_EXCEEDED."""
        if method.writes:
            check_rights(caller)
        self._callers.take(caller.actor)
        if organisation := next((right.organisation for right in caller.authority.rights), ""):
            self._organisations.take(organisation)
        self._under_way.begin(caller.actor)

    async def _answer(self, method: Method, use_case: UseCase, data: bytes, context: Any, caller: Caller) -> bytes:
        sight = caller.authority.sight
        if method.cached and (kept := self._cache.get(method.path, data, sight)) is not None:
            return kept
        head = self._store.head_revision
        request = _decoded(method, data)
        reply = await use_case(request, telemetry.carried(caller))
        for error in _refused_entries(reply):
            self._door.refused(context, caller, method.path, error)
        encoded = reply if isinstance(reply, bytes) else reply.SerializeToString()
        if method.cached:
            self._cache.put(method.path, data, sight, encoded, head)
        return encoded


def _refused_entries(reply: Any) -> Iterator[RegistryError]:
    """The entries of a batch that the caller has no right to: the others may have been written."""
    for result in getattr(reply, "results", ()):
        if result.HasField("error") and ErrorReason.Name(result.error.reason).endswith(_REFUSALS):
            yield Denied(ErrorReason.Name(result.error.reason).removeprefix(_PREFIX), "", name=result.name)


def _decoded(method: Method, data: bytes) -> Any:
    maximum = MESSAGE_BYTES + ENVELOPE.get(method.path.rsplit("/", 1)[1], 0)
    if len(data) > maximum:
        text = f"The request has {len(data)} bytes; at most {maximum} are allowed."
        raise TooLarge("LIMIT_EXCEEDED", text, limit="message bytes", maximum=maximum, actual=len(data))
    try:
        return method.request.FromString(data)
    except DecodeError as error:
        text = f"The request is not a {method.request.DESCRIPTOR.full_name}: compare the protos."
        raise Invalid("FIELD_INVALID", text, field="") from error


def _not_served(path: str) -> Answers:
    async def refuse(_data: bytes, context: Any, _metadata: Metadata) -> bytes:
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
