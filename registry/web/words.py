"""How a change is told to people: Swedish first, then English."""

from registry.api.v1.localized_text_pb2 import LocalizedText
from registry.services.news import Entry, News

CHARACTERS = 2_000  # of a text, in each language: a feed is read on the way
_EVENTS = {
    "organisation.created": ("Ny organisation", "New organisation"),
    "organisation.updated": ("Ändrad organisation", "Changed organisation"),
    "organisation.merged": ("Organisation som har gått upp i en annan", "Organisation merged into another"),
    "capability.created": ("Ny förmåga", "New capability"),
    "capability.updated": ("Ändrad förmåga", "Changed capability"),
    "capability.retired": ("Förmåga ur bruk", "Retired capability"),
    "offering.created": ("Ny tjänst", "New service"),
    "offering.updated": ("Ändrad tjänst", "Changed service"),
    "offering.shown": ("Tjänst som nu är öppen för alla", "Service that is public now"),
    "offering.withdrawn": ("Tillbakadragen tjänst", "Withdrawn service"),
    "release.drafted": ("Utkast till version", "Draft of a release"),
    "release.tested": ("Version i test", "Release in test"),
    "release.published": ("Ny version", "New release"),
    "release.deprecated": ("Version som fasas ut", "Release that is phased out"),
    "release.retired": ("Version ur bruk", "Retired release"),
}
_OTHER = ("Ändring", "Change")


def title(news: News) -> str:
    """Of the feed."""
    return f"Gemensam: {_both(news.title, '')}"


def headline(entry: Entry) -> str:
    """Of a change."""
    change = entry.change
    swedish, english = _EVENTS.get(event(entry), _OTHER)
    named = getattr(change.resource, change.kind)
    of, version = (named.title, "") if entry.offering is None else (entry.offering.title, f" {named.version}")
    return f"{swedish}: {of.sv}{version} / {english}: {of.en or of.sv}{version}"


def content(entry: Entry) -> str:
    """What is said of it, and its name in the registry."""
    change = entry.change
    named = getattr(change.resource, change.kind)
    text = named.notes if change.kind == "release" else getattr(named, "description", LocalizedText())
    parts = [text.sv[:CHARACTERS], text.en[:CHARACTERS]]
    if change.kind == "release" and named.HasField("sunset_time"):
        day = named.sunset_time.ToJsonString()[:10]
        parts.append(f"Tas ur bruk / Sunset: {day}")
    return "\n\n".join(part for part in (*parts, change.name) if part)


def event(entry: Entry) -> str:
    """`release.published`."""
    return entry.change.event_type.removeprefix("se.gemensam.registry.").removesuffix(".v1")


def _both(text: LocalizedText, more: str) -> str:
    english = f" / {text.en}{more}" if text.en and text.en != text.sv else ""
    return f"{text.sv}{more}{english}"
