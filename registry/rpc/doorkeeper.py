"""Who comes in: a credential becomes a caller with rights, kept until something that gives rights changes."""

import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from registry.api.v1.access_pb2 import Key
from registry.domain import key
from registry.domain.authority import ALL, EVERYTHING, Authority, Right
from registry.errors import Denied, RegistryError, Unauthenticated
from registry.identity import Proven, local_key
from registry.identity import refusals as credentials
from registry.identity.trust import Trust
from registry.rpc.buckets import Buckets
from registry.rpc.caller import Metadata, caller_of
from registry.rpc.tail import Tail
from registry.rpc.tls import presented
from registry.services.authority import SETTINGS, authority_of
from registry.services.refusals import Refusals, Refused
from registry.store import Caller, Store

AUTHORIZATION, BEARER = "authorization", "Bearer "
KEPT_SECONDS = 30.0  # at most: what begins by the clock is noticed after that; writes look again each time
CATCH_UP_SECONDS = 1.0
REMEMBERED = 10_000
FAILURES_A_SECOND, FAILURES_AT_ONCE = 1.0, 20.0
KEY = "API key"


@dataclass(frozen=True, slots=True)
class Door:
    """How one gets in. `open`: without a credential one is the operator, because only this machine can call."""

    open: bool = True
    trust: Trust | None = None
    operators: Collection[str] = field(default=frozenset())
    folder: Path | None = None


class _Known(NamedTuple):
    caller: Caller
    position: int
    read: object
    until: float


class Doorkeeper:
    """Lets callers in, and puts on record whom it does not."""

    def __init__(self, door: Door, store: Store, tail: Tail, refusals: Refusals, now: Callable[[], datetime]) -> None:
        self._door, self._store, self._tail, self._now = door, store, tail, now
        self._refusals = refusals
        self._known: OrderedDict[tuple[str, bytes], _Known] = OrderedDict()
        self._failures = Buckets("failed credentials", FAILURES_A_SECOND, FAILURES_AT_ONCE)

    async def enter(self, context: Any, metadata: Metadata) -> Caller:
        """The caller of a call. Errors: Unauthenticated; RATE_EXCEEDED after many failures; CALLER_INVALID."""
        said = caller_of(metadata)
        credential = str(metadata.get(AUTHORIZATION, ""))
        pem = presented(context) if self._door.trust is not None else b""
        if not credential and not pem:
            if self._door.open:
                return said
            raise credentials.missing()
        found = self._kept(credential, pem) or await self.recognised(credential, pem, host_of(context))
        if not said.on_behalf_of and not said.traceparent:
            return found
        return replace(found, on_behalf_of=said.on_behalf_of, traceparent=said.traceparent)

    async def recognised(self, credential: str, pem: bytes, host: str) -> Caller:
        """The caller of an `authorization` or a certificate, whatever brought it here. Errors: as `enter`."""
        await self._tail.wait(self._store.head_revision, CATCH_UP_SECONDS)  # so that what was taken back is known
        return self._kept(credential, pem) or await self._recognised(credential, pem, host)

    def refused(self, context: Any, caller: Caller | None, method: str, error: RegistryError) -> None:
        """Put a refusal on record."""
        if isinstance(error, Denied | Unauthenticated) or error.audited or error.reason == "RATE_EXCEEDED":
            actor = caller.actor if caller is not None else "anonymous"
            name = str(error.metadata.get("name", ""))
            self._refusals.note(Refused(actor, host_of(context), method, name, error.reason))

    def _kept(self, credential: str, pem: bytes) -> Caller | None:
        """Who it was a moment ago, if nothing that gives rights has changed since, as far as the newest commit."""
        known = self._known.get((credential, pem))
        if known is None or known.until <= time.monotonic() or known.position < self._tail.access_revision:
            return None
        if known.read is not self._read:  # an issuer's list or the deny list may name it now
            return None
        return known.caller if self._tail.position >= self._store.head_revision else None

    async def _recognised(self, credential: str, pem: bytes, host: str) -> Caller:
        self._failures.check(host)
        position, read = self._tail.position, self._read
        try:
            proven = await self._proven(credential, pem)
        except Unauthenticated:
            self._failures.take(host)
            raise
        caller = Caller(actor=proven.principal, authority=await self._authority(proven))
        self._known[(credential, pem)] = _Known(caller, position, read, time.monotonic() + self._keeps(caller))
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        if caller.actor.startswith("keys/"):
            self._refusals.used(caller.actor)
        return caller

    @property
    def _read(self) -> object:
        return self._door.trust.read if self._door.trust is not None else None

    def _keeps(self, caller: Caller) -> float:
        """Seconds: until a right of the caller ends, if that is soon."""
        now = self._now().timestamp()
        ends = (right.until_us / 1_000_000 - now for right in caller.authority.rights if right.until_us)
        return min(KEPT_SECONDS, *ends, KEPT_SECONDS)

    async def _proven(self, credential: str, pem: bytes) -> Proven:
        text = credential.removeprefix(BEARER)
        if credential and text == credential:
            raise credentials.invalid(KEY, "is not written as `Bearer ...`")
        if text.startswith(f"{key.PREFIX}_"):
            return await self._key(text)
        if self._door.trust is None:
            raise credentials.invalid(KEY, "has not the form of one, and no issuer of tokens is trusted here")
        if text:
            return await self._door.trust.token(text, pem or None)
        return self._door.trust.certificate(pem)

    async def _key(self, secret: str) -> Proven:
        name, now = key.name_in(secret), self._now()
        if name == local_key.NAME:  # of the registry's start alone: no key in the store has this name
            if local_key.opens(self._door.folder, secret, now):
                return Proven(name)
            name = ""
        document = await self._store.read(lambda view: view.get(name)) if name else None
        if document is None or not key.opens(Key.FromString(document), secret, now):
            raise credentials.invalid(KEY, "is not known, or out of date, or taken back")
        return Proven(name)

    async def _authority(self, proven: Proven) -> Authority:
        if proven.principal == local_key.NAME:
            return Authority((Right("", ALL, source=SETTINGS),), EVERYTHING)
        principal, number, operators = proven.principal, proven.organisation_number, self._door.operators
        return await self._store.read(lambda view: authority_of(view, principal, number, operators, self._now()))


def host_of(context: Any) -> str:
    """Address of the caller without the port, as gRPC tells it: `ipv4:192.0.2.1`."""
    return str(context.peer()).rpartition(":")[0]


def check_rights(caller: Caller) -> None:
    """Refuse a write of one who has no right to anything, before its request is read. Errors: NOT_GRANTED."""
    if not caller.authority.rights:
        text = f"{caller.actor} is known and has no rights: a grant is needed (gemensam grants)."
        raise Denied("NOT_GRANTED", text, action="", name="", principal=caller.actor)
