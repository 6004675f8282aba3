"""Feeds, for those who have no system that calls: of an organisation, of a capability, or of everything."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from registry.domain import names
from registry.errors import Gone as NoLonger
from registry.errors import Invalid, NotFound, Precondition, RegistryError, Unavailable
from registry.services import news
from registry.store import Store
from registry.web import feedforms

CACHE = "public, max-age=60"  # what is hidden today is out of caches soon
COLLECTIONS = {"organisations": "organisation", "capabilities": "capability"}
_STATUS: Mapping[type[RegistryError], tuple[int, str]] = {
    NotFound: (404, "Det finns inget sådant flöde: jämför namnet med registret."),
    Invalid: (400, "Förfrågan kan inte läsas: följ länkarna, med page_size från 1 till 100."),
    Precondition: (410, "Sidan finns inte längre: börja om från flödets första sida."),
    NoLonger: (410, "Sidan finns inte längre: börja om från flödets första sida."),
    Unavailable: (503, "Registret svarar inte just nu: försök igen om en stund."),
}


@dataclass(frozen=True, slots=True)
class Form:
    """How a page is written."""

    media_type: str
    write: Callable[[news.News, str, str], bytes]


FORMS = {
    "atom": Form(feedforms.ATOM_TYPE, feedforms.atom),
    "json": Form(feedforms.JSON_TYPE, feedforms.json_feed),
}


def routes(store: Store) -> list[Route]:
    """Every feed in every form."""
    places = ("all", *(f"{collection}/{{key}}" for collection in COLLECTIONS))
    return [Route(f"/feeds/{place}.{end}", _endpoint(store, place, FORMS[end])) for place in places for end in FORMS]


def _endpoint(store: Store, place: str, form: Form) -> Callable[[Request], object]:
    async def serve(request: Request) -> Response:
        try:
            subject = _subject(place, request.path_params.get("key", ""))
            work = news.reader(subject, request.query_params.get("before", ""), _size(request))
            return _answer(request, form, await store.read(work))
        except RegistryError as error:
            return _refusal(error)

    return serve


def _subject(place: str, key: str) -> str:
    if not key:
        return ""
    collection = place.partition("/")[0]
    name = f"{collection}/{key}"
    if not names.is_valid(name, COLLECTIONS[collection]):
        pattern = names.PATTERNS[COLLECTIONS[collection]]
        raise NotFound("RESOURCE_NOT_FOUND", f"There is no such feed: names have the pattern {pattern}.", name=name)
    return name


def _size(request: Request) -> int:
    text = request.query_params.get("page_size", str(news.ENTRIES))
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(news.ENTRIES)) else 0


def _answer(request: Request, form: Form, found: news.News) -> Response:
    following = str(request.url.include_query_params(before=found.following)) if found.following else ""
    body = form.write(found, str(request.url), following)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": CACHE, "X-Content-Type-Options": "nosniff"}
    if _has(request.headers.get("If-None-Match", ""), tag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=form.media_type, headers=headers)


def _has(sent: str, tag: str) -> bool:
    """Whether the reader has it; the comparison is weak, as RFC 9110 asks."""
    tags = {each.strip().removeprefix("W/") for each in sent.split(",")}
    return tag in tags or "*" in tags


def _refusal(error: RegistryError) -> Response:
    """In both languages; why the store fails stays in its log."""
    status, swedish = next((told for kind, told in _STATUS.items() if isinstance(error, kind)), _STATUS[Unavailable])
    english = "The registry does not answer just now: try again in a moment." if status == 503 else error.message  # noqa: PLR2004
    return PlainTextResponse(f"{swedish}\n{english}\n", status, headers={"Cache-Control": "no-store"})
