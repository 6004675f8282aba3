"""Every offering's titles, campaigns and newest release, kept up by the ledger: counting must not read them again."""

from registry.api.v1.change_pb2 import Change
from registry.api.v1.offering_pb2 import Offering
from registry.api.v1.release_pb2 import Release
from registry.domain import names, release
from registry.semver import precedence
from registry.services.abreast import Abreast
from registry.services.pages import every
from registry.store import View


class Shelf(Abreast):
    """Offerings by name, with the titles and campaigns alone."""

    kinds = ("offering", "release")

    def __init__(self) -> None:
        super().__init__()
        self.offerings: dict[str, Offering] = {}
        self._published: dict[str, dict[str, str]] = {}

    def newest(self, offering: str) -> str:
        """Name of its newest published release, or ''."""
        versions = self._published.get(offering, {})
        return max(versions, key=lambda name: precedence(versions[name])) if versions else ""

    def version(self, name: str) -> str:
        """The version of a published release, or ''."""
        return self._published.get(names.parent(name), {}).get(name, "")

    def enough(self) -> set[str]:
        """The newest release of every offering that has one."""
        return {self.newest(offering) for offering in self._published} - {""}

    def _read(self, view: View) -> None:
        self.offerings, self._published = {}, {}
        for document in every(view, "offering", ""):
            self._offering(Offering.FromString(document))
        for document in every(view, "release", ""):
            self._release(Release.FromString(document))

    def _take(self, change: Change) -> None:
        if change.kind == "release":
            self._release(change.resource.release)
        elif change.etag:
            self._offering(change.resource.offering)
        else:
            self.offerings.pop(change.name, None)

    def _offering(self, message: Offering) -> None:
        kept = Offering(name=message.name, title=message.title, campaigns=message.campaigns)
        self.offerings[message.name] = kept

    def _release(self, message: Release) -> None:
        published = self._published.setdefault(names.parent(message.name), {})
        if message.state == release.PUBLISHED:
            published[message.name] = message.version
        else:
            published.pop(message.name, None)
