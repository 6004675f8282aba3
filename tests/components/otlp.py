"""A real receiver of OTLP over gRPC, as a collector is one: keeps every span that is exported to it."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)

ERROR = 2  # the status code of OTLP


@dataclass(frozen=True, slots=True)
class Span:
    """A span as it was exported. `links` are (trace id, attributes)."""

    service: str
    name: str
    kind: int
    trace_id: str
    span_id: str
    parent: str
    attributes: Mapping[str, Any]
    links: tuple[tuple[str, Mapping[str, Any]], ...]
    status: int


class Sink(TraceServiceServicer):
    """What was exported."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.address = ""

    def Export(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802 - the contract's name
        for each in request.resource_spans:
            service = _values(each.resource.attributes)["service.name"]
            self.spans += [_span(service, span) for scope in each.scope_spans for span in scope.spans]
        return ExportTraceServiceResponse()

    def named(self, name: str, **attributes: Any) -> list[Span]:
        """Spans whose names end so, with these attributes (with _ for .)."""
        wanted = {key.replace("_", "."): value for key, value in attributes.items()}
        return [each for each in self.spans if each.name.endswith(name) and wanted.items() <= each.attributes.items()]

    def environment(self, **more: str) -> dict[str, str]:
        """What makes a program export here, soon after a span has ended."""
        endpoint = f"http://{self.address}"
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_BSP_SCHEDULE_DELAY": "50"} | more

    async def until(self, condition: Callable[[], Any], seconds: float = 30) -> Any:
        """Wait until the condition gives something true."""
        async with asyncio.timeout(seconds):
            while not (found := condition()):
                await asyncio.sleep(0.02)
            return found


@contextmanager
def sink() -> Iterator[Sink]:
    """A receiver at a free port of loopback, for as long as the block lasts."""
    made, server = Sink(), grpc.server(ThreadPoolExecutor(2))
    add_TraceServiceServicer_to_server(made, server)
    made.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield made
    finally:
        server.stop(0).wait()


def _span(service: str, span: Any) -> Span:
    links = tuple((each.trace_id.hex(), _values(each.attributes)) for each in span.links)
    ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
    return Span(service, span.name, span.kind, *ids, _values(span.attributes), links, span.status.code)


def _values(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}
