"""Sends spans by OTLP, and decides which: as OTEL_TRACES_SAMPLER says, and what follows from commands as they did."""

import os
from collections.abc import Sequence

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState
from opentelemetry.util.types import Attributes


class AsTheirCommands(Sampler):
    """Work that is linked to commands is recorded when one of them was; everything else as the other sampler says.

    Links are only made to commands that were recorded. By its own chance, a tenth of a tenth of all publications would
    be traced to the end; so, a tenth is.
    """

    def __init__(self, otherwise: Sampler) -> None:
        self._otherwise = otherwise

    def should_sample(  # noqa: PLR0917 - the SDK's own
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Whether a span that begins is recorded."""
        if links:
            return SamplingResult(Decision.RECORD_AND_SAMPLE, attributes)
        return self._otherwise.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)

    def get_description(self) -> str:
        """For people."""
        return f"AsTheirCommands{{{self._otherwise.get_description()}}}"


def provider(service: str) -> TracerProvider:
    """Spans of a service, with the SDK's own settings (OTEL_*), to OTEL_EXPORTER_OTLP_ENDPOINT. No exporter: kept."""
    made = TracerProvider(resource=Resource.create({"service.name": service}))
    made.sampler = AsTheirCommands(made.sampler)
    if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        made.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return made
