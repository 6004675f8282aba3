"""The one error hierarchy: what a caller may do about it decides the class, the reason says which rule spoke.

RegistryError
├── NotFound         the named thing does not exist (or is hidden)
├── AlreadyExists    the name is taken
├── Invalid          the request can never be right as it is; `violations` lists every field
├── Precondition     right in itself, but not in the present state
├── Conflict         somebody else was first: read again, then retry
├── Unauthenticated  who calls is not proven
├── Denied           the caller may not
├── Gone             outside the range that is kept
├── TooLarge         over a limit, or no room
├── Unavailable      try again later
└── NotServed        part of the contract, served by a later version
"""

from collections.abc import Mapping, Sequence


class RegistryError(Exception):
    """`reason` is an `ErrorReason` without its prefix; every dynamic word of `message` is in `metadata` too."""

    def __init__(
        self,
        reason: str,
        message: str,
        *,
        violations: Sequence[tuple[str, str]] = (),
        **metadata: object,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.violations = tuple(violations)
        self.audited = False  # a refusal that is on record, though it looks like another error
        self.metadata: Mapping[str, str] = {key: str(value) for key, value in metadata.items()}


class NotFound(RegistryError):
    """The named thing does not exist."""


class AlreadyExists(RegistryError):
    """The name is taken."""


class Invalid(RegistryError):
    """The request can never be right as it is."""


class Precondition(RegistryError):
    """Right in itself, but not in the present state."""


class Conflict(RegistryError):
    """Somebody else was first."""


class Unauthenticated(RegistryError):
    """Who calls is not proven."""


class Denied(RegistryError):
    """The caller may not."""


class Gone(RegistryError):
    """Outside the range that is kept."""


class TooLarge(RegistryError):
    """Over a limit, or no room."""


class Unavailable(RegistryError):
    """Try again later."""


class NotServed(RegistryError):
    """Part of the contract, served by a later version."""
