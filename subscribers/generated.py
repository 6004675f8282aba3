"""Files for a body without a runner: what the adapter `files` would write of its subscriptions, once and on demand."""

import contextlib
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

from subscribers.adapter import Plan, Service, plan
from subscribers.adapters.files import FilesAdapter
from subscribers.desired import wanted
from subscribers.events import Changed
from subscribers.policy import NoPolicy, Policy
from subscribers.resolver import Resolver
from subscribers.services import Judged, hosts, judge
from subscribers.state import State


def judged(resources: Iterable[Any], policy: Policy | None = None) -> list[Judged]:
    """Each subscription among the resources (with offerings and releases) that needs something, with its service.

    Without a policy nothing is refused that can be read, and nothing is looked up: services have no addresses then.
    """
    changes = [_changed(each) for each in resources]
    with contextlib.closing(State(":memory:")) as state, contextlib.closing(Resolver()) as resolver:
        state.take(changes)
        found = wanted(state, {each.system for each in changes if each.system})
        if policy is not None:
            resolver.prepare(hosts(found, policy))
        return judge(found, policy or NoPolicy(), resolver)


def _changed(message: Any) -> Changed:
    kind = message.DESCRIPTOR.name.lower()
    system = message.system if kind == "subscription" else ""
    return Changed(kind, message.name, message.revision, message.SerializeToString(), "", system)


def bring(directory: Path, organisation: str, found: Sequence[Judged]) -> Plan:
    """Make the folder's files of the organisation be those; what was done. Files of others stay. Errors: AdapterError.

    What was not decided, because a host has no address now, stays as it is.
    """
    adapter = FilesAdapter(directory=str(directory))
    adapter.check()
    kept = {each.key for each in found if each.keep}
    observed = {key: text for key, text in adapter.observe().items() if _is_ours(key, organisation, kept)}
    steps = plan(adapter, services(found), observed)
    adapter.apply(steps)
    return steps


def services(found: Iterable[Judged]) -> list[Service]:
    """Those that are served."""
    return [each.service for each in found if each.service]


def _is_ours(key: str, organisation: str, kept: Collection[str]) -> bool:
    return key.startswith(f"{organisation}/") and key not in kept
