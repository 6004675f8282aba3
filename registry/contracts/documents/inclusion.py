"""Whether every value of one schema is a value of another, and if not, where.

One question answers both directions: callers are served when what they may send before may be sent after, and when what
they may receive after could be received before. Schemas that refer to themselves are compared coinductively: a pair
that is met again is taken to hold, since everything that it demands is looked at already.

A pair of schemas is a task in a list and not a call, so the depth of a contract costs no stack.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from registry.contracts.documents import facets, unions
from registry.contracts.documents.gap import Gap
from registry.contracts.documents.nodes import Document, Node, Undecidable
from registry.contracts.documents.shape import Schema, Shape, shape
from registry.contracts.prints import Prints

STEPS, NESTED, SHAPES = 100_000, 24, 50_000
Task = tuple[Schema, Schema, str]


@dataclass(slots=True)
class Budget:
    """How many pairs may still be looked at; all that belongs to one comparison shares it."""

    steps: int = STEPS
    known: dict[tuple[object, ...], bool | None] = field(default_factory=dict)
    shapes: dict[tuple[Schema, bool, str], Shape] = field(default_factory=dict)
    prints: dict[int, tuple[Document, Prints]] = field(default_factory=dict)

    def spend(self) -> None:
        """Take one. Errors: Undecidable when none is left."""
        self.steps -= 1
        if self.steps < 0:
            raise Undecidable(f"There are more than {STEPS} pairs of schemas to compare.")

    def same(self, left: Schema, right: Schema) -> bool:
        """Whether two schemas are the same, word for word and without references, so that there is nothing to ask."""
        if len(left) != 1 or len(right) != 1:
            return False
        mine, yours = self._prints(left[0]), self._prints(right[0])
        found = mine.of(left[0])
        return bool(found) and mine.form == yours.form and found == yours.of(right[0])

    def _prints(self, node: Node) -> Prints:
        known = id(node.document)
        if known not in self.prints:
            self.prints[known] = node.document, Prints(node.document)
        return self.prints[known][1]

    def shape(self, schema: Schema, older: bool, hidden: str) -> Shape:
        """What the schemas say; kept, since both directions and both ways of each ask for it. Errors: Undecidable."""
        known = schema, older, hidden
        if known not in self.shapes:
            if len(self.shapes) >= SHAPES:
                self.shapes.clear()
            self.shapes[known] = shape(schema, hidden)
        return self.shapes[known]


class Inclusion:
    """One run from `sub` to `sup`. `forward`: the older contract is `sub`. `hidden`: see `shape`."""

    def __init__(self, forward: bool, hidden: str, budget: Budget, above: "Inclusion | None" = None) -> None:
        self.forward, self.hidden, self.budget = forward, hidden, budget
        self.above, self.leans = above, False
        self.depth: int = above.depth + 1 if above else 0
        self.seen: set[tuple[Schema, Schema]] = set()
        self._open: deque[Task] = deque()

    def gaps(self, sub: Schema, sup: Schema, at: str) -> Iterator[Gap]:
        """Everything that keeps values of `sub` from being values of `sup`; `at` is a pointer to fall back to."""
        self.push(sub, sup, at)
        while self._open:
            one, other, place = self._open.popleft()
            try:
                self.budget.spend()
                yield from self._pair(one, other, place)
            except Undecidable as error:
                yield Gap("undecided", place, why=str(error), sure=False)

    def push(self, sub: Schema, sup: Schema, at: str) -> None:
        """Demand that values of `sub` are values of `sup`, unless that is demanded already."""
        if sup and not self._demanded((sub, sup)) and not self.budget.same(sub, sup):
            self.seen.add((sub, sup))
            self._open.append((sub, sup, at))

    def holds(self, sub: Schema, sup: Schema) -> bool | None:
        """Whether the inclusion holds, tried beside everything else; None when nobody can say."""
        if self.depth >= NESTED:
            return None
        known = (sub, sup, self.forward, self.hidden)
        if known in self.budget.known:
            return self.budget.known[known]
        run = Inclusion(self.forward, self.hidden, self.budget, self)
        found = run.verdict(sub, sup)
        if not (found and run.leans):  # what leans on demands above it is true only where they are made
            self.budget.known[known] = found
        self.leans = self.leans or run.leans
        return found

    def verdict(self, sub: Schema, sup: Schema) -> bool | None:
        """Whether `sub` lies inside `sup`; None when nobody can say."""
        found: bool | None = True
        for gap in self.gaps(sub, sup, ""):
            if gap.sure and not gap.mild:
                return False
            if not gap.mild:
                found = None
        return found

    def _demanded(self, pair: tuple[Schema, Schema]) -> bool:
        run: Inclusion | None = self
        while run is not None:
            if pair in run.seen:
                self.leans = self.leans or run is not self
                return True
            run = run.above
        return False

    def _pair(self, sub: Schema, sup: Schema, at: str) -> Iterator[Gap]:
        left = self.budget.shape(sub, self.forward, self.hidden)
        right = self.budget.shape(sup, not self.forward, self.hidden)
        if not left.types or (left.enum is not None and not left.enum):
            return
        if left.unions or right.unions:
            yield from unions.gaps(self, left, right, at)
        else:
            yield from facets.gaps(self, left, right, at)
