"""Who may see what only operators see: by the key of an API call, or by a session that a key or a login opened."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from registry.errors import Denied, RegistryError, TooLarge, Unauthenticated
from registry.services.refusals import Refusals, Refused
from registry.store import Caller

SESSION_SECONDS, SESSIONS = 8 * 3600, 1000
BEARER = "Bearer "
# How a caller is recognised by `authorization`, and by whom (`ipv4:192.0.2.1`) failures are counted.
Recognise = Callable[[str, str], Awaitable[Caller]]
# Who somebody is, and what it may now.
Ask = Callable[[Request], Awaitable[Caller]]


@dataclass(frozen=True, slots=True)
class Session:
    """Whom a session stands for. It is asked again at every request, so that what is taken back ends it."""

    ask: Ask
    until: float


@dataclass(slots=True)
class Entrance:
    """`recognise` is None where the registry is open: then only this machine reaches it. `secure`: served by TLS."""

    recognise: Recognise | None = None
    refusals: Refusals | None = None
    secure: bool = False
    _sessions: OrderedDict[str, Session] = field(default_factory=OrderedDict)

    @property
    def open(self) -> bool:
        """Whether nobody is asked for a key."""
        return self.recognise is None

    async def enter(self, request: Request) -> None:
        """Let an operator in. Errors: Unauthenticated, Denied, RATE_EXCEEDED, the store's."""
        if self.recognise is None:
            check_here(request)
            return
        if authorization := request.headers.get("Authorization", ""):
            await self._operator(request, _by(self.recognise, authorization))
            return
        session = self._kept(request)
        if session is None:
            raise Unauthenticated("CREDENTIAL_MISSING", "The page needs an operator's API key.", accepted="API key")
        try:
            await self._operator(request, session.ask)
        except (Denied, Unauthenticated):
            self._forget(request)
            raise

    async def login(self, request: Request, key: str, answer: Response) -> None:
        """Open a session with a key. Errors: as `enter`."""
        if self.recognise is not None:
            await self.admit(request, _by(self.recognise, f"{BEARER}{key}"), answer)

    async def admit(self, request: Request, ask: Ask, answer: Response) -> None:
        """Open a session, whose word nobody knew before, for an operator. Errors: as `enter`."""
        await self._operator(request, ask)
        self._forget(request)
        word = secrets.token_urlsafe(32)
        self._sessions[word] = Session(ask, time.monotonic() + SESSION_SECONDS)
        if len(self._sessions) > SESSIONS:
            self._sessions.popitem(last=False)
        answer.set_cookie(
            self.cookie, word, SESSION_SECONDS, path="/", secure=self.secure, httponly=True, samesite="strict"
        )

    def logout(self, request: Request, answer: Response) -> None:
        """End the session."""
        self._forget(request)
        answer.delete_cookie(self.cookie, "/", secure=self.secure, httponly=True, samesite="strict")

    @property
    def cookie(self) -> str:
        """Its name: with the prefix, browsers take it from nobody but this host, by TLS."""
        return "__Host-gemensam" if self.secure else "gemensam"

    def note(self, request: Request, actor: str, error: RegistryError) -> None:
        """Put a refusal on record."""
        if self.refusals is not None and isinstance(error, Denied | Unauthenticated | TooLarge):
            self.refusals.note(Refused(actor, peer(request), request.url.path, "", error.reason))

    def _kept(self, request: Request) -> Session | None:
        word = request.cookies.get(self.cookie, "")
        found = self._sessions.get(word)
        if found is not None and found.until < time.monotonic():
            self._sessions.pop(word, None)
            return None
        return found

    def _forget(self, request: Request) -> None:
        self._sessions.pop(request.cookies.get(self.cookie, ""), None)

    async def _operator(self, request: Request, ask: Ask) -> None:
        actor = "anonymous"
        try:
            caller = await ask(request)
            actor = caller.actor
            if not caller.authority.operates:
                text = f"{actor} has no right to OPERATE the registry."
                raise Denied("NOT_GRANTED", text, action="OPERATE", name="", principal=actor)
        except RegistryError as error:
            self.note(request, actor, error)
            raise


def _by(recognise: Recognise, authorization: str) -> Ask:
    async def ask(request: Request) -> Caller:
        return await recognise(authorization, peer(request))

    return ask


def peer(request: Request) -> str:
    """Address of the caller as gRPC tells it: `ipv4:192.0.2.1`."""
    host = request.client.host if request.client else ""
    return f"ipv6:%5B{host}%5D" if ":" in host else f"ipv4:{host}"


def check_here(request: Request) -> None:
    """Refuse another name than this machine's: a page of others may have led its own name here. Errors: Denied."""
    host = urlsplit(f"//{request.headers.get('Host', '')}").hostname or ""
    if host not in {"localhost", "127.0.0.1", "::1"}:
        raise Denied("NOT_GRANTED", "The page is for this machine alone.", action="OPERATE", name="", principal="")


def check_origin(request: Request) -> None:
    """Refuse a form that another site sent. Errors: Denied."""
    origin, host = request.headers.get("Origin", ""), request.headers.get("Host", "")
    same = request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
    if not same or urlsplit(origin).netloc != host or not host:
        raise Denied("NOT_GRANTED", "The form was sent by another site.", action="OPERATE", name="", principal="")
