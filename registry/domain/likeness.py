"""How well a word of a text answers a word that was asked for, and which one was meant by a word that nobody writes."""

from collections.abc import Collection, Iterable

from rapidfuzz.distance import OSA

from registry.domain.lookup import FORM, WORD, errors
from registry.domain.wording import LAST, PART, PREFIX, STEM, STOP, fold, root, stems

SAME, INFLECTED, BEGINS, RELATED, ENDS, WITHIN = 1.0, 0.9, 0.6, 0.5, 0.6, 0.4
MARKS = 0.8  # of that, when only the marks over letters differ
_LONG_ENOUGH = 8  # letters at the end of a word that are hardly there by chance
_JOINTS = "soeua"  # what the first part of a compound may have at its end: hälso-, gatu-, förskole-
_MOST_PARTS = 4
_STOP = frozenset(map(fold, STOP))


def likeness(asked: str, word: str, known: Collection[str]) -> float:
    """From 0 (another word) to 1 (the same). `known`: keys that tell what the first part of a compound may be."""
    plain, found, short = fold(asked), fold(word), fold(root(asked))
    marks = 1.0 if root(asked) in word else MARKS
    if found == plain:
        return SAME if asked == word else MARKS
    if not {fold(each) for each in stems(asked)}.isdisjoint(fold(each) for each in stems(word)):
        return INFLECTED * marks
    if len(plain) >= PREFIX and found.startswith(plain):
        return (BEGINS + 0.2 * len(plain) / len(found)) * marks
    if len(short) >= STEM and found.startswith(short):
        return RELATED * marks
    return _compound(short, word, known) * marks


def _compound(short: str, word: str, known: Collection[str]) -> float:
    head = _head(short, fold(word))
    if not head or (len(short) < _LONG_ENOUGH and not _is_known(head, known)):
        return 0.0
    return ENDS if short in {fold(each) for each in stems(word[len(head) :])} else WITHIN


def _head(short: str, found: str) -> str:
    """What stands before the word that was asked for; '' when that is no part."""
    at = found.rfind(short) if len(short) >= PART else 0
    return found[:at] if at >= PART else ""


def heads(asked: str, word: str) -> set[str]:
    """Keys that tell whether what stands before the word that was asked for is a word itself."""
    head = _head(fold(root(asked)), fold(word))
    return {sign + head[:end] for sign in (WORD, FORM) for end in range(PART, len(head) + 1)}


def _is_known(head: str, known: Collection[str]) -> bool:
    """Whether that is a word, or begins with one and goes on long enough to be a compound."""
    ends = (*range(PART, len(head) - STEM + 1), len(head))
    return any(base(head[:end], known) for end in ends)


def base(head: str, known: Collection[str]) -> str:
    """The word that the first part of a compound stands for; '' when there is none."""
    shorter = head[:-1] if head[-1:] in _JOINTS and len(head) > PART else ""
    return next((each for each in (head, shorter) if each and (WORD + each in known or FORM + each in known)), "")


def split(word: str, known: Collection[str]) -> list[str]:
    """The known words that a compound is made of, the fewest, without marks; [] when there are no such."""
    plain = fold(word)
    best: dict[int, list[str]] = {len(plain): []}
    for start in range(len(plain) - LAST, -1, -1):
        for end in (*range(start + PART, len(plain)), len(plain)):
            rest = best.get(end)
            part = _part(plain, start, end, known) if rest is not None else ""
            if rest is not None and part and len(rest) + 1 < len(best.get(start, [""] * (_MOST_PARTS + 1))):
                best[start] = [part, *rest]
    parts = best.get(0, [])
    return parts if not parts or parts[0] not in map(fold, stems(word)) else []  # an ending is no part


def _part(plain: str, start: int, end: int, known: Collection[str]) -> str:
    whole = plain[start:end]
    if end < len(plain):
        return base(whole, known)
    forms = {whole, *(fold(each) for each in stems(whole))} if len(whole) >= PART else set()
    return (
        whole
        if start and whole not in _STOP and (WORD + whole in known or any(FORM + each in known for each in forms))
        else ""
    )


def meant(asked: str, words: Iterable[str]) -> list[str]:
    """Which of the words may have been meant, the likeliest first."""
    ranked = [(distance, -common(asked, word), word) for word in words if (distance := _errors(asked, word)) >= 0]
    return [word for _, _, word in sorted(ranked)]


def _errors(asked: str, word: str) -> int:
    """Errors between the words or their stems; -1 for too many."""
    pairs = [(fold(asked), fold(word)), (fold(stems(asked)[0]), fold(stems(word)[0]))]
    counts = [(OSA.distance(a, b), errors(a)) for a, b in pairs]
    return min((count for count, most in counts if count <= most), default=-1)


def common(asked: str, word: str) -> int:
    """With how many of the same letters both begin."""
    return next(
        (at for at, pair in enumerate(zip(asked, word, strict=False)) if pair[0] != pair[1]), min(len(asked), len(word))
    )
