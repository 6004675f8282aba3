"""Swedish names of public bodies: from capitals to ordinary case, and to the segment of a resource name."""

import re
import unicodedata
from collections.abc import Iterable

_ABBREVIATIONS = frozenset({"AP", "ESF", "FAO", "FOI", "ILO", "TLV"})
_WORD = re.compile(r"[^\W\d_]+")
_LOOSE = re.compile(r"-(och|OCH)\b")
_LONGEST = 63


class Titles:
    """Writes names in ordinary case. Capitals do not tell proper names from words, so places have to be known."""

    def __init__(self, places: Iterable[str]) -> None:
        words = {word for place in places for word in _WORD.findall(place) if word[0].isupper()}
        self._places = {form.upper(): form for word in words for form in (word, f"{word}s")}

    def ordinary(self, name: str) -> str:
        """`HÖGSKOLAN I BORÅS` as `Högskolan i Borås`; a name that has small letters stays as it is."""
        name = _LOOSE.sub(r"- \1", name)
        if not name.isupper():
            return name
        text = _WORD.sub(self._word, name)
        return text[:1].upper() + text[1:]

    def _word(self, found: re.Match[str]) -> str:
        word = found[0]
        return word if word in _ABBREVIATIONS else self._places.get(word, word.lower())


def segment(title: str) -> str:
    """`Håbo` as `habo`: lower case, a for å and ä, o for ö, hyphens between words, at most 63 characters."""
    plain = unicodedata.normalize("NFKD", title.lower())
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if len(words) <= _LONGEST:
        return words
    return words[: _LONGEST + 1].rpartition("-")[0] or words[:_LONGEST]
