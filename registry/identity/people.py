"""People who log in to pages: by which providers, and who of them may operate the registry."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from registry.errors import NotFound
from registry.identity import refusals
from registry.identity.idtokens import Person
from registry.identity.login import Begun, Provider
from registry.identity.refusals import LOGIN
from registry.identity.revocation import DenyList


class People:
    """The providers that are trusted at one moment, in the order of the trust file."""

    def __init__(self, providers: Sequence[Provider], deny: DenyList) -> None:
        self.providers: Mapping[str, Provider] = {each.settings.id: each for each in providers}
        self._deny = deny

    async def begin(self, provider: str) -> tuple[Begun, str]:
        """A login, and where the browser is sent for it. Errors: RESOURCE_NOT_FOUND, ISSUER_UNAVAILABLE."""
        if (found := self.providers.get(provider)) is None:
            text = f"People do not log in by {provider} here."
            raise NotFound("RESOURCE_NOT_FOUND", text, name=f"people/{provider}")
        return await found.begin()

    async def finish(self, begun: Begun, answer: Mapping[str, str], now: datetime) -> Person:
        """Who has logged in, by what the browser brought back. Errors: Unauthenticated, ISSUER_UNAVAILABLE."""
        found = self.providers.get(begun.provider)
        if found is None or found.settings.issuer != begun.issuer:
            raise refusals.invalid(LOGIN, "was begun with a provider that is not trusted any more")
        return await found.finish(begun, answer, now)

    def operates(self, person: Person) -> bool:
        """Whether the trust file, as it is now, lets somebody who logged in operate the registry."""
        found = self.providers.get(person.provider)
        if found is None or found.settings.issuer != person.issuer or person.principal in self._deny.principals:
            return False
        if found.settings.acr and person.level not in found.settings.acr:
            return False
        return any(person.claims.get(name, frozenset()) & set(may) for name, may in found.settings.operators.items())
