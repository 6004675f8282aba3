"""Who calls, as the call's metadata says."""

import re
from collections.abc import Mapping
from typing import Any

from registry.domain.organisation_number import contains_personal_number
from registry.errors import Invalid
from registry.store import Caller

ACTOR, ON_BEHALF_OF, TRACEPARENT = "gemensam-actor", "gemensam-on-behalf-of", "traceparent"
ANONYMOUS = "anonymous@loopback"
Metadata = Mapping[str, str | bytes]
_KEYS = frozenset({ACTOR, ON_BEHALF_OF, TRACEPARENT})
_NOBODY = Caller(actor=ANONYMOUS)
_NAME = re.compile(r"[\w@./:-]{1,200}", re.ASCII)
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def metadata_of(context: Any) -> Metadata:
    """What came with a call. gRPC makes it anew each time it is asked; of a name that came twice, the last counts."""
    return dict(context.invocation_metadata() or ())


def caller_of(metadata: Metadata) -> Caller:
    """The caller. Errors: CALLER_INVALID for a malformed actor. A malformed traceparent is left out, as W3C asks."""
    if _KEYS.isdisjoint(metadata):
        return _NOBODY
    traceparent = str(metadata.get(TRACEPARENT, ""))
    return Caller(
        actor=_checked(ACTOR, metadata.get(ACTOR) or ANONYMOUS),
        on_behalf_of=_checked(ON_BEHALF_OF, metadata.get(ON_BEHALF_OF, "")),
        traceparent=traceparent if _TRACEPARENT.fullmatch(traceparent) else "",
    )


def _checked(key: str, value: str | bytes) -> str:
    text = value.decode(errors="replace") if isinstance(value, bytes) else value
    if text and (not _NAME.fullmatch(text) or contains_personal_number(text)):
        what = "must be a resource name or a function's address, at most 200 characters, never a person's number"
        raise Invalid("CALLER_INVALID", f"The metadata {key} {what}.", violations=[(key, what)], field=key)
    return text
