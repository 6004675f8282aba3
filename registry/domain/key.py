"""Rules of API keys: how one is written, how long it lives, what it may."""

import hashlib
import hmac
import re
import secrets
import zlib
from datetime import datetime, timedelta
from typing import Any

from registry.api.v1.access_pb2 import Key, KeyState
from registry.domain import grant, names
from registry.domain.authority import GRANT
from registry.domain.rules import Rules
from registry.domain.violations import Violations
from registry.errors import Precondition

ACTIVE, REVOKED = KeyState.KEY_STATE_ACTIVE, KeyState.KEY_STATE_REVOKED
LONGEST, USUAL = timedelta(days=366), timedelta(days=90)
OPERATOR = "keys/operator"  # made at the registry's first start, and in no store
PREFIX = "gmsm"  # what scanners for secrets look for
SECRET_BYTES = 32
_FORM = re.compile(rf"{PREFIX}_(?P<id>{names.SEGMENT})_[0-9a-f]{{64}}_(?P<sum>[0-9a-f]{{8}})", re.ASCII)
LONGEST_TEXT = 200


def generate(segment: str) -> str:
    """A new key: `gmsm_{id}_{256 random bits}_{CRC-32}`. The checksum tells a mistyped key from a wrong one."""
    body = f"{PREFIX}_{segment}_{secrets.token_hex(SECRET_BYTES)}"
    return f"{body}_{_checksum(body)}"


def name_in(secret: str) -> str:
    """The name of the key that the text claims to be; '' when it has not the form of one."""
    found = _FORM.fullmatch(secret) if len(secret) <= LONGEST_TEXT else None
    if found is None or not hmac.compare_digest(found["sum"], _checksum(secret.rpartition("_")[0])):
        return ""
    return f"keys/{found['id']}"


def digest(secret: str) -> str:
    """What is kept of it: SHA-256, for 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def opens(message: Key, secret: str, now: datetime) -> bool:
    """Whether the text is this key and the key is in force. Takes the same time for every wrong one."""
    return same(message.sha256, secret) and in_force(message, now)


def same(sha256: str, secret: str) -> bool:
    """Whether the hash is that of the text."""
    return hmac.compare_digest(sha256, digest(secret))


def in_force(message: Key, now: datetime) -> bool:
    """Whether it may be used at this moment."""
    return message.state == ACTIVE and round(now.timestamp() * 1_000_000) < message.valid_to.ToMicroseconds()


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"


def _check(message: Key, found: Violations) -> None:
    grant.check_scope(message, found)
    grant.words(message.purpose, "purpose", found)
    if not message.purpose.strip():
        found.add("purpose", "is required: say what the key is for")
    if GRANT in message.actions and message.organisation:
        found.add("actions", "has ACTION_GRANT, which keys of organisations cannot have")


def begin(message: Key, actor: str, now: datetime, secret: str) -> None:
    """Fill what the registry sets. Errors: FIELD_INVALID for its end."""
    if not message.HasField("valid_to"):
        message.valid_to.FromDatetime(now + USUAL)
    end = message.valid_to.ToDatetime(tzinfo=now.tzinfo)
    found = Violations()
    if end <= now or end > now + LONGEST:
        found.add("valid_to", f"must be later than now and within {LONGEST.days} days")
    if message.name == OPERATOR:
        found.add("key_id", "must not be `operator`, which is the key that a registry makes for itself")
    found.refuse()
    message.granted_by, message.state, message.sha256 = actor, ACTIVE, digest(secret)


def revoke(message: Key) -> None:
    """It opens nothing any more. Errors: STATE_TRANSITION_ILLEGAL."""
    if message.state == REVOKED:
        ends: dict[str, Any] = {"from": "KEY_STATE_REVOKED", "to": "KEY_STATE_REVOKED"}
        raise Precondition("STATE_TRANSITION_ILLEGAL", f"{message.name} is revoked already.", name=message.name, **ends)
    message.state = REVOKED


RULES = Rules(
    noun="key",
    kind=Key,
    settable=("organisation", "purpose", "actions", "name_prefix", "valid_to", "labels", "annotations"),
    check=_check,
    references=grant.references,
)
