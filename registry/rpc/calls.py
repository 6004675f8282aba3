"""A unary call as a span and a measured time: around every handler, that of kept replies too, so it has to be cheap."""

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

import grpc
from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.trace import Span, Status, StatusCode

from registry.rpc.caller import TRACEPARENT, Metadata, metadata_of
from registry.telemetry import attributes as names
from registry.telemetry import listening, metrics, spans

Handler = Callable[[bytes, Any], Awaitable[bytes]]
Answers = Callable[[bytes, Any, Metadata], Awaitable[bytes]]
_NAMES = {code.value[0]: code.name for code in grpc.StatusCode}
_OK = grpc.StatusCode.OK.value[0]
_CANCELLED, _UNKNOWN = grpc.StatusCode.CANCELLED.value[0], grpc.StatusCode.UNKNOWN.value[0]
# The server's own faults: what a caller did wrong is no error of the span, as the conventions ask.
_FAULTS = frozenset({"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"})


def observed(path: str, handler: Answers) -> Handler:
    """The handler of a path, with a span below the caller's, its duration and its code."""
    method, measures = path[1:], dict[int, Any]()
    attributes = {names.RPC_SYSTEM: "grpc", names.RPC_METHOD: method}

    def measured(seconds: float, code: int, exemplar: dict[str, str] | None) -> None:
        if code not in measures:  # made when first met, so that the page shows only what has happened
            measures[code] = metrics.RPC_DURATION.labels(method, _NAMES.get(code, str(code)))
        measures[code].observe(seconds, exemplar)

    async def handle(data: bytes, context: Any) -> bytes:
        start, code, metadata = perf_counter(), _OK, metadata_of(context)
        span = spans.begin(method, attributes, str(metadata.get(TRACEPARENT, ""))) if listening() else None
        token = contexts.attach(trace.set_span_in_context(span)) if span else None
        try:
            return await handler(data, context, metadata)
        except BaseException as error:
            code = _code(error, context)
            raise
        finally:
            if token:
                contexts.detach(token)
            measured(perf_counter() - start, code, _ended(span, code) if span else None)

    return handle


def _ended(span: Span, code: int) -> dict[str, str] | None:
    """End the span; what leads from the measured time to it, when it is recorded."""
    if not span.is_recording():
        return None
    name = _NAMES.get(code, str(code))
    span.set_attribute(names.RPC_STATUS, name)
    if code != _OK:
        span.set_attribute(names.ERROR_TYPE, name)
    if name in _FAULTS:
        span.set_status(Status(StatusCode.ERROR))
    span.end()
    return {"trace_id": f"{span.get_span_context().trace_id:032x}"}


def _code(error: BaseException, context: Any) -> int:
    """The code of a call that was ended: as it was said, else what gRPC makes of the error."""
    code = context.code()
    if code:
        return code if isinstance(code, int) else int(code.value[0])
    return _CANCELLED if isinstance(error, asyncio.CancelledError) else _UNKNOWN
