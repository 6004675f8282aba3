"""A trust file of a test's own, with what it names beside it."""

import json
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from registry.errors import RegistryError
from registry.identity.trust import Trust
from tests.components.issuing import NOW
from tests.components.minting import AUDIENCE, ISSUER


class World:
    """A folder with a trust file. `now` is the registry's clock, `seconds` what passes for those who wait."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.file = folder, folder / "trust.yaml"
        self.now: Callable[[], datetime] = lambda: NOW
        self.seconds = time.monotonic()

    def trust(self, **said: Any) -> Trust:
        """The trust that a file of these words tells."""
        self.write(**said)
        return Trust.load(self.file, self._at, lambda: self.seconds)

    def _at(self) -> datetime:
        return self.now()

    def write(self, **said: Any) -> None:
        """Write the file anew, as a tool would: whole or not at all."""
        new = self.file.with_suffix(".new")
        plain = json.loads(json.dumps(said))  # nothing is there twice, for which YAML would have an anchor
        new.write_text(yaml.safe_dump(plain), encoding="utf-8")
        new.replace(self.file)


def certificates(ca: Path, **said: Any) -> dict[str, Any]:
    """An entry of an issuer of certificates."""
    return {"id": "test", "ca": str(ca), "number": "organization_identifier", **said}


def tokens(jwks: str, **said: Any) -> dict[str, Any]:
    """An entry of an issuer of tokens."""
    return {"id": "oidc", "issuer": ISSUER, "audience": AUDIENCE, "jwks": jwks, **said}


def refusal(call: Callable[[], object]) -> str:
    """The reason that a call is refused with; '' when it is not."""
    try:
        call()
    except RegistryError as error:
        return error.reason
    return ""


async def token_refusal(trust: Trust, token: str, pem: bytes | None = None) -> str:
    """The same of a token."""
    try:
        await trust.token(token, pem)
    except RegistryError as error:
        return error.reason
    return ""
