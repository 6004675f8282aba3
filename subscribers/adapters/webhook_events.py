"""The messages of a webhook as CloudEvents: the whole state of one service each time, so that the last one counts."""

import json
from datetime import UTC, datetime
from typing import Any

CHANGED, REMOVED = "se.gemensam.subscriber.service.changed.v1", "se.gemensam.subscriber.service.removed.v1"
CHALLENGE = "se.gemensam.subscriber.endpoint.challenge.v1"
_NUMBER = 20  # digits of a number, so that texts sort as numbers do


def event(name: str, source: str, subject: str, content: str, number: int) -> bytes:
    """The bytes to send. `content` is JSON; '' when the service has left. `subject`: its key, or CHALLENGE."""
    kind = CHALLENGE if subject == CHALLENGE else CHANGED if content else REMOVED
    found: dict[str, Any] = {
        "specversion": "1.0",
        "id": name,
        "source": source,
        "type": kind,
        "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": json.loads(content) if content else {"subscription": subject},
    }
    if kind != CHALLENGE:
        found |= {"subject": subject, "sequence": f"{number:0{_NUMBER}}", "sequencetype": "Integer"}
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()
