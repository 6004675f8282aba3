"""Which release is to be used, told from the mirror alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.api.v1.environment_pb2 import Environment
from registry.api.v1.release_pb2 import Interface, Release
from registry.api.v1.subscription_pb2 import Convergence, SubscriptionState
from subscribers.desired import CANDIDATES, Wanted, ranked, wanted
from subscribers.state import Known, State
from tests.unit.subscribers.build import (
    APPROVED,
    DEPRECATED,
    ENDED,
    ENDING,
    PRODUCTION,
    PUBLISHED,
    RETIRED,
    SYSTEM,
    TEST,
    URL,
    change,
    deletion,
    interface,
    mirror,
    offering,
    release,
    subscription,
)

SANDBOX, TESTING = Environment.ENVIRONMENT_SANDBOX, Environment.ENVIRONMENT_TEST


def only(state: State) -> Wanted:
    (each,) = wanted(state, [SYSTEM])
    return each


def chosen(*releases: Release, environment: int = PRODUCTION) -> str:
    known = [Known(each.name, 1, each.SerializeToString(), "") for each in releases]
    found = ranked(known, environment)
    return Release.FromString(found[0][0].document).version if found else ""


@pytest.mark.parametrize(
    ("releases", "version"),
    [
        ([("1.0.0", PUBLISHED), ("2.0.0", DEPRECATED)], "1.0.0"),
        ([("1.0.0", DEPRECATED), ("2.0.0", DEPRECATED)], "2.0.0"),
        ([("1.0.0", PUBLISHED), ("2.0.0", RETIRED)], "1.0.0"),
        ([("1.0.0", PUBLISHED), ("2.0.0", TEST)], "1.0.0"),
        ([("1.0.0", PUBLISHED), ("2.0.0", 1), ("3.0.0", 0), ("4.0.0", 99)], "1.0.0"),
        ([("1.9.0", PUBLISHED), ("1.10.0", PUBLISHED), ("1.2.0", PUBLISHED)], "1.10.0"),
        ([("2.0.0-rc.1", PUBLISHED), ("1.9.9", PUBLISHED)], "2.0.0-rc.1"),
        ([("2.0.0-rc.1", PUBLISHED), ("2.0.0", PUBLISHED)], "2.0.0"),
        ([("2.0.0-rc.2", PUBLISHED), ("2.0.0-rc.10", PUBLISHED)], "2.0.0-rc.10"),
        ([("2.0.0-alpha", PUBLISHED), ("2.0.0-alpha.1", PUBLISHED), ("2.0.0-1", PUBLISHED)], "2.0.0-alpha.1"),
        ([("1.0.0", RETIRED)], ""),
        ([], ""),
    ],
)
def test_published_before_deprecated_then_the_highest_version(releases: list[tuple[str, int]], version: str) -> None:
    made = [release(each, state) for each, state in releases]
    assert chosen(*made) == version
    assert chosen(*reversed(made)) == version


@pytest.mark.parametrize(
    "version",
    ["", "1", "1.0", "v1.0.0", "1.0.0.0", "1.0.x", "\u0661.0.0", "1.0.0\n", f"{'9' * 10}.0.0", "-1.0.0", "1..0", "1.0.0-", f"1.0.0-{'x' * 101}", "1.0.0 "],
)  # fmt: skip
def test_a_version_that_is_none_is_not_compared_and_not_used(version: str) -> None:
    hostile = release("9.9.9")
    hostile.version = version
    assert chosen(hostile, release("1.0.0")) == "1.0.0"
    assert chosen(hostile) == ""


@given(st.lists(st.text(alphabet="0123456789.-+abcRC", max_size=12), max_size=6))
def test_whatever_the_versions_are_choosing_ends_well(versions: list[str]) -> None:
    made = [release("1.0.0"), *(release() for _ in versions)]
    for each, version in zip(made[1:], versions, strict=True):
        each.version = version
    assert chosen(*made)


def test_the_environment_decides_which_endpoint_and_which_release() -> None:
    both = release("1.0.0", interfaces=[interface(URL), interface("https://test.example.se", "api", TESTING)])
    newer = release("2.0.0", interfaces=[interface("https://test2.example.se", "api", TESTING)])
    assert (chosen(both, newer), chosen(both, newer, environment=TESTING)) == ("1.0.0", "2.0.0")
    assert chosen(both, newer, environment=SANDBOX) == ""
    assert chosen(both, newer, environment=77) == ""


def test_a_release_in_test_is_for_sandbox_and_test_alone() -> None:
    interfaces = [interface(environment=each) for each in (PRODUCTION, TESTING, SANDBOX)]
    made = [release("1.0.0", interfaces=interfaces), release("2.0.0", TEST, interfaces=interfaces)]
    found = [chosen(*made, environment=each) for each in (PRODUCTION, TESTING, SANDBOX)]
    assert found == ["1.0.0", "2.0.0", "2.0.0"]


def test_a_subscription_is_told_with_its_release_and_who_brought_it() -> None:
    state = mirror(offering(), subscription())
    state.take([change("release", release(), 5, "trace-1"), change("release", release("1.1.0"), 7, "trace-2")])
    each = only(state)
    assert (each.release, each.revision, each.traceparent) == ("offerings/permits/releases/1.1.0", 7, "trace-2")
    assert (each.provider, each.title, each.problem, each.leaving) == ("organisations/a", "Tjänst permits", "", False)
    assert [(point.interface, point.url) for point in each.endpoints] == [("api", URL)]


@pytest.mark.parametrize("state", SubscriptionState.values())
def test_only_subscriptions_that_are_let_in_or_leaving_need_anything(state: int) -> None:
    found = wanted(mirror(offering(), release(), subscription(state=state)), [SYSTEM])
    name = SubscriptionState.Name(state)  # type: ignore[arg-type]
    served = name.removeprefix("SUBSCRIPTION_STATE_") in {"APPROVED", "PROVISIONING", "ACTIVE", "DEGRADED"}
    assert [each.leaving for each in found] == (
        [False] if served else [True] if name.endswith(("ENDING", "SUSPENDED")) else []
    )


def test_subscriptions_of_other_systems_are_none_of_ours() -> None:
    state = mirror(offering(), release(), subscription(), subscription("s2", system="organisations/c/systems/gw"))
    assert [each.subscription.name for each in wanted(state, [SYSTEM])] == ["organisations/b/subscriptions/s1"]


def test_the_older_comes_first_whatever_its_name() -> None:
    young, old = subscription("a"), subscription("z")
    young.create_time.FromSeconds(200)
    old.create_time.FromSeconds(100)
    found = wanted(mirror(offering(), release(), young, old), [SYSTEM])
    assert [each.subscription.name.rpartition("/")[2] for each in found] == ["z", "a"]


def test_the_revision_only_grows() -> None:
    state = mirror(offering(), subscription())
    seen = [only(state).revision]
    for event in (
        change("release", release(), 5),
        change("offering", offering(), 8),
        change("release", release("2.0.0"), 9),
        deletion(release("2.0.0"), "release", 11),
        change("subscription", subscription(convergence=Convergence(observed_revision=9)), 12),
        change("release", release("1.0.0", RETIRED), 13),
    ):
        state.take([event])
        seen.append(only(state).revision)
    assert seen == sorted(seen)
    assert seen[-1] == 13


def test_without_a_usable_release_there_is_a_problem_and_a_revision() -> None:
    each = only(mirror(offering(), release("1.0.0", RETIRED), subscription(), revision=4))
    assert (each.release, each.endpoints, each.revision) == ("", (), 4)
    assert each.problem == "offerings/permits has no release with an endpoint in PRODUCTION"


@pytest.mark.parametrize(
    "state",
    [
        mirror(release(), subscription()),
        mirror(offering(provider=""), release(), subscription()),
        mirror(offering(provider="organisations/a/x"), release(), subscription()),
        mirror(offering(provider="organisations/../b"), release(), subscription()),
        mirror(offering(), release(), subscription("../../x")),
        mirror(offering(), release(), subscription("x/y")),
        mirror(offering(), release(), subscription('"; } evil {')),
        mirror(offering("../x"), release(key="../x"), subscription(offered="../x")),
        mirror(offering(), release(), subscription(environment=77)),
    ],
)
def test_hostile_names_lead_nowhere(state: State) -> None:
    each = only(state)
    assert each.problem
    assert each.endpoints == ()


def test_a_document_that_names_itself_otherwise_than_the_feed_does_is_left_out() -> None:
    state = mirror(offering(), release())
    liar = change("subscription", subscription("s2"), 3)
    state.take([type(liar)(liar.kind, "organisations/b/subscriptions/s1", 3, liar.document, "", SYSTEM)])
    assert wanted(state, [SYSTEM]) == []
    lying = release("3.0.0")
    lying.name = "%REQ(authorization)%"
    honest = change("release", release("3.0.0"), 4)
    state.take([change("subscription", subscription(), 5)])
    state.take([type(honest)("release", honest.name, 4, lying.SerializeToString(), "")])
    assert only(state).release == "offerings/permits/releases/3.0.0"


def test_interfaces_with_hostile_or_repeated_ids_are_left_out() -> None:
    given_ = [interface(key=key) for key in ("../x", "API", "a b", "", "x" * 64, "api", "api", "web")]
    each = only(mirror(offering(), release(interfaces=given_), subscription()))
    assert [point.interface for point in each.endpoints] == ["api", "web"]


@pytest.mark.parametrize(
    ("kind", "url", "spoken"),
    [
        (1, "https://a.example.se:8443", "grpcs://a.example.se:8443"),
        (1, "HTTP://a.example.se", "grpc://a.example.se"),
        (1, "grpcs://a.example.se", "grpcs://a.example.se"),
        (2, "https://a.example.se", "https://a.example.se"),
        (2, "grpc://a.example.se", "grpc://a.example.se"),
    ],
)
def test_a_grpc_interface_speaks_grpc_however_its_address_is_written(kind: int, url: str, spoken: str) -> None:
    made: list[Interface] = [interface(url, kind=kind)]
    assert only(mirror(offering(), release(interfaces=made), subscription())).endpoints[0].url == spoken


def test_one_that_leaves_is_told_with_every_place_it_can_have_had() -> None:
    first = release("1.0.0", RETIRED, interfaces=[interface(key="old"), interface(key="api")])
    second = release("2.0.0", RETIRED, interfaces=[interface(key="api"), interface(key="test", environment=TESTING)])
    report = Convergence(observed_revision=6)
    each = only(mirror(offering(), first, second, subscription(state=ENDING, convergence=report)))
    assert (each.leaving, each.revision, each.release) == (True, 6, "")
    assert [point.interface for point in each.endpoints] == ["api", "old"]
    assert wanted(mirror(subscription(state=ENDED)), [SYSTEM]) == []
    assert wanted(mirror(subscription(state=APPROVED)), []) == []


def test_a_few_older_releases_are_told_along_the_best_first() -> None:
    made = [release(f"1.{number}.0") for number in range(9)]
    each = only(mirror(offering(), *made, release("9.0.0", DEPRECATED), subscription()))
    versions = [one.release.rpartition("/")[2] for one in (each, *each.older)]
    assert versions == ["1.8.0", "1.7.0", "1.6.0", "1.5.0"]
    assert len(versions) == CANDIDATES
