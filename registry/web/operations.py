"""`/ops`: what operators look at, live. Everything on it is shown to operators of the registry and to nobody else."""

import contextlib
from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import parse_qs

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from registry.errors import Denied, Invalid, NotFound, RegistryError, TooLarge, Unauthenticated
from registry.services.operations import LAGGARDS, Operations
from registry.web.entrance import Entrance, check_origin
from registry.web.live import Live
from registry.web.logins import Logins
from registry.web.pages import HEADERS, page, static

FORM_BYTES = 4096
Endpoint = Callable[[Request], Awaitable[Response]]
_STATUS: dict[type[RegistryError], int] = {
    Unauthenticated: 401,
    Denied: 403,
    NotFound: 404,
    Invalid: 404,
    TooLarge: 429,
}
log = structlog.get_logger(__name__)


class Desk:
    """The pages below `/ops`."""

    def __init__(self, operations: Operations, entrance: Entrance, logins: Logins, live: Live) -> None:
        self._operations, self._entrance, self._logins, self._live = operations, entrance, logins, live

    def routes(self) -> list[Route]:
        """All of them."""
        return [
            Route("/ops", self._guarded(self.overview)),
            Route("/ops/subscriptions/{organisation}/{subscription}", self._guarded(self.subscription)),
            Route("/ops/events", self._guarded(self.events)),
            Route("/ops/login", self.form),
            Route("/ops/login", self.login, methods=["POST"]),
            Route("/ops/logout", self.logout, methods=["POST"]),
            *self._logins.routes(),
            *static("/ops"),
        ]

    async def overview(self, _request: Request) -> Response:
        """Rollouts, who is late, how far readers are behind, the latest changes."""
        found, measures = await self._operations.look()
        return page("overview.html", overview=found, measures=measures, open=self._entrance.open, most=LAGGARDS)

    async def subscription(self, request: Request) -> Response:
        """One subscription, with everything that the ledger knows of it."""
        path = request.path_params
        name = f"organisations/{path['organisation']}/subscriptions/{path['subscription']}"
        return page("subscription.html", found=await self._operations.timeline(name), open=self._entrance.open)

    async def events(self, request: Request) -> Response:
        """Tells that something has changed, as server-sent events."""
        if self._live.full:
            raise TooLarge("RATE_EXCEEDED", "Too many pages are open.", limit="streams", retry_after_ms=10_000)
        events = self._live.events(partial(self._entrance.enter, request))
        return StreamingResponse(events, media_type="text/event-stream", headers=dict(HEADERS))

    async def form(self, _request: Request) -> Response:
        """The ways to open a session."""
        return RedirectResponse("/ops", 303) if self._entrance.open else self._logins.form()

    async def login(self, request: Request) -> Response:
        """Open a session. Whatever is wrong with a key, the answer is the same."""
        answer = RedirectResponse("/ops", 303, headers=dict(HEADERS))
        try:
            check_origin(request)
            await self._entrance.login(request, await _key(request), answer)
        except TooLarge:
            return self._logins.form("often", 429)
        except (Denied, Unauthenticated):
            return self._logins.form("key", 403)
        except RegistryError as error:
            return _refusal(error)
        return answer

    async def logout(self, request: Request) -> Response:
        """End the session."""
        answer = RedirectResponse("/ops/login", 303, headers=dict(HEADERS))
        try:
            check_origin(request)
        except Denied as error:
            return _refusal(error)
        self._entrance.logout(request, answer)
        return answer

    def _guarded(self, shown: Endpoint) -> Endpoint:
        async def serve(request: Request) -> Response:
            try:
                await self._entrance.enter(request)
                return await shown(request)
            except Unauthenticated as error:
                asked = "Authorization" in request.headers or request.url.path.endswith("/events")
                return _refusal(error) if asked else RedirectResponse("/ops/login", 303, headers=dict(HEADERS))
            except RegistryError as error:
                return _refusal(error)

        return serve


async def _key(request: Request) -> str:
    """What the form has. Errors: TooLarge."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > FORM_BYTES:
            raise TooLarge("LIMIT_EXCEEDED", "The form is too large.", limit="form bytes", maximum=FORM_BYTES, actual=0)
    with contextlib.suppress(ValueError):
        return parse_qs(body.decode("ascii"), max_num_fields=2).get("key", [""])[0].strip()
    return ""


def _refusal(error: RegistryError) -> Response:
    """In both languages; why the store fails stays in its log, and why a key is refused in the list of refusals."""
    status = next((number for kind, number in _STATUS.items() if isinstance(error, kind)), 503)
    answer = page("refused.html", status, status=status)
    if status == 401:  # noqa: PLR2004 - as HTTP counts
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer
