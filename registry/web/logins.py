"""Logins by an identity provider: a browser is sent there, and what it brings back opens a session, once."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from registry.domain.authority import EVERYTHING, OPERATE, Authority, Right
from registry.errors import Denied, NotFound, RegistryError, Unauthenticated, Unavailable
from registry.identity import refusals
from registry.identity.idtokens import Person
from registry.identity.login import Begun
from registry.identity.refusals import LEVEL, LOGIN
from registry.identity.trust import Trust
from registry.services.authority import SETTINGS
from registry.store import Caller
from registry.web.entrance import Ask, Entrance, peer
from registry.web.pages import HEADERS, page

SECONDS, MOST, EACH = 600, 1000, 50  # how long a login may take; under way at a time in all, and from one address
ANSWER_CHARACTERS = 8192
_OPERATING = Authority((Right("", frozenset({OPERATE}), source=SETTINGS),), EVERYTHING)
# The answer's address has the code, spent as it is: no other request tells it.
_QUIET = {"Referrer-Policy": "no-referrer"}
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pending:
    """A login under way. `browser`: the word in the cookie of the one that began it; `peer`: its address."""

    begun: Begun
    browser: str
    peer: str
    until: float


@dataclass(slots=True)
class Logins:
    """`trust`: None where people do not log in. What is under way is forgotten when it ends, or is too much."""

    entrance: Entrance
    trust: Trust | None = None
    _pending: OrderedDict[str, Pending] = field(default_factory=OrderedDict)

    @property
    def providers(self) -> Mapping[str, str]:
        """By which one can log in: their titles by id."""
        found = self.trust.people.providers if self.trust else {}
        return {name: each.settings.title for name, each in found.items()}

    def routes(self) -> list[Route]:
        """Of both ways. The first is a link and no form: the pages' policy lets forms lead to this host alone."""
        return [
            Route("/ops/login/{provider}/begin", self.begin),
            Route("/ops/login/{provider}", self.back),
        ]

    async def begin(self, request: Request) -> Response:
        """Send a browser to a provider."""
        try:
            begun, there = await self._known().people.begin(request.path_params["provider"])
        except RegistryError as error:
            return self.refusal(error)
        word = secrets.token_urlsafe(32)
        self._keep(Pending(begun, word, peer(request), time.monotonic() + SECONDS))
        answer = RedirectResponse(there, 303, headers={**HEADERS, **_QUIET})
        # The provider sends the browser back from another site, and Strict would keep the cookie from that request.
        # Lax lets it go along where the whole page moves by GET, and nowhere else.
        secure = self.entrance.secure
        answer.set_cookie(self.cookie, word, SECONDS, path="/", secure=secure, httponly=True, samesite="lax")
        return answer

    async def back(self, request: Request) -> Response:
        """Open a session for whom a provider sent back, if it is an operator. It leads to `/ops`, whatever was asked.

        By a page of our own and no redirect: with one the browser would still come from the provider's site, and leave
        the session's Strict cookie out.
        """
        answer = page("admitted.html")
        answer.headers.update({"Refresh": "0; url=/ops", **_QUIET})
        try:
            person = await self._finished(request)
            await self.entrance.admit(request, self._asking(person), answer)
        except RegistryError as error:
            return self.refusal(error)  # with the cookie as it was: whoever sends a wrong answer ends nobody's login
        answer.delete_cookie(self.cookie, "/", secure=self.entrance.secure, httponly=True, samesite="lax")
        return answer

    def refusal(self, error: RegistryError) -> Response:
        """The form again, with what went wrong in words."""
        if isinstance(error, NotFound):
            return page("refused.html", 404, status=404)
        if isinstance(error, Unavailable):
            return self.form("away", 503)
        if isinstance(error, Denied):
            return self.form("denied", 403)
        return self.form("level" if error.metadata.get("credential") == LEVEL else "login", 403)

    def form(self, wrong: str = "", status: int = 200) -> Response:
        """The page with every way in."""
        return page("login.html", status, wrong=wrong, providers=self.providers)

    @property
    def cookie(self) -> str:
        """Its name."""
        return f"{self.entrance.cookie}-login"

    def _known(self) -> Trust:
        if self.trust is None:
            raise NotFound("RESOURCE_NOT_FOUND", "People do not log in here.", name="people")
        return self.trust

    async def _finished(self, request: Request) -> Person:
        """Who was sent back. Errors: Unauthenticated, on record; RESOURCE_NOT_FOUND, ISSUER_UNAVAILABLE."""
        trust = self._known()
        try:
            said = _said(request)
            begun = self._taken(request, said.get("state", ""))
        except Unauthenticated as error:
            self.entrance.note(request, "anonymous", error)
            raise
        try:
            return await trust.person(begun, said)
        except RegistryError as error:
            self.entrance.note(request, "anonymous", error)
            log.warning("web.login_refused", provider=begun.provider, reason=error.reason, problem=error.message)
            raise

    def _keep(self, pending: Pending) -> None:
        """With what is too much gone, the oldest first: who begins many pushes out its own."""
        mine = [state for state, each in self._pending.items() if each.peer == pending.peer]
        if len(mine) >= EACH:
            del self._pending[mine[0]]
        elif len(self._pending) >= MOST:
            self._pending.popitem(last=False)
        self._pending[pending.begun.state] = pending

    def _taken(self, request: Request, state: str) -> Begun:
        """The login that the answer belongs to, which it ends. Errors: CREDENTIAL_INVALID."""
        found, word = self._pending.get(state), request.cookies.get(self.cookie, "")
        if found is None or not secrets.compare_digest(found.browser.encode(), word.encode()):
            raise refusals.invalid(LOGIN, "was not begun in this browser, or was finished before")
        del self._pending[state]
        if found.until < time.monotonic():
            raise refusals.invalid(LOGIN, f"took longer than {SECONDS} seconds")
        if found.begun.provider != request.path_params["provider"]:
            raise refusals.invalid(LOGIN, "came back from another provider than the one it was begun with")
        return found.begun

    def _asking(self, person: Person) -> Ask:
        """Whether somebody who logged in still operates the registry; asked at every request."""
        people = self._known

        async def ask(_request: Request) -> Caller:
            operates = people().people.operates(person)
            return Caller(actor=person.principal, authority=_OPERATING if operates else Authority())

        return ask


def _said(request: Request) -> Mapping[str, str]:
    """The parameters of an answer. Errors: CREDENTIAL_INVALID for one that stands twice, and for very many."""
    given = request.query_params
    if len(request.url.query) > ANSWER_CHARACTERS or len(given.multi_items()) != len(given):
        raise refusals.invalid(LOGIN, "came back with an answer that cannot be read")
    return given
