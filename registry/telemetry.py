"""Traces and logs: set up once, with every attribute name in one place. Costs next to nothing while nobody listens."""

import logging
import os
import secrets
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import structlog
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

RPC_SYSTEM = "rpc.system.name"
RPC_METHOD = "rpc.method"
RPC_STATUS = "rpc.response.status_code"
ERROR_TYPE = "error.type"
REASON = "gemensam.error.reason"
RESOURCE = "gemensam.resource.name"
RELEASE = "gemensam.release.name"
REVISION = "gemensam.revision"
MAX_LINKS = 128  # the SDK keeps no more
TRACEPARENT_LENGTH = 55
_PROPAGATOR = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("gemensam")
_listening = False


def configure(service: str, *, json_logs: bool = False) -> None:
    """Logs to stderr; spans by OTLP when OTEL_EXPORTER_OTLP_ENDPOINT is set."""
    renderer: Any = structlog.processors.JSONRenderer() if json_logs else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _trace_ids,
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        _export(service)


def _export(service: str) -> None:
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - only if asked

    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    use(provider)


def use(provider: TracerProvider) -> None:
    """Send spans to a provider from now on."""
    global _tracer, _listening
    _tracer, _listening = provider.get_tracer("gemensam"), True


def _trace_ids(_logger: object, _name: str, event: Any) -> Any:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = f"{context.trace_id:032x}"
    return event


@contextmanager
def server_span(path: str, traceparent: str) -> Iterator[str]:
    """A span of one call below the caller's; gives the traceparent to store with the command."""
    if not _listening:
        yield traceparent
        return
    parent = _PROPAGATOR.extract({"traceparent": traceparent}) if traceparent else None
    attributes = {RPC_SYSTEM: "grpc", RPC_METHOD: path[1:]}
    with _tracer.start_as_current_span(path[1:], parent, SpanKind.SERVER, attributes, record_exception=False) as span:
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier)
        try:
            yield carrier.get("traceparent", traceparent)
        except Exception as error:
            span.set_attribute(ERROR_TYPE, type(error).__name__)
            span.set_attribute(REASON, getattr(error, "reason", "INTERNAL"))
            span.set_status(Status(StatusCode.ERROR))
            raise


@contextmanager
def work_span(name: str, traceparents: Iterable[str] = ()) -> Iterator[str]:
    """A span of work that follows from commands of others: linked to theirs, not below them. Gives its traceparent.

    While nobody listens, the first command's traceparent stands in for it.
    """
    given = [each for each in dict.fromkeys(traceparents) if each]
    if not _listening:
        yield given[0] if given else ""
        return
    contexts = [trace.get_current_span(_PROPAGATOR.extract({"traceparent": each})).get_span_context() for each in given]
    links = [trace.Link(each) for each in contexts if each.is_valid][:MAX_LINKS]
    with _tracer.start_as_current_span(name, kind=SpanKind.INTERNAL, links=links):
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier)
        yield carrier.get("traceparent", "")


def new_traceparent() -> str:
    """The beginning of a trace, for a program that sends none of its own spans."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def trace_id(traceparent: str) -> str:
    """The 32 hexadecimal digits that name the trace; '' when there is none."""
    return traceparent[3:35] if len(traceparent) == TRACEPARENT_LENGTH else ""


def with_traceparent(caller: Any, traceparent: str) -> Any:
    """The caller with the traceparent that its command shall carry."""
    return caller if traceparent == caller.traceparent else replace(caller, traceparent=traceparent)
