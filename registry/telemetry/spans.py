"""Spans, for whoever works: one trace from a command to what followed from it. Free while nobody listens."""

import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from registry.telemetry import attributes as names
from registry.telemetry.chance import Choice, choice

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

MAX_LINKS = 128  # the SDK keeps no more
TRACEPARENT_LENGTH = 55
_ODD = frozenset("13579bdf")
_PROPAGATOR = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("gemensam")
_chosen: Any = _tracer  # the same, for what the sampler has chosen already
_chooses: Choice = lambda _name, _attributes: False  # noqa: E731
_listening = False
Attributes = Mapping[str, str | int]
Command = tuple[str, Attributes]  # its traceparent, and what is said of it at the link


def export(service: str) -> None:
    """Send spans by OTLP from now on, when OTEL_EXPORTER_OTLP_ENDPOINT is set."""
    if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") and not _listening:
        from registry.telemetry.otlp import provider  # noqa: PLC0415 - only if asked: the SDK takes a while to load

        use(provider(service))


def use(provider: "TracerProvider") -> None:
    """Send spans to a provider from now on."""
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON as always  # noqa: N811, PLC0415 - the SDK takes a while to load

    global _tracer, _chosen, _chooses, _listening
    tracer: Any = provider.get_tracer("gemensam")
    _tracer, _chosen, _chooses = tracer, copy(tracer), choice(tracer.sampler)
    _chosen.sampler, _listening = always, True


def listening() -> bool:
    """Whether anybody does."""
    return _listening


def begin(name: str, attributes: Attributes, traceparent: str) -> Span | None:
    """A span of one call below the caller's, not the current one yet; None when it begins a trace nobody records.

    It is chosen before anything is made: of the hot reads, most are not recorded.
    """
    if not traceparent:
        return _chosen.start_span(name, None, SpanKind.SERVER, attributes) if _chooses(name, attributes) else None
    parent = _PROPAGATOR.extract({"traceparent": traceparent})
    return _tracer.start_span(name, parent, SpanKind.SERVER, attributes)


@contextmanager
def work_span(
    name: str,
    traceparents: Iterable[str] = (),
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: Attributes | None = None,
) -> Iterator[str]:
    """A span of work that follows from commands of others: linked to theirs, not below them. Gives its traceparent.

    While nobody listens, or when none of the commands was recorded, the first one's traceparent stands in for it.
    """
    given = [each for each in dict.fromkeys(traceparents) if each]
    with linked_span(name, ((each, {}) for each in given), kind=kind, attributes=attributes or {}) as span:
        yield _written(span) if span.is_recording() or not given else given[0]


@contextmanager
def linked_span(name: str, commands: Iterable[Command], *, kind: SpanKind, attributes: Attributes) -> Iterator[Span]:
    """A span with a link to each command that was recorded, at most 128; it is none when none of them was.

    `commands` are not looked at while nobody listens.
    """
    if not _listening:
        yield trace.INVALID_SPAN
        return
    links, first = list[trace.Link](), None
    for traceparent, said in commands:
        if first is not None and not is_recorded(traceparent):
            continue
        found = _span_of(traceparent)
        first = first or found
        if is_recorded(traceparent) and found.get_span_context().is_valid:
            links.append(trace.Link(found.get_span_context(), dict(said)))
            if len(links) == MAX_LINKS:
                break
    if first is not None and not links:
        with trace.use_span(first):  # what happens within is of a trace that nobody records, either
            yield first
        return
    with (
        _tracer.start_as_current_span(
            name, kind=kind, attributes=attributes, links=links, record_exception=False, set_status_on_exception=False
        ) as span,
        _told(span),
    ):
        yield span


@contextmanager
def step_span(name: str, attributes: Attributes | None = None) -> Iterator[Span]:
    """A span of a part of the work that is under way."""
    with linked_span(name, (), kind=SpanKind.INTERNAL, attributes=attributes or {}) as span:
        yield span


@contextmanager
def client_span(path: str, traceparent: str, attributes: Attributes) -> Iterator[str]:
    """A span of one call to the registry, below the work that it reports of. Gives the traceparent to call with."""
    if not _listening:
        yield traceparent
        return
    parent = _PROPAGATOR.extract({"traceparent": traceparent}) if traceparent else None
    said = {names.RPC_SYSTEM: "grpc", names.RPC_METHOD: path[1:], **attributes}
    with (
        _tracer.start_as_current_span(
            path[1:], parent, SpanKind.CLIENT, said, record_exception=False, set_status_on_exception=False
        ) as span,
        _told(span),
    ):
        yield _written(span)


def failed(reason: str, span: Span) -> None:
    """Say of a span that its work failed, and why."""
    if span.is_recording():
        span.set_attribute(names.REASON, reason)
        span.set_status(Status(StatusCode.ERROR, reason))


def refused(reason: str) -> None:
    """Say of the span of the present call why it was refused: whether that is an error, its status code tells."""
    span = trace.get_current_span()
    if span.is_recording():
        span.set_attribute(names.REASON, reason)


@contextmanager
def _told(span: Span) -> Iterator[None]:
    """What ends the work is said of its span: the reason, where there is one, never the message."""
    try:
        yield
    except Exception as error:
        span.set_attribute(names.ERROR_TYPE, type(error).__name__)
        if code := getattr(error, "code", None):
            span.set_attribute(names.RPC_STATUS, str(code))
        failed(getattr(error, "reason", "") or type(error).__name__, span)
        raise


def _span_of(traceparent: str) -> Span:
    found = trace.get_current_span(_PROPAGATOR.extract({"traceparent": traceparent}))
    return found if found.get_span_context().is_valid else NonRecordingSpan(trace.INVALID_SPAN_CONTEXT)


def _written(span: Span) -> str:
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier, trace.set_span_in_context(span))
    return carrier.get("traceparent", "")


def new_traceparent(*, recorded: bool = True) -> str:
    """The beginning of a trace, for a program that sends none of its own spans."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-{recorded:02}"


def trace_id(traceparent: str) -> str:
    """The 32 hexadecimal digits that name the trace; '' when there is none."""
    return traceparent[3:35] if len(traceparent) == TRACEPARENT_LENGTH else ""


def is_recorded(traceparent: str) -> bool:
    """Whether its command was recorded somewhere, as its sampled flag says."""
    return traceparent[-1:] in _ODD


def carried(caller: Any) -> Any:
    """The caller with the traceparent of the span that its call is in: the one that its command shall carry.

    A command that nobody records has a trace id as well: it is what its steps are known by.
    """
    if not _listening:
        return caller
    own = _written(trace.get_current_span()) or caller.traceparent or new_traceparent(recorded=False)
    return replace(caller, traceparent=own)
