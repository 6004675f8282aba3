"""How well a word of a text answers a word that was asked for, and which one was meant by a word that nobody writes."""

from collections.abc import Collection, Iterable

from rapidfuzz.distance import OSA

from registry.domain.lookup import FORM, WORD, errors
from registry.domain.wording import PART, PREFIX, STEM, fold, stem, stems

SAME, INFLECTED, BEGINS, RELATED, ENDS, WITHIN = 1.0, 0.9, 0.6, 0.5, 0.6, 0.4
MARKS = 0.8  # of that, when only the marks over letters differ
_LONG_ENOUGH = 5  # letters at the end of a word that are hardly there by chance
_JOINTS = "soeua"  # what the first part of a compound may have at its end: hälso-, gatu-, förskole-
_MOST_PARTS = 4


def likeness(asked: str, word: str, known: Collection[str]) -> float:
    """From 0 (another word) to 1 (the same). `known`: keys that tell what the first part of a compound may be."""
    plain, found = fold(asked), fold(word)
    marks = 1.0 if asked[:STEM] in word and stem(asked) in word else MARKS
    if found == plain:
        return SAME if asked == word else MARKS
    if not {fold(each) for each in stems(asked)}.isdisjoint(fold(each) for each in stems(word)):
        return INFLECTED * marks
    if len(plain) >= PREFIX and found.startswith(plain):
        return (BEGINS + 0.2 * len(plain) / len(found)) * marks
    root = fold(stem(asked))
    if len(root) >= STEM and found.startswith(root):
        return RELATED * marks
    return _compound(root, found, known) * marks


def _compound(root: str, found: str, known: Collection[str]) -> float:
    at = found.rfind(root)
    if len(root) < PART or at < PART:
        return 0.0
    if len(root) < _LONG_ENOUGH and not is_known(found[:at], known):
        return 0.0
    return ENDS if fold(stem(found[at:])) == root or len(found) - at - len(root) <= 1 else WITHIN


def heads(root: str, found: str) -> set[str]:
    """Keys that tell whether what stands before `root` is a word."""
    at = found.rfind(root)
    head = found[:at] if at >= PART and len(root) < _LONG_ENOUGH else ""
    return {sign + each for sign in (WORD, FORM) for each in (head, head[:-1]) if len(each) >= PART - 1}


def is_known(head: str, known: Collection[str]) -> bool:
    """Whether that is a word, or one with what joins it to the next."""
    return bool(base(head, known))


def base(head: str, known: Collection[str]) -> str:
    """The word that the first part of a compound stands for; '' when there is none."""
    shorter = head[:-1] if head[-1:] in _JOINTS and len(head) > PART else ""
    return next((each for each in (head, shorter) if each and (WORD + each in known or FORM + each in known)), "")


def split(plain: str, known: Collection[str]) -> list[str]:
    """The known words that a compound is made of, the fewest; [] when there are no such."""
    best: dict[int, list[str]] = {len(plain): []}
    for start in range(len(plain) - PART, -1, -1):
        for end in range(start + PART, len(plain) + 1):
            rest = best.get(end)
            part = _part(plain, start, end, known) if rest is not None else ""
            if rest is not None and part and len(rest) + 1 < len(best.get(start, [""] * (_MOST_PARTS + 1))):
                best[start] = [part, *rest]
    return best.get(0, [])


def _part(plain: str, start: int, end: int, known: Collection[str]) -> str:
    whole = plain[start:end]
    if end < len(plain):
        return base(whole, known)
    forms = (fold(each) for each in stems(whole))
    return whole if start and (WORD + whole in known or any(FORM + each in known for each in forms)) else ""


def meant(asked: str, words: Iterable[str]) -> list[str]:
    """Which of the words may have been meant, the likeliest first."""
    ranked = [(distance, -_common(asked, word), word) for word in words if (distance := _errors(asked, word)) >= 0]
    return [word for _, _, word in sorted(ranked)]


def _errors(asked: str, word: str) -> int:
    """Errors between the words or their stems; -1 for too many."""
    pairs = [(fold(asked), fold(word)), (fold(stem(asked)), fold(stem(word)))]
    counts = [(OSA.distance(a, b), errors(a)) for a, b in pairs]
    return min((count for count, most in counts if count <= most), default=-1)


def _common(asked: str, word: str) -> int:
    return next((at for at, pair in enumerate(zip(asked, word, strict=False)) if pair[0] != pair[1]), len(asked))
