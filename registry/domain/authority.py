"""What a caller may: rights by grant, key or certificate, which the services ask before any row is written."""

from dataclasses import dataclass, field
from typing import NamedTuple

from registry.api.v1.access_pb2 import Action

READ, DECLARE, PUBLISH = Action.ACTION_READ, Action.ACTION_DECLARE, Action.ACTION_PUBLISH
AGREE, ONBOARD, REPORT = Action.ACTION_AGREE, Action.ACTION_ONBOARD, Action.ACTION_REPORT
GRANT, OPERATE = Action.ACTION_GRANT, Action.ACTION_OPERATE
# What an organisation may for itself, and what its host may for it.
OWN: frozenset[int] = frozenset({READ, DECLARE, PUBLISH, AGREE, ONBOARD, REPORT, GRANT})
HOSTED: frozenset[int] = OWN - {GRANT}
ALL: frozenset[int] = OWN | {OPERATE}


@dataclass(frozen=True, slots=True)
class Right:
    """Actions for one organisation; '' is the registry itself and everybody in it.

    `source` names the grant or key that gives it, `number` the organisation number that a certificate proved: by these
    it is looked up again in the transaction that it is used in. `until_us`: when it ends by the clock, in microseconds
    since 1970; 0 when it does not.
    """

    organisation: str
    actions: frozenset[int]
    prefix: str = ""
    source: str = ""
    number: str = ""
    until_us: int = 0

    def covers(self, action: int, organisation: str, name: str) -> bool:
        """Whether it lets do this to a resource of the organisation."""
        return action in self.actions and self.organisation in {"", organisation} and within(name, self.prefix)


def within(name: str, prefix: str) -> bool:
    """Whether the name is the prefix or below it: whole segments, so that `offerings/a` is not above `offerings/ab`."""
    bare = prefix.rstrip("/")
    return not bare or name == bare or name.startswith(f"{bare}/")


class Sight(NamedTuple):
    """What a caller sees: `everything`, or what is public and what concerns `organisations` (those that it acts for).

    `circle` has these and whatever they are members of; `grants`, those whose grants and keys it may read.
    """

    everything: bool = False
    organisations: frozenset[str] = frozenset()
    circle: frozenset[str] = frozenset()
    grants: frozenset[str] = frozenset()


EVERYTHING, PUBLIC = Sight(everything=True), Sight()


@dataclass(frozen=True, slots=True)
class Authority:
    """All rights of a principal, and what they let it see. Without rights it may nothing."""

    rights: tuple[Right, ...] = ()
    sight: Sight = field(default=PUBLIC)

    @property
    def unlimited(self) -> bool:
        """Whether nothing needs to be asked: the registry's own work, and the operator on the loopback address."""
        return self.rights == _UNLIMITED

    @property
    def operates(self) -> bool:
        """Whether it may keep the registry itself."""
        return any(not right.organisation and OPERATE in right.actions for right in self.rights)


_UNLIMITED = (Right("", ALL),)
UNLIMITED = Authority(_UNLIMITED, EVERYTHING)
