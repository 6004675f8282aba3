"""How many resources become requests: in an order that the registry takes, none of them too large."""

import pytest

from registry.api.v1.release_pb2 import SpecContent
from registry.api.v1.resource_pb2 import Resource
from registry.definitions import batches
from registry.definitions.previews import previews
from registry.domain import order
from registry.domain.limits import MESSAGE_BYTES
from registry.errors import TooLarge

CONTRACT = {"a" * 64: SpecContent(media_type="application/json", content=b"{}")}


def offering(key: str = "a", *releases: str, provider: str = "organisations/p") -> Resource:
    """An offering with a campaign for each of these releases."""
    resource = Resource()
    resource.offering.name, resource.offering.provider = f"offerings/{key}", provider
    for number, release_id in enumerate(releases):
        resource.offering.campaigns.add(id=f"c{number}", release=f"offerings/{key}/releases/{release_id}")
    return resource


def release(version: str, digest: str = "a" * 64, key: str = "a") -> Resource:
    """A release with a contract."""
    resource = Resource()
    message = resource.release
    message.name, message.version = f"offerings/{key}/releases/{version}", version
    message.interfaces.add(id="api", kind=2, spec={"sha256": digest, "media_type": "application/json", "size": 2})  # type: ignore[arg-type]
    return resource


def body(key: str, host: str = "") -> Resource:
    """An organisation."""
    resource = Resource()
    resource.organisation.name, resource.organisation.host = f"organisations/{key}", host
    return resource


def names(found: list[batches.Batch]) -> list[list[str]]:
    """What is in each request."""
    return [[order.name(each) for each in batch.request.resources] for batch in found]


def test_requests_hold_at_most_so_many_and_references_come_first() -> None:
    found = [release(f"{number}.0.0") for number in range(5)] + [offering()]
    cut = batches.cut(found, CONTRACT, most=4)
    assert [len(batch.request.resources) for batch in cut] == [4, 2]
    assert order.name(cut[0].request.resources[0]) == "offerings/a"
    assert [len(batch.request.specs) for batch in cut] == [1, 0]
    assert sorted(place for batch in cut for place in batch.places) == list(range(6))
    assert len({batch.request.request_id for batch in cut}) == 2


def test_requests_stay_below_the_size_of_a_message() -> None:
    digests = ["a" * 64, "b" * 64, "c" * 64]
    contracts = {each: SpecContent(media_type="a/b", content=b"x" * (MESSAGE_BYTES // 2 - 1000)) for each in digests}
    found = [release(f"{number}.0.0", digest) for number, digest in enumerate(digests)]
    assert [len(batch.places) for batch in batches.cut(found, contracts)] == [2, 1]
    assert all(batch.request.ByteSize() <= MESSAGE_BYTES for batch in batches.cut(found, contracts))
    with pytest.raises(TooLarge, match="--best-effort"):
        batches.whole(found, contracts)
    assert batches.whole([], {}).places == []


@pytest.mark.parametrize("most", range(1, 8))
def test_an_offering_is_in_one_request_with_the_releases_of_its_campaigns(most: int) -> None:
    found = [release("1.0.0"), release("2.0.0"), release("3.0.0"), offering("a", "2.0.0", "3.0.0", "9.0.0"), body("p")]
    found.append(release("4.0.0"))
    if most < 3:
        with pytest.raises(TooLarge, match="offerings/a and the releases that its campaigns name"):
            batches.cut(found, CONTRACT, most)
        return
    cut = batches.cut(found, CONTRACT, most)
    together = next(each for each in names(cut) if "offerings/a" in each)
    assert {"offerings/a/releases/2.0.0", "offerings/a/releases/3.0.0"} <= set(together)
    assert sorted(place for batch in cut for place in batch.places) == list(range(6))
    assert max(len(batch.places) for batch in cut) <= most
    assert sum(len(batch.request.specs) for batch in cut) == 1


@pytest.mark.parametrize(("spare", "fits"), [(1000, True), (0, False)])
def test_an_offering_that_does_not_fit_with_its_releases_says_what_to_do(spare: int, fits: bool) -> None:
    half = MESSAGE_BYTES // 2 - spare
    contracts = {each * 64: SpecContent(media_type="a/b", content=b"x" * half) for each in "ab"}
    found = [offering("a", "1.0.0", "2.0.0"), release("1.0.0", "a" * 64), release("2.0.0", "b" * 64)]
    if fits:
        assert len(batches.cut(found, contracts)) == 1
    else:
        with pytest.raises(TooLarge, match="without those campaigns first"):
            batches.cut(found, contracts)


@pytest.mark.parametrize("most", [5, 6, 7, 100])
def test_a_preview_brings_along_whatever_it_names(most: int) -> None:
    found = [release(f"{number}.0.0", key=key) for key in "abc" for number in range(3)]
    found += [*(offering(key, "1.0.0") for key in "abc"), body("p", "organisations/host"), body("host"), body("other")]
    made = previews(found, CONTRACT, most)
    for batch, inside in zip(made, names(made), strict=True):
        assert len(inside) == len(set(inside)) <= most
        assert [order.name(found[place]) for place in batch.places] == inside
        known = {order.name(each) for each in found}
        assert {name for each in batch.request.resources for name in order.named(each)} & known <= set(inside)
        releases = any("releases" in each for each in inside)
        assert len(batch.request.specs) == releases
    assert {place for batch in made for place in batch.places} == set(range(len(found)))


def test_a_preview_goes_over_the_limit_only_where_one_resource_names_so_much() -> None:
    chain = [body(str(number), f"organisations/{number + 1}") for number in range(5)] + [body("5")]
    assert [len(each.places) for each in previews(chain, {}, most=6)] == [6]
    assert [len(each.places) for each in previews(chain[3:], {}, most=2)] == [3]
    assert previews([], {}) == []
