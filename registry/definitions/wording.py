"""What the sentences of the contract say of a field: required, how many, which form. The rules say no other."""

import re
from dataclasses import dataclass
from typing import Any

from registry.domain import names
from registry.domain.release import SEMVER

_REQUIRED = re.compile(r"\bRequired[.;]")
_MANY = re.compile(r"\bAt most ([\d,]+)[.;]")
_CHARACTERS = re.compile(r"\bat most (\d+) characters")
_RANGE = re.compile(r"\((\d+)\.\.(\d+)\)")
_DIGITS = {"two digits": 2, "four digits": 4}
_DAY, _YEAR = "[0-9]{4}-[0-9]{2}-[0-9]{2}", "[0-9]{4}"
_SEGMENT = "lower-case letters, digits and hyphens"


@dataclass(frozen=True, slots=True)
class Wording:
    """The comment of a field; `also_required` says what it leaves out."""

    text: str
    also_required: bool = False

    @property
    def required(self) -> bool:
        """Whether the field must be set."""
        return self.also_required or self.swedish or _REQUIRED.search(self.text) is not None

    @property
    def swedish(self) -> bool:
        """Whether it is a text for people whose Swedish must be there."""
        return "Swedish is required" in self.text

    @property
    def items(self) -> dict[str, int]:
        """How many there may be."""
        found = _MANY.search(self.text)
        return {"maxItems": int(found[1].replace(",", ""))} if found else {}

    @property
    def range(self) -> tuple[int, int] | None:
        """The least and the greatest number."""
        found = _RANGE.search(self.text)
        return (int(found[1]), int(found[2])) if found else None

    def of_text(self, *, must: bool) -> dict[str, Any]:
        """The schema of a text, which `must` be there or may be empty."""
        pattern, only_text = self._form()
        kinds = ["string", "null"] if only_text else ["string", "number", "boolean", "null"]
        found: dict[str, Any] = {"type": kinds}
        if pattern:
            found["pattern"] = f"^({pattern})$" if must else f"^({pattern})?$"
        elif must:
            found["minLength"] = 1
        if most := _CHARACTERS.search(self.text):
            found["maxLength"] = int(most[1])
        return found

    def _form(self) -> tuple[str, bool]:
        """The form, '' for any, and whether YAML takes what has it for nothing but a text."""
        for noun, pattern in names.PATTERNS.items():
            if f"`{pattern}`" in self.text:
                return names.pattern(noun), True
        if self.text.startswith("Semantic version"):
            return SEMVER.pattern, True
        if _SEGMENT in self.text:
            return names.SEGMENT, False
        if "`YYYY`" in self.text:
            return f"{_DAY}|{_YEAR}", False
        if "`YYYY-MM-DD`" in self.text:
            return _DAY, True
        digits = next((count for words, count in _DIGITS.items() if words in self.text), 0)
        return (f"[0-9]{{{digits}}}", False) if digits else ("", False)
