"""Whom the registry trusts, from a file and the files that it names, followed while the registry runs."""

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from registry.errors import RegistryError
from registry.identity import Proven, configuration, issuers, reading, refusals, snapshot, tokens
from registry.identity.fetched import Fetched
from registry.identity.idtokens import Person
from registry.identity.login import Begun
from registry.identity.people import People
from registry.identity.refusals import CERTIFICATE, TOKEN

LOOK_SECONDS = 5.0
REMEMBERED = 4096  # credentials, so that the next call with one costs a look into a table
log = structlog.get_logger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


class Trust:
    """Made by `load`. `clock`: the registry's own, by which credentials are valid; `ticks`: seconds that only go on."""

    def __init__(self, file: Path, clock: Callable[[], datetime], ticks: snapshot.Ticks) -> None:
        self._file, self._clock, self._ticks = file, clock, ticks
        found = configuration.read(file)
        self._stamps = snapshot.stamps([file, *configuration.files(found)])
        self._now = snapshot.build(found, ticks=ticks)

    @classmethod
    def load(cls, file: Path, clock: Callable[[], datetime] = _now, ticks: snapshot.Ticks = time.monotonic) -> "Trust":
        """The trust that a file tells. Errors: TRUST_INVALID, which names file, fields and faults."""
        return cls(file, clock, ticks)

    @property
    def serving(self) -> snapshot.Serving | None:
        """The registry's own certificate and the authorities of its clients as they are now; None without `server`.

        The same object for as long as no file has changed.
        """
        return self._now.serving

    @property
    def read(self) -> object:
        """What was read of the files: the same object for as long as none has changed."""
        return self._now

    @property
    def kinds(self) -> frozenset[str]:
        """Which credentials somebody is trusted for: `certificate`, `token`."""
        found = {CERTIFICATE: self._now.certificates.trusted, TOKEN: self._now.token_issuers}
        return frozenset(kind for kind, trusted in found.items() if trusted)

    @property
    def people(self) -> People:
        """Who may log in to pages, as it is now."""
        return self._now.people

    async def person(self, begun: Begun, answer: Mapping[str, str]) -> Person:
        """Who has logged in, by what a browser brought back. Errors: Unauthenticated; ISSUER_UNAVAILABLE."""
        return await self.people.finish(begun, answer, self._clock())

    def refresh(self) -> None:
        """Read again what was written since. What cannot be used changes nothing, and is told in the log, once.

        It reads files, so that the loop calls it on a thread.
        """
        if snapshot.stamps(self._stamps) == self._stamps:
            return
        self._stamps = snapshot.stamps(self._stamps)
        try:
            found = configuration.read(self._file)
            self._stamps = snapshot.stamps([self._file, *configuration.files(found)])
            self._now = snapshot.build(found, self._now, self._ticks)
        except RegistryError as error:
            log.error("identity.trust_kept", file=str(self._file), problem=error.message)  # noqa: TRY400 - it is told whole
            return
        except Exception:  # whatever a file does to a library, the registry goes on with what it had
            log.exception("identity.trust_kept", file=str(self._file))
            return
        log.info("identity.trust_read", file=str(self._file))

    async def run(self) -> None:
        """Follow the files and the issuers' keys until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await asyncio.to_thread(self.refresh)
            followed: list[Fetched[Any]] = [each.keys for each in self._now.token_issuers.values()]
            followed += [each.discovered for each in self.people.providers.values()]
            await asyncio.gather(*(each.keep_fresh() for each in followed))

    def certificate(self, pem: bytes) -> Proven:
        """Whose certificate it is: the client's in PEM first, its chain behind it or not. Errors: Unauthenticated."""
        if not pem:
            raise refusals.missing()
        found = self._verified(pem)
        if found.proven is None:
            raise refusals.invalid(CERTIFICATE, found.problem)
        return found.proven

    async def token(self, token: str, certificate_pem: bytes | None) -> Proven:
        """Whose access token it is, presented with that certificate or without one.

        A certificate that is presented must hold itself, and be the one that the token names if it names one.
        Errors: Unauthenticated; Unavailable ISSUER_UNAVAILABLE.
        """
        if not token:
            raise refusals.missing()
        thumbprint = self._verified(certificate_pem).thumbprint if certificate_pem else ""
        found = await self._checked(token)
        if found.bound_to and found.bound_to != thumbprint:
            other = "another certificate than the one" if thumbprint else "a certificate, and none was"
            raise refusals.not_bound(found.issuer, f"belongs to {other} presented")
        proven = Proven(f"tokens/{found.issuer}/{found.client}", found.number, thumbprint, found.scopes)
        if proven.principal in self._now.deny.principals:
            raise refusals.revoked(TOKEN, found.issuer, "the registry's deny list")
        return proven

    def _verified(self, pem: bytes) -> issuers.Verified:
        now, kept = self._clock(), self._now.verified
        found = kept.get(pem)
        if found is None or not found.since <= now <= found.until:
            found = self._now.certificates.verified(pem, now)
            _remember(kept, pem, found)
        return found

    async def _checked(self, token: str) -> tokens.Checked:
        now, at = self._clock(), self._now
        digest = hashlib.sha256(reading.within(token).encode(errors="replace")).digest()
        found = at.checked.get(digest)
        if found is None or not self._still(found, now):
            unchecked = reading.read(token)
            issuer = at.token_issuers.get(unchecked.issuer)
            if issuer is None:
                raise refusals.invalid(TOKEN, "is of no issuer that the registry trusts")
            found = await issuer.checked(unchecked, now)
            _remember(at.checked, digest, found)
        return found

    def _still(self, found: tokens.Checked, now: datetime) -> bool:
        """Whether it is within its time, and its issuer's keys are those that it was checked by."""
        issuer = self._now.token_issuers.get(found.url)
        return issuer is not None and issuer.keys.version == found.version and found.since <= now < found.until


def _remember(kept: dict[bytes, Any], key: bytes, value: object) -> None:
    if len(kept) >= REMEMBERED:
        kept.clear()
    kept[key] = value
