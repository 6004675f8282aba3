"""Ids for what nobody names."""

import secrets

_LETTERS = str.maketrans("0123456789", "ghijklmnop")


def drawn() -> str:
    """An id by chance, in letters only, so that chance cannot give it the look of a personal number."""
    return secrets.token_hex(16).translate(_LETTERS)
