"""Whom a contract is shown to: its hash alone opens nothing, for hashes get around."""

from collections.abc import Collection, Iterable

from registry.api.v1.change_pb2 import Change
from registry.api.v1.release_pb2 import Release
from registry.domain.authority import Sight
from registry.domain.names import parent
from registry.services.abreast import Abreast, Turns
from registry.services.pages import every
from registry.store import Store, View


class Uses(Abreast):
    """The releases that name a contract, by its hash. Takes about 400 bytes for each."""

    kinds = ("release",)

    def __init__(self) -> None:
        super().__init__()
        self._releases: dict[str, set[str]] = {}
        self._named: dict[str, frozenset[str]] = {}

    def of(self, sha256: str) -> frozenset[str]:
        """Their names."""
        return frozenset(self._releases.get(sha256, ()))

    def _read(self, view: View) -> None:
        self._releases, self._named = {}, {}
        for document in every(view, "release", ""):
            release = Release.FromString(document)
            self._put(release.name, release)

    def _take(self, change: Change) -> None:
        self._put(change.name, change.resource.release)

    def _put(self, name: str, release: Release) -> None:
        for gone in self._named.pop(name, ()):
            self._releases[gone].discard(name)
            if not self._releases[gone]:
                del self._releases[gone]
        if named := hashes([release]):
            self._named[name] = named
        for each in named:
            self._releases.setdefault(each, set()).add(name)


class Contracts:
    """Asked before a contract is read, or named without being sent along."""

    def __init__(self, store: Store) -> None:
        self._store, self._turns, self._uses = store, Turns(store), Uses()

    async def hidden(self, named: Iterable[str], sight: Sight) -> frozenset[str]:
        """Those hashes that no release names which is shown; of a contract that nobody has, it is said as well."""
        wanted = frozenset(named)
        if sight.everything or not wanted:
            return frozenset()
        uses = await self._turns.read(lambda view: self._followed(view, wanted))

        def shown(view: View) -> frozenset[str]:
            return frozenset(each for each, offerings in uses.items() if view.shows_any("offering", offerings))

        return wanted - await self._store.read(shown, sight=sight)

    def _followed(self, view: View, wanted: Iterable[str]) -> dict[str, Collection[str]]:
        self._uses.follow(view)
        # A release is shown to whom its offering is. A name that nothing has takes as long to look up as a hidden one.
        return {each: {parent(name) for name in self._uses.of(each)} or ("offerings/nobody",) for each in wanted}


def hashes(releases: Iterable[Release]) -> frozenset[str]:
    """The contracts that releases name."""
    return frozenset(each.spec.sha256 for release in releases for each in release.interfaces if each.HasField("spec"))
