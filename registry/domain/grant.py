"""Rules of grants: a principal acts for an organisation, bounded in actions, names and time, and never passes it on."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from registry.api.v1.access_pb2 import Grant, GrantState
from registry.domain import names, text
from registry.domain.authority import ALL, OPERATE
from registry.domain.rules import Reference, Rules
from registry.domain.violations import Violations
from registry.errors import Denied, Precondition

PENDING, ACTIVE, REVOKED = (
    GrantState.GRANT_STATE_PENDING,
    GrantState.GRANT_STATE_ACTIVE,
    GrantState.GRANT_STATE_REVOKED,
)
LONGEST = timedelta(days=731)
PREFIX_CHARACTERS, WORDS_CHARACTERS = 200, 200
PRINCIPAL = re.compile(
    rf"certificates/{names.SEGMENT}/[0-9]{{10}}|tokens/{names.SEGMENT}/[A-Za-z0-9._:-]{{1,128}}|keys/{names.SEGMENT}",
    re.ASCII,
)
_PREFIX = re.compile(r"[a-z0-9]+(/[a-z0-9.-]+)*/?", re.ASCII)


def _check(message: Grant, found: Violations) -> None:
    if not PRINCIPAL.fullmatch(message.principal):
        forms = "certificates/{issuer}/{organisation number}, tokens/{issuer}/{client id} or keys/{key}"
        found.add("principal", f"must be {forms}")
    check_scope(message, found)
    words(message.evidence, "evidence", found)
    start, end = message.valid_from.ToMicroseconds(), message.valid_to.ToMicroseconds()
    if not message.HasField("valid_to"):
        found.add("valid_to", "is required: a grant ends")
    elif end <= start:
        found.add("valid_to", "must be after valid_from")


def check_scope(message: Any, found: Violations) -> None:
    """What grants and keys have in common: for whom, which actions, which names."""
    text.name(message.organisation, "organisation", "organisation", found)
    wrong = [number for number in message.actions if number not in ALL]
    if wrong or not message.actions or len(set(message.actions)) != len(message.actions):
        found.add("actions", "must name at least one action, each once, of those that the contract knows")
    if not message.organisation and OPERATE not in message.actions:
        found.add("organisation", "is required, but for ACTION_OPERATE: organisations/{organisation}")
    if message.organisation and OPERATE in message.actions:
        found.add("actions", "has ACTION_OPERATE, which is for the registry itself and not for an organisation")
    if len(message.name_prefix) > PREFIX_CHARACTERS or (
        message.name_prefix and not _PREFIX.fullmatch(message.name_prefix)
    ):
        found.add(
            "name_prefix", "must be the beginning of resource names, whole segments, for example offerings/bygglov"
        )


def words(value: str, field: str, found: Violations) -> None:
    """A short text without control characters."""
    if len(value) > WORDS_CHARACTERS or not value.isprintable():
        found.add(field, f"must be at most {WORDS_CHARACTERS} printable characters")


def references(message: Any) -> Iterable[Reference]:
    """The organisation, where there is one."""
    if message.organisation:
        yield Reference("organisation", "organisation", message.organisation)


def begin(message: Grant, actor: str, now: datetime, *, second: bool) -> None:
    """Fill what the registry sets; with `second` it waits for a second operator. Errors: FIELD_INVALID for its end."""
    if not message.HasField("valid_from"):
        message.valid_from.FromDatetime(now)
    end = message.valid_to.ToDatetime(tzinfo=now.tzinfo)
    found = Violations()
    if end <= now or end > now + LONGEST:
        found.add("valid_to", f"must be later than now and within {LONGEST.days} days")
    found.refuse()
    message.granted_by, message.state = actor, PENDING if second else ACTIVE


def approve(message: Grant, actor: str) -> None:
    """The second person agrees. Errors: STATE_TRANSITION_ILLEGAL."""
    if message.state != PENDING:
        raise _illegal(message, ACTIVE, "only one that waits can be approved")
    message.approved_by.append(actor)
    message.state = ACTIVE


def second_needed(message: Grant, actor: str) -> Denied:
    """The error for one who approves what it gave itself, by this principal or by a key that it made."""
    what = f"{message.name} was given by {actor}, or by who made that key: another operator must approve it."
    return Denied("SECOND_PERSON_NEEDED", what, name=message.name, principal=actor)


def revoke(message: Grant) -> None:
    """It gives nothing any more. Errors: STATE_TRANSITION_ILLEGAL."""
    if message.state == REVOKED:
        raise _illegal(message, REVOKED, "it is revoked already")
    message.state = REVOKED


def in_force(message: Grant, now: datetime) -> bool:
    """Whether it gives anything at this moment."""
    time = round(now.timestamp() * 1_000_000)
    return message.state == ACTIVE and message.valid_from.ToMicroseconds() <= time < message.valid_to.ToMicroseconds()


def _illegal(message: Grant, state: int, why: str) -> Precondition:
    ends: dict[str, Any] = {"from": GrantState.Name(message.state), "to": GrantState.Name(state)}  # type: ignore[arg-type]
    return Precondition("STATE_TRANSITION_ILLEGAL", f"{message.name}: {why}.", name=message.name, **ends)


RULES = Rules(
    noun="grant",
    kind=Grant,
    settable=(
        "principal",
        "organisation",
        "actions",
        "name_prefix",
        "valid_from",
        "valid_to",
        "evidence",
        "labels",
        "annotations",
    ),
    check=_check,
    references=references,
)
