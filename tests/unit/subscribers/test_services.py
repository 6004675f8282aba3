"""From what is wanted to what may be served: places, conflicts, refusals, and what is kept."""

from collections.abc import Sequence

from google.protobuf.message import Message

from subscribers.desired import wanted
from subscribers.policy import Policy, Unresolved
from subscribers.services import Judged, hosts, judge
from subscribers.state import State
from tests.unit.subscribers.build import ENDING, SYSTEM, interface, mirror, offering, release, subscription

POLICY = Policy(organisations=("organisations/*",), hosts=("*.example.se",))


def answer(host: str) -> Sequence[str]:
    if host.startswith("lost."):
        raise Unresolved(f"{host} has no address now")
    return ["10.0.0.1"] if host.startswith("inner.") else ["93.184.216.34"]


def judged(*messages: Message, policy: Policy = POLICY) -> dict[str, Judged]:
    return told(mirror(*messages), policy)


def told(state: State, policy: Policy = POLICY) -> dict[str, Judged]:
    return {each.key.rpartition("/")[2]: each for each in judge(wanted(state, [SYSTEM]), policy, answer)}


def reasons(found: dict[str, Judged]) -> dict[str, str]:
    return {key: each.problem.reason if each.problem else "" for key, each in found.items()}


def test_a_service_has_its_places_from_names_alone() -> None:
    each = judged(offering(), release("1.2.0", interfaces=[interface(), interface(key="web")]), subscription())["s1"]
    assert each.service is not None
    assert [route.path for route in each.service.routes] == ["/b/permits/api", "/b/permits/web"]
    assert each.service.routes[0].authority == "api.permits.b.gemensam.internal"
    assert each.service.routes[0].upstream.addresses == ("93.184.216.34",)
    assert (each.service.release, each.service.environment) == ("offerings/permits/releases/1.2.0", "production")


def test_one_endpoint_that_is_refused_refuses_the_whole_service() -> None:
    mixed = [interface(), interface("https://inner.example.se", "web")]
    each = judged(offering(), release(interfaces=mixed), subscription())["s1"]
    assert (each.service, each.keep) == (None, False)
    assert reasons({"s1": each}) == {"s1": "ADDRESS_NOT_ALLOWED"}


def test_a_refusal_touches_nobody_else() -> None:
    found = judged(
        offering(),
        offering("school"),
        release(url="http://127.0.0.1:8500"),
        release(key="school"),
        subscription("bad"),
        subscription("good", "school"),
    )
    assert reasons(found) == {"bad": "PLAIN_TEXT_NOT_ALLOWED", "good": ""}
    assert found["good"].service is not None


def test_a_host_without_an_address_keeps_what_is_there_and_its_place() -> None:
    lost, other = subscription("a"), subscription("b")
    found = judged(offering(), release(url="https://lost.example.se"), lost, other)
    assert reasons(found) == {"a": "HOST_UNRESOLVED", "b": "ROUTE_CONFLICT"}
    assert (found["a"].keep, found["b"].keep) == (True, False)


def test_of_two_that_claim_a_place_the_older_has_it() -> None:
    young, old = subscription("a"), subscription("z")
    young.create_time.FromSeconds(200)
    old.create_time.FromSeconds(100)
    found = judged(offering(), release(), young, old)
    assert reasons(found) == {"z": "", "a": "ROUTE_CONFLICT"}
    assert found["a"].problem is not None
    assert "organisations/b/subscriptions/z has /b/permits/api already" in found["a"].problem.message


def test_one_that_is_in_conflict_takes_no_place_from_a_third() -> None:
    first, second = subscription("a"), subscription("b", environment=2)
    third = subscription("c", environment=1)
    made = release(
        interfaces=[
            interface(key="api"),
            interface(key="web", environment=2),
            interface(key="web", environment=1),
        ]
    )
    made.interfaces[0].endpoints.add(environment=2, url="https://service.example.se/api")
    found = judged(offering(), made, first, second, third)
    assert reasons(found) == {"a": "", "b": "ROUTE_CONFLICT", "c": ""}


def test_one_that_leaves_has_its_places_but_those_that_another_has_now() -> None:
    made = release(interfaces=[interface(key="api"), interface(key="web")])
    now = release("2.0.0", interfaces=[interface(key="api")])
    left = judged(offering(), made, subscription("a", state=ENDING))["a"].gone
    assert left is not None
    assert [route.path for route in left.routes] == ["/b/permits/api", "/b/permits/web"]
    found = judged(offering(), made, now, subscription("a", state=ENDING), subscription("b"))
    assert found["b"].service is not None
    assert found["a"].gone is not None
    assert [route.path for route in found["a"].gone.routes] == ["/b/permits/web"]


def test_one_that_never_had_a_place_has_none_to_leave() -> None:
    each = judged(offering("../x"), release(key="../x"), subscription(offered="../x", state=ENDING))["s1"]
    assert (each.gone, each.problem) == (None, None)


def test_a_policy_that_has_changed_refuses_what_it_let_in() -> None:
    state = mirror(offering(), release(), subscription())
    assert reasons(told(state)) == {"s1": ""}
    stricter = POLICY.model_copy(update={"organisations": ("organisations/x",)})
    assert reasons(told(state, stricter)) == {"s1": "PROVIDER_NOT_ALLOWED"}
    elsewhere = POLICY.model_copy(update={"hosts": ("*.example.org",)})
    assert reasons(told(state, elsewhere)) == {"s1": "HOST_NOT_ALLOWED"}


def test_only_hosts_that_may_be_served_are_looked_up() -> None:
    urls = ["https://a.example.se", "https://b.example.se", "https://evil.example.org", "http://c.example.se", "not a url", "https://93.184.216.34"]  # fmt: skip
    made = release(interfaces=[interface(url, f"i{number}") for number, url in enumerate(urls)])
    state = mirror(offering(), made, subscription("a"), subscription("b", state=ENDING))
    anything = POLICY.model_copy(update={"hosts": ("*.example.se", "93.*")})
    assert hosts(wanted(state, [SYSTEM]), anything) == {"a.example.se", "b.example.se"}


def test_a_newest_release_that_is_refused_leaves_the_best_that_is_not() -> None:
    newest = release("3.0.0", url="https://new.example.org")
    each = judged(offering(), release(), release("2.0.0"), newest, subscription())["s1"]
    assert each.service is not None
    assert (each.service.release, each.wanted.release) == ("offerings/permits/releases/2.0.0",) * 2
    assert each.problem is not None
    assert each.problem.reason == "HOST_NOT_ALLOWED"
    assert each.problem.message.startswith("offerings/permits/releases/3.0.0 is refused: new.example.org is not among")
    inner = release("3.0.0", url="https://inner.example.se")
    assert reasons(judged(offering(), release(), inner, subscription())) == {"s1": "ADDRESS_NOT_ALLOWED"}
    lost = release("2.0.0", url="https://lost.example.se")
    waiting = judged(offering(), release(), lost, subscription())["s1"]
    assert (waiting.keep, waiting.service, waiting.wanted.release[-5:]) == (True, None, "2.0.0")
