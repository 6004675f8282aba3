"""Logs: one line for each event on stderr, with the trace that it is part of."""

import logging
import re
import sys
from typing import Any

import structlog
from opentelemetry import trace

# Breaks of lines of every kind, what drives a terminal, and what turns the reading direction.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def configure(*, json_logs: bool = False) -> None:
    """Logs to stderr, for people or as JSON lines."""
    for_people = [_one_line, structlog.dev.ConsoleRenderer(colors=False)]
    rendered: list[Any] = [structlog.processors.JSONRenderer()] if json_logs else for_people
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _trace_ids,
            structlog.processors.format_exc_info,
            *rendered,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _one_line(_logger: object, _name: str, event: Any) -> Any:
    """Nobody's text begins a line of its own or drives a terminal; only tracebacks have more lines, further in."""
    for key, value in event.items():
        if key == "exception":
            event[key] = "".join(f"\n    {_told(each)}" for each in str(value).split("\n"))
        elif isinstance(value, str):
            event[key] = _told(value)
    return event


def _told(text: str) -> str:
    return _UNSEEN.sub(lambda found: repr(found[0])[1:-1], text)


def _trace_ids(_logger: object, _name: str, event: Any) -> Any:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = f"{context.trace_id:032x}"
    return event
