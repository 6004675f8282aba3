"""Who acts for whom: asked before a command begins, and again of every row that it writes, in the same transaction.

An organisation acts for itself, a host for those that it hosts, a principal for whom a grant or a key says.
"""

from collections.abc import Iterable
from typing import Any

from google.protobuf.message import Message

from registry.api.v1.access_pb2 import Action, Grant, Key
from registry.api.v1.organisation_pb2 import Organisation
from registry.domain import grant, key, names, ownership
from registry.domain.authority import HOSTED, Right
from registry.domain.nouns import NOUNS
from registry.domain.organisation import exists
from registry.errors import Denied, NotFound
from registry.services import quotas
from registry.store import Batch, Caller, Guard


def organisation_of(name: str) -> str:
    """The organisation that a caller's name belongs to; '' when it belongs to none."""
    parts = name.split("/")
    return "/".join(parts[:2]) if parts[0] == "organisations" and len(parts) > 1 else ""


def reads(caller: Caller) -> list[str]:
    """What is looked up of the caller."""
    return [organisation_of(caller.on_behalf_of), *(right.source for right in caller.authority.rights)]


def guard(caller: Caller) -> Guard | None:
    """What asks about every row that the caller's command writes; None when nothing needs to be asked."""
    if caller.authority.unlimited:
        return None

    def asked(batch: Batch, message: Message, before: Message | None, verb: str) -> str:
        return may(caller, batch, message, before, verb)

    return asked


def check(caller: Caller, batch: Batch, target: str = "") -> None:
    """Refuse who has nothing to do with the target, as if there were none where it is not shown to the caller.

    Errors: NOT_THE_HOST for an actor of another organisation than the one it says it acts for; RESOURCE_NOT_FOUND;
    NOT_GRANTED. On the loopback address, an actor that names no organisation is believed.
    """
    if caller.authority.unlimited:
        _check_host(caller, batch)
        return
    above = names.parent(target)
    if above and _there(batch, above) is None:
        raise missing(above)
    message = _there(batch, target)
    if message is None:
        return
    owners = [each for each in ownership.owners(message, batch) if each or caller.authority.operates]
    if not any(_lets(right, action, each, target, batch) for right, action, each in _ways(caller, owners)):
        raise _refusal(caller, "change", target)


def _there(batch: Batch, name: str) -> Any | None:
    """What has the name, or None; '' names nothing. Errors: RESOURCE_NOT_FOUND when it is hidden from the caller."""
    kind = NOUNS[names.kind_of(name)].kind if name else None
    message = batch.get(kind, name) if kind is not None else None
    if message is not None and batch.shown(kind, name) is None:  # type: ignore[arg-type]
        hidden = missing(name)
        hidden.audited = True
        raise hidden
    return message


def may(caller: Caller, batch: Batch, message: Any, before: Any | None, verb: str) -> str:
    """For whom the caller may bring a resource from `before` to this; Errors: NOT_GRANTED, FIELD_PROTECTED."""
    needed = ownership.needed(message, before, verb, batch)
    for owner in dict.fromkeys(needed.owners):
        if caller.on_behalf_of and owner not in {"", caller.on_behalf_of}:
            continue
        for right in caller.authority.rights:
            if _lets(right, needed.action, owner, message.name, batch):
                if before is None:
                    quotas.check(message, batch)
                return owner
    if needed.field:
        text = f"{needed.field} of {message.name} is kept by the registry's operators: ask them to change it."
        raise Denied("FIELD_PROTECTED", text, field=needed.field, name=message.name)
    raise _refusal(caller, Action.Name(needed.action).removeprefix("ACTION_"), message.name)  # type: ignore[arg-type]


def _ways(caller: Caller, owners: Iterable[str]) -> Iterable[tuple[Right, int, str]]:
    rights = caller.authority.rights
    return ((right, action, each) for each in owners for right in rights for action in right.actions)


def _lets(right: Right, action: int, owner: str, name: str, batch: Batch) -> bool:
    """Whether a right that is still in force lets do it for the owner, itself or by standing behind it."""
    if right.covers(action, owner, name):
        return _stands(right, batch)
    if not owner or not right.covers(action, right.organisation, name):
        return False
    return _stands_behind(right.organisation, action, owner, batch) and _stands(right, batch)


def _stands_behind(organisation: str, action: int, owner: str, batch: Batch) -> bool:
    """Whether the organisation hosts the owner, or took it over."""
    body = batch.get(Organisation, owner)
    if body is not None and body.host == organisation:
        return action in HOSTED
    heir = batch.get(Organisation, organisation)
    return heir is not None and owner in heir.predecessors


def _stands(right: Right, batch: Batch) -> bool:
    """Whether what gives the right has not been taken back, run out or moved since the caller was let in."""
    if right.number:
        body = batch.get(Organisation, right.organisation)
        return body is not None and body.organisation_number == right.number and exists(body, batch.now)
    if right.source.startswith("grants/"):
        held = batch.get(Grant, right.source)
        return held is not None and grant.in_force(held, batch.now)
    if right.source.startswith("keys/"):
        used = batch.get(Key, right.source)
        return used is not None and key.in_force(used, batch.now)
    return True  # by the settings that the registry runs with


def missing(name: str) -> NotFound:
    """The error for a name that nothing has, or nothing that is shown to the caller."""
    return NotFound("RESOURCE_NOT_FOUND", f"There is no {name}, or it is not shown to you.", name=name)


def _refusal(caller: Caller, action: str, name: str) -> Denied:
    text = f"{caller.actor} has no right to {action} {name}: a grant for its organisation is needed (gemensam grants)."
    return Denied("NOT_GRANTED", text, action=action, name=name, principal=caller.actor)


def _check_host(caller: Caller, batch: Batch) -> None:
    actor, body = organisation_of(caller.actor), organisation_of(caller.on_behalf_of)
    if not caller.on_behalf_of or not actor or actor == body:
        return
    hosted = batch.get(Organisation, body) if body else None
    if hosted is None or hosted.host != actor:
        text = f"{actor} does not act for {caller.on_behalf_of}: only the body itself and its host do."
        raise Denied("NOT_THE_HOST", text, actor=caller.actor, on_behalf_of=caller.on_behalf_of)
