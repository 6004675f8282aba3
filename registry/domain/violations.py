"""Collects everything that is wrong with one message, so that a caller hears all of it at once."""

from registry.errors import Invalid, RegistryError


class Violations:
    """What is wrong, field by field. `what` completes the sentence "<field> ..." and says what would be right."""

    def __init__(self) -> None:
        self._found: list[tuple[str, str]] = []
        self._reason = ""
        self._field = ""
        self._metadata: dict[str, object] = {}

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, field: str, what: str, reason: str = "FIELD_INVALID", **metadata: object) -> None:
        """Note a violation. The first reason that says more than FIELD_INVALID names the error."""
        self._found.append((field, what))
        if not self._reason or (self._reason == "FIELD_INVALID" and reason != "FIELD_INVALID"):
            self._reason, self._field, self._metadata = reason, field, metadata

    def take(self, field: str, error: RegistryError) -> None:
        """Note an error that a rule of a single value raised."""
        metadata = {key: value for key, value in error.metadata.items() if key != "field"}
        self.add(field, error.message, error.reason, **metadata)

    def refuse(self) -> None:
        """Raise Invalid with every violation when there is any."""
        if not self._found:
            return
        sentences = " ".join(f"{field}: {what}." for field, what in self._found).replace("..", ".")
        metadata = {"field": self._field, **self._metadata}
        raise Invalid(self._reason, sentences, violations=self._found, **metadata)
