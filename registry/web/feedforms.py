"""A page of news as Atom (RFC 4287, RFC 5005 for the next page) and as JSON Feed 1.1."""

import json
import re
import xml.etree.ElementTree as ET
from typing import Any

from registry.services.news import Entry, News
from registry.web import words

ATOM, JSON_FEED = "http://www.w3.org/2005/Atom", "https://jsonfeed.org/version/1.1"
ATOM_TYPE, JSON_TYPE = "application/atom+xml; charset=utf-8", "application/feed+json; charset=utf-8"
AUTHOR = "Gemensam"
_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def identity(news: News, tail: str) -> str:
    """A tag URI (RFC 4151) that no other store gives, and this one to nothing else."""
    return f"tag:gemensam.se,2026:{news.generation}/{tail}"


def atom(news: News, url: str, following: str) -> bytes:
    """The page as Atom. `url` is its own address, `following` that of the next one, or ''."""
    feed = ET.Element("feed", {"xmlns": ATOM, "xml:lang": "sv"})
    _texts(feed, id=identity(news, news.subject or "all"), title=words.title(news), updated=news.updated.ToJsonString())
    ET.SubElement(feed, "link", rel="self", type=ATOM_TYPE.partition(";")[0], href=_clean(url))
    if following:
        ET.SubElement(feed, "link", rel="next", type=ATOM_TYPE.partition(";")[0], href=_clean(following))
    _texts(ET.SubElement(feed, "author"), name=AUTHOR)
    for entry in news.entries:
        _entry(ET.SubElement(feed, "entry"), news, entry)
    return b"<?xml version='1.0' encoding='utf-8'?>\n" + ET.tostring(feed, encoding="unicode").encode()


def _entry(element: ET.Element, news: News, entry: Entry) -> None:
    time = entry.change.time.ToJsonString()
    _texts(element, id=identity(news, f"changes/{entry.change.revision}"), title=words.headline(entry))
    _texts(element, published=time, updated=time)
    ET.SubElement(element, "category", term=words.event(entry))
    _texts(element, content=words.content(entry))


def _texts(element: ET.Element, **texts: str) -> None:
    for name, text in texts.items():
        ET.SubElement(element, name).text = _clean(text)


def _clean(text: str) -> str:
    """What XML 1.0 has no way to say is replaced; markup is text, and escaped when it is written."""
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def json_feed(news: News, url: str, following: str) -> bytes:
    """The page as JSON Feed."""
    feed: dict[str, Any] = {"version": JSON_FEED, "title": words.title(news), "feed_url": url, "language": "sv"}
    feed |= {"next_url": following} if following else {}
    feed |= {"authors": [{"name": AUTHOR}], "items": [_item(news, each) for each in news.entries]}
    return json.dumps(feed, ensure_ascii=False).encode()


def _item(news: News, entry: Entry) -> dict[str, Any]:
    change = entry.change
    return {
        "id": identity(news, f"changes/{change.revision}"),
        "title": words.headline(entry),
        "content_text": words.content(entry),
        "date_published": change.time.ToJsonString(),
        "tags": [words.event(entry)],
        "_gemensam": {"name": change.name, "event_type": change.event_type, "revision": change.revision},
    }
