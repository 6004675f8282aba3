"""Keys by which a vocabulary is asked for words like a given one, so that no question reads all of it.

A word is filed under itself and its stems, under what it ends in from every place on (for compounds), and under two or
three pieces of which at least one survives an error of typing (Li, Deng, Wang and Feng: Pass-Join, 2011). Keys are
without marks over letters.
"""

from collections.abc import Iterator

from registry.domain.wording import LAST, PART, fold, stems

WORD, FORM, TAIL, PIECE = "=", "~", "+", "."
_ONE_ERROR, _TWO_ERRORS = 4, 8  # from so many letters on
_THREE_PIECES = 6


def keys(word: str) -> list[str]:
    """All keys of a word of the vocabulary."""
    plain = fold(word)
    found = [WORD + plain, *(FORM + fold(each) for each in stems(word))]
    if word.isalpha():
        found += [TAIL + plain[at:] for at in range(PART, len(plain) - PART + 1)]
        found += [f"{PIECE}{len(plain)}.{number}.{plain[a:b]}" for number, (a, b) in enumerate(_pieces(len(plain)))]
    return list(dict.fromkeys(found))


def errors(word: str) -> int:
    """How many errors of typing are forgiven in a word."""
    return 0 if not word.isalpha() or len(word) < _ONE_ERROR else 1 if len(word) < _TWO_ERRORS else 2


def misspelt(word: str) -> set[str]:
    """Keys of which a word that was meant has one."""
    found: set[str] = set()
    for plain in {fold(word), fold(stems(word)[0])}:
        most = errors(plain)
        for length in range(len(plain) - most, len(plain) + most + 1 if most else 0):
            found.update(_near(plain, length, most))
        if most:  # two letters that changed places may have hit both pieces of a short word
            found.update(
                WORD + plain[:at] + plain[at + 1] + plain[at] + plain[at + 2 :] for at in range(len(plain) - 1)
            )
    return found


def substrings(word: str) -> set[str]:
    """Keys of every word that may be a part of a compound, with those of the forms of what ends it."""
    plain = fold(word)
    found = {plain[a:b] for a in range(len(plain)) for b in range(a + PART, len(plain) + 1)} - {plain}
    found.add(plain[-LAST:])
    ends = {fold(each) for at in range(PART, len(plain) - PART + 1) for each in stems(plain[at:])}
    return {sign + each for sign in (WORD, FORM) for each in found | ends}


def _pieces(length: int) -> list[tuple[int, int]]:
    count = 3 if length >= _THREE_PIECES else 2 if length >= _ONE_ERROR - 1 else 0
    return [(length * number // count, length * (number + 1) // count) for number in range(count)]


def _near(plain: str, length: int, most: int) -> Iterator[str]:
    for number, (a, b) in enumerate(_pieces(length)):
        for shift in range(-most, most + 1):
            if a + shift >= 0 and b + shift <= len(plain):
                yield f"{PIECE}{length}.{number}.{plain[a + shift : b + shift]}"
