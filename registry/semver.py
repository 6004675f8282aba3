"""Precedence of semantic versions (semver.org 2.0.0, section 11)."""


def precedence(version: str) -> tuple[tuple[int, ...], int, tuple[tuple[int, int, str], ...]]:
    """A key that orders versions: 1.9.0 < 1.10.0, 2.0.0-rc.1 < 2.0.0; build metadata does not count."""
    core, _, pre = version.partition("+")[0].partition("-")
    numbers = tuple(int(part) for part in core.split("."))
    parts = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in pre.split(".")) if pre else ()
    return numbers, 0 if pre else 1, parts
