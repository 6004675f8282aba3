"""What keeps values of one schema from being values of another."""

from dataclasses import dataclass

from registry.contracts.documents.nodes import Node, escaped
from registry.contracts.documents.shape import Shape
from registry.contracts.documents.values import shown

# Differences that are told, and that keep no value out.
MILD = frozenset({"property-added", "default", "deprecated"})
# Cut off pointers: what stands behind it was made up to look at a part of a schema.
PIECE = "\0"


@dataclass(frozen=True, slots=True)
class Gap:
    """`subject` names a rule without its direction. `sure` is false where nobody can say; `why` is the reason then."""

    subject: str
    pointer: str
    before: str = ""
    after: str = ""
    why: str = ""
    sure: bool = True

    @property
    def mild(self) -> bool:
        """Whether it keeps no value out."""
        return self.subject in MILD


@dataclass(frozen=True, slots=True)
class Pair:
    """Two shapes, and which of them is the older."""

    sub: Shape
    sup: Shape
    forward: bool
    at: str

    @property
    def before(self) -> Shape:
        """The shape in the older contract."""
        return self.sub if self.forward else self.sup

    @property
    def after(self) -> Shape:
        """The shape in the newer contract."""
        return self.sup if self.forward else self.sub

    def gap(self, subject: str, *words: str, sure: bool = True, why: str = "") -> Gap:
        """A gap at the first of the keywords that stands in the newer contract or else in the older one."""
        before, after = _told(self.before, *words), _told(self.after, *words)
        return Gap(subject, self.pointer(*words), before, after, why=why, sure=sure)

    def named(self, subject: str, name: str, *words: str, sure: bool = True) -> Gap:
        """A gap about a name or value that only one of the two has: the one that `sub` stands for if it has more."""
        gone = self.forward if subject != "required" else not self.forward
        return Gap(subject, self.pointer(*words), name if gone else "", "" if gone else name, sure=sure)

    def pointer(self, *words: str) -> str:
        """Where the first of the keywords stands."""
        for each in (self.after, self.before):
            if owner := each.owner(*words):
                word = next(word for word in words if owner.has(word))
                return f"{cut(owner)}/{escaped(word)}"
        return self.place

    @property
    def place(self) -> str:
        """Where the newer schema stands."""
        return cut(self.after.leaves[0]) if self.after.leaves else self.at


def _told(each: Shape, *words: str) -> str:
    value = each.said(*words)
    return "" if value is None else shown(value)


def cut(node: Node) -> str:
    """The pointer of what stands in the contract."""
    return node.pointer.partition(PIECE)[0]
