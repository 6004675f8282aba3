"""How texts become words that can be found: alike for every engine, because it is done here and not by the engine."""

import re
import threading
import unicodedata
from functools import lru_cache

import snowballstemmer  # type: ignore[import-untyped]

MOST_WORDS, LETTERS = 2000, 40  # of a text, and of a word: what is longer is cut
PREFIX, STEM = 3, 4  # fewest letters that begin a word, and that stand for what begins so
PART, LAST = 3, 2  # fewest letters of a part of a compound, and of its last one when it is a word by itself: förskolekö
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_HYPHENS = frozenset("\N{HYPHEN}\N{NON-BREAKING HYPHEN}")
_MARKLESS = str.maketrans({"ø": "o", "æ": "a", "ł": "l", "đ": "d"})
_STEMMERS = [snowballstemmer.stemmer(language) for language in ("swedish", "english")]
_LOCK = threading.Lock()  # a stemmer keeps the word that it is at
STOP = frozenset(
    _WORD.findall(
        "och i för av på om att en ett till med den det de som är vid hos eller från efter hur kan jag min vi ut"
        " the of for and to a an in on at is how my"
    )
)
_ENDINGS = {"ning": 5, "ing": 5, "an": 4, "et": 4}  # with the fewest letters before: ansökan, ansökning, ansöka


def words(text: str) -> list[str]:
    """The different words of a text in order, case folded. `e-arkiv` is three: `earkiv`, `e`, `arkiv`."""
    found = _whole(text)
    if "-" in text or _HYPHENS.intersection(text):
        found = [part for whole in found for part in (whole.replace("-", ""), *whole.split("-"))]
    different = list(dict.fromkeys(found))[:MOST_WORDS]
    return [word[:LETTERS] for word in different] if max(map(len, different), default=0) > LETTERS else different


def asked(query: str) -> list[str]:
    """The different words of a query, hyphens kept; those that every text has only when there are no others."""
    found = list(dict.fromkeys(word[:LETTERS] for word in _whole(query)))
    return [word for word in found if word not in STOP] or found


def replaced(query: str, word: str, by: str) -> str:
    """The query with one of its words written otherwise."""
    return _WORD.sub(lambda found: by if _plain(found[0])[:LETTERS] == word else found[0], query)


def _whole(text: str) -> list[str]:
    return _WORD.findall(_plain(text))


def _plain(text: str) -> str:
    plain = unicodedata.normalize("NFC", text.casefold())
    for hyphen in _HYPHENS:
        plain = plain.replace(hyphen, "-")
    return plain


@lru_cache(maxsize=65536)
def fold(word: str) -> str:
    """The word without marks over its letters, which keep their number: `förskola` is `forskola`."""
    return "".join(unicodedata.normalize("NFD", letter)[0] for letter in word).translate(_MARKLESS)


@lru_cache(maxsize=65536)
def stems(word: str) -> tuple[str, ...]:
    """What the forms of a word have in common, by Swedish and by English rules, the Swedish first. Source: Snowball.

    And what nouns have in common with the verbs that they are made of, which Snowball leaves apart.
    """
    if not word.isalpha():
        return (word,)
    with _LOCK:
        found = [stemmer.stemWord(word) for stemmer in _STEMMERS]
    roots = [found[0][: -len(end)] for end, least in _ENDINGS.items() if re.fullmatch(f".{{{least},}}{end}", found[0])]
    return tuple(dict.fromkeys([*found, *roots[:1]]))


def root(word: str) -> str:
    """The shortest of its stems."""
    return min(stems(word), key=len)
