"""From what is wanted to what may be served: each endpoint judged by the policy, each place given to one only."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from subscribers.adapter import Route, Service, Upstream
from subscribers.desired import NAMES, Wanted, environment_name
from subscribers.policy import Policy, Refused, Resolve, Unresolved, is_address

AUTHORITY_SUFFIX = "gemensam.internal"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something is not served as wanted. `reason` is for machines."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A wanted subscription with its service, or with the problem that it has; `gone` is what must not be served.

    With both, an older release is served, because the policy refuses the newest: `wanted` is of the older one then.
    `keep`: nothing was decided (its host has no address just now); what the gateway has of it stays as it is.
    """

    wanted: Wanted
    service: Service | None = None
    gone: Service | None = None
    problem: Problem | None = None
    keep: bool = False

    @property
    def key(self) -> str:
        """Name of the subscription."""
        return self.wanted.subscription.name


def hosts(wanted: Iterable[Wanted], policy: Policy) -> set[str]:
    """Every name that must be looked up before judging; none that the policy refuses as it is."""
    found = set()
    candidates = [(each, endpoint) for one in wanted for each in (one, *one.older) for endpoint in each.endpoints]
    for each, endpoint in candidates:
        try:
            _check_signed(each, policy)
            host = policy.place(each.provider, endpoint.url).host
        except Refused:
            continue
        if not (each.leaving or is_address(host)):
            found.add(host)
    return found


def judge(wanted: Iterable[Wanted], policy: Policy, resolve: Resolve) -> list[Judged]:
    """Judge each, in their order. Of two that claim the same place at the gateway, the first has it."""
    taken: dict[str, str] = {}
    judged = [_judge(each, policy, resolve, taken) for each in wanted]
    return [replace(each, gone=_without(each.gone, taken)) if each.gone else each for each in judged]


def _without(gone: Service, taken: Collection[str]) -> Service:
    """A place that another subscription has now cannot be refused."""
    return replace(gone, routes=tuple(route for route in gone.routes if route.path not in taken))


def _judge(wanted: Wanted, policy: Policy, resolve: Resolve, taken: dict[str, str]) -> Judged:
    if wanted.leaving:
        return Judged(wanted, gone=_places(wanted))
    if wanted.problem:
        return Judged(wanted, problem=Problem("RELEASE_UNAVAILABLE", wanted.problem))
    refusal: Problem | None = None
    for candidate in (wanted, *wanted.older):
        try:
            service = _service(candidate, policy, resolve)
        except Refused as refused:
            refusal = refusal or Problem(refused.reason, refused.message)
            continue
        except Unresolved as unresolved:
            problem = refusal or Problem("HOST_UNRESOLVED", str(unresolved))
            return _placed(Judged(candidate, problem=problem, keep=True), taken)
        if refusal:
            refusal = replace(refusal, message=f"{wanted.release} is refused: {refusal.message}")
        return _placed(Judged(candidate, service, problem=refusal), taken)
    return Judged(wanted, problem=refusal)


def _placed(judged: Judged, taken: dict[str, str]) -> Judged:
    places = _places(judged.wanted)
    paths = [route.path for route in places.routes] if places else []
    if conflict := _conflict(paths, taken):
        return Judged(judged.wanted, problem=conflict)
    taken.update(dict.fromkeys(paths, judged.key))
    return judged


def _conflict(paths: Iterable[str], taken: Mapping[str, str]) -> Problem | None:
    for path in paths:
        if path in taken:
            return Problem("ROUTE_CONFLICT", f"{taken[path]} has {path} already")
    return None


def _check_signed(wanted: Wanted, policy: Policy) -> None:
    if not wanted.leaving:
        policy.check_signed(wanted.provider, wanted.document, wanted.release)


def _service(wanted: Wanted, policy: Policy, resolve: Resolve) -> Service:
    _check_signed(wanted, policy)
    return _made(wanted, [policy.judge(wanted.provider, each.url, resolve) for each in wanted.endpoints])


def _places(wanted: Wanted) -> Service | None:
    """Where the service may be or have been, whatever it leads to."""
    try:
        return _made(wanted, [Upstream(each.url.partition(":")[0].lower(), "", 0) for each in wanted.endpoints])
    except Refused:
        return None  # it never had a place


def _made(wanted: Wanted, upstreams: list[Upstream]) -> Service:
    name = NAMES["subscription"].fullmatch(wanted.subscription.name)
    offering = NAMES["offering"].fullmatch(wanted.subscription.offering)
    if name is None or offering is None:
        raise Refused("NAME_REFUSED", "its names are not those of resources")
    routes = tuple(
        Route(
            endpoint.interface,
            upstream,
            f"/{name[1]}/{offering[1]}/{endpoint.interface}",
            f"{endpoint.interface}.{offering[1]}.{name[1]}.{AUTHORITY_SUFFIX}",
        )
        for endpoint, upstream in zip(wanted.endpoints, upstreams, strict=True)
    )
    return Service(
        wanted.subscription.name,
        wanted.subscription.offering,
        wanted.release,
        wanted.title,
        environment_name(wanted.subscription.environment),
        routes,
    )
