"""Who acts for whom: a body for itself, a host for those that it hosts, and nobody else."""

from registry.api.v1.organisation_pb2 import Organisation
from registry.errors import Denied
from registry.store import Batch, Caller


def organisation_of(name: str) -> str:
    """The organisation that a caller's name belongs to; '' when it belongs to none."""
    parts = name.split("/")
    return "/".join(parts[:2]) if parts[0] == "organisations" and len(parts) > 1 else ""


def reads(caller: Caller) -> list[str]:
    """What `check` looks up."""
    return [organisation_of(caller.on_behalf_of)]


def check(caller: Caller, batch: Batch) -> None:
    """Refuse an actor of another organisation than the one it acts for, or that one's host. Errors: NOT_THE_HOST.

    An actor that names no organisation, for example an operator's address, is believed: callers are not identified yet.
    """
    actor, body = organisation_of(caller.actor), organisation_of(caller.on_behalf_of)
    if not caller.on_behalf_of or not actor or actor == body:
        return
    hosted = batch.get(Organisation, body) if body else None
    if hosted is None or hosted.host != actor:
        text = f"{actor} does not act for {caller.on_behalf_of}: only the body itself and its host do."
        raise Denied("NOT_THE_HOST", text, actor=caller.actor, on_behalf_of=caller.on_behalf_of)
