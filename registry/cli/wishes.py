"""What a class of organisations is to ask for: each body's system, and every offering that it does not use yet."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.cli.connection import Registry
from registry.domain import names
from registry.domain.subscription import OVER

PAGE = 1000
CREATED, EXISTS, REFUSED = "created", "exists", "refused"
# Reasons of this program; all others are the registry's.
AMBIGUOUS, MISSING, ENDED_BEFORE = "SYSTEM_AMBIGUOUS", "SYSTEM_MISSING", "ENDED_BEFORE"


@dataclass(frozen=True, slots=True)
class Item:
    """One body and one offering, and what becomes of it. A wish has no outcome yet, and `subscription` is its name."""

    organisation: str
    offering: str
    system: str = ""
    subscription: str = ""
    outcome: str = ""
    state: str = ""
    reason: str = ""
    message: str = ""


class Systems:
    """The systems of an environment by organisation."""

    def __init__(self, registry: Registry, environment: str, wanted: str) -> None:
        self._environment, self._wanted = environment, wanted
        self._of: dict[str, list[str]] = defaultdict(list)
        query = {"parent": "organisations/-", "filter": f"environment = {environment.upper()}"}
        for page in registry.pages("system", PAGE, **query):
            for each in page:
                if not wanted or names.last(each.name) == wanted:
                    self._of[names.parent(each.name)].append(each.name)

    def choose(self, body: Any) -> tuple[str, str, str]:
        """The system that the body uses, its own or its host's; or '' with the reason and the words of it."""
        found = self._of.get(body.name) or self._of.get(body.host) or []
        if len(found) == 1:
            return found[0], "", ""
        if found:
            known = ", ".join(map(names.last, found))
            return "", AMBIGUOUS, f"{body.name} has several in {self._environment} ({known}): name one"
        named = f" {self._wanted}" if self._wanted else ""
        return "", MISSING, f"{body.name} has no system{named} in {self._environment}"


class Known:
    """The subscriptions that there are of some offerings: those that live, and how many are over."""

    def __init__(self, registry: Registry, offerings: Sequence[str]) -> None:
        self._live: dict[tuple[str, str, str], Any] = {}
        self._over: Counter[tuple[str, str, str]] = Counter()
        for offering in offerings:
            query = {"parent": "organisations/-", "filter": f'offering = "{offering}"'}
            for page in registry.pages("subscription", PAGE, **query):
                for each in page:
                    self._add((names.parent(each.name), each.offering, each.system), each)

    def _add(self, key: tuple[str, str, str], message: Any) -> None:
        if message.state in OVER:
            self._over[key] += 1
        else:
            self._live[key] = message

    def item(self, organisation: str, offering: str, system: str, *, again: bool) -> Item:
        """What is there already, what is over and stays so unless `again`, or else a wish."""
        key = (organisation, offering, system)
        if live := self._live.get(key):
            return Item(*key, live.name, EXISTS)
        if self._over[key] and not again:
            text = f"{organisation} had {offering} before, and it is over: --again asks anew"
            return Item(*key, outcome=REFUSED, reason=ENDED_BEFORE, message=text)
        return Item(*key, _name(*key, self._over[key]))


def items(
    bodies: Sequence[Any], offerings: Sequence[str], systems: Systems, known: Known, *, again: bool
) -> Iterator[Item]:
    """Every body with every offering, body by body."""
    for body in bodies:
        system, reason, message = systems.choose(body)
        for offering in offerings:
            if system:
                yield known.item(body.name, offering, system, again=again)
            else:
                yield Item(body.name, offering, outcome=REFUSED, reason=reason, message=message)


def fields(item: Item) -> Mapping[str, str]:
    """For scripts: what is said of it."""
    return {name: value for name in Item.__slots__ if (value := getattr(item, name))}


def _name(organisation: str, offering: str, system: str, earlier: int) -> str:
    """The same wish has the same name, so that it is granted once; after one that is over it has another."""
    text = f"{organisation} {offering} {system} {earlier}"
    segment = f"{names.last(offering)[:40].rstrip('-')}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    return names.child("subscription", organisation, segment)
