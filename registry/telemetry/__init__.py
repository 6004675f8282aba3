"""Traces, metrics and logs: set up once, with every name in one place. Costs next to nothing while nobody listens."""

from registry.telemetry import logs
from registry.telemetry.spans import (
    Attributes,
    Command,
    carried,
    client_span,
    export,
    failed,
    linked_span,
    listening,
    new_traceparent,
    refused,
    step_span,
    trace_id,
    use,
    work_span,
)

__all__ = (
    "Attributes",
    "Command",
    "carried",
    "client_span",
    "configure",
    "export",
    "failed",
    "linked_span",
    "listening",
    "new_traceparent",
    "refused",
    "step_span",
    "trace_id",
    "use",
    "work_span",
)


def configure(service: str, *, json_logs: bool = False) -> None:
    """Logs to stderr; spans by OTLP when OTEL_EXPORTER_OTLP_ENDPOINT is set."""
    logs.configure(json_logs=json_logs)
    export(service)
