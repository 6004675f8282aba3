"""Contracts judged for a command that publishes: outside the writer's thread, and known before the command decides.

A command runs against the open batch, and only there is it certain which release comes before the new one. So it asks
for what it needs; what is not known yet is noted, the command is taken back, the contracts are read and compared in a
child process, and the command runs again. Contracts are named by the hash of their content: what was judged stays so.
"""

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, TypeVar

from google.protobuf.message import Message

from registry.api.v1.release_pb2 import Spec, SpecContent
from registry.api.v1.verdict_pb2 import InterfaceVerdict, LintFinding
from registry.contracts.compare import Examined, compare, examine
from registry.errors import Invalid, NotFound, RegistryError, Unavailable
from registry.store import Batch, Command, Committed, Store, View

T = TypeVar("T")
REMEMBERED, ROUNDS = 4096, 8


@dataclass(frozen=True, slots=True)
class Pair:
    """Two contracts, the older one first."""

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Alone:
    """One contract."""

    sha256: str


class _NotJudgedYet(RegistryError):
    """Takes the command back."""

    def __init__(self, wanted: Sequence[Pair | Alone]) -> None:
        super().__init__("INTERNAL", "A contract was not judged yet.", error_id="judging")
        self.wanted = wanted


class Memory:
    """What was judged, the latest used last; shared by all requests of a process."""

    def __init__(self) -> None:
        self._known: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()  # it is read on the writer's thread

    def get(self, key: Hashable) -> Any | None:
        """What was judged of it, or None."""
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
            return self._known.get(key)

    def put(self, key: Hashable, judged: object) -> None:
        """Keep it, and drop what was not used for longest."""
        with self._lock:
            self._known[key] = judged
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)


class Judge:
    """Stands before the store for one request. `specs` are the contracts that come with it.

    `lenient`: a version that is too small is told and not refused. `hidden`: hashes that are not shown to the caller.
    """

    def __init__(
        self,
        store: Store,
        memory: Memory,
        specs: Sequence[SpecContent] = (),
        *,
        lenient: bool,
        hidden: frozenset[str] = frozenset(),
    ) -> None:
        self._store, self._memory, self.lenient = store, memory, lenient
        self._sent = {sha256(each.content).hexdigest(): (each.media_type, each.content) for each in specs}
        self._hidden = hidden - self._sent.keys()
        self._wanted: list[Pair | Alone] = []

    def named(self, batch: Batch, sha256: str) -> Spec | None:
        """A contract that a release names, when it is there and the caller has it or is shown it."""
        return None if sha256 in self._hidden else batch.get_spec(sha256)

    async def read(self, work: Callable[[View], T], min_revision: int = 0) -> T:
        """As the store's."""
        return await self._store.read(work, min_revision)

    async def write(self, command: Command) -> Committed:
        """As the store's. The command runs again for as long as it asks for what is not known."""
        tried = replace(command, run=self._whole(command.run))
        for _ in range(ROUNDS):
            try:
                return await self._store.write(tried)
            except _NotJudgedYet as error:
                await asyncio.gather(*map(self._judge, dict.fromkeys(error.wanted)))
        text = "Other releases of the offering are published all the time: try again."
        raise Unavailable("STORE_UNAVAILABLE", text, retry_after_ms=1000)

    def verdict(self, before: Spec, after: Spec) -> InterfaceVerdict:
        """On the writer's thread: whether one contract can take the place of the other."""
        found = self._known(Pair(before.sha256, after.sha256))
        return found if found is not None else InterfaceVerdict()

    def lint(self, spec: Spec) -> Sequence[LintFinding]:
        """On the writer's thread: the rules that a contract does not keep. Errors: CONTRACT_UNREADABLE."""
        found: Examined | None = self._known(Alone(spec.sha256))
        if found is None:
            return ()
        if found.problem:
            text = f"Contract {spec.sha256} cannot be read as {spec.media_type}. {found.problem}"
            raise Invalid("CONTRACT_UNREADABLE", text, sha256=spec.sha256, problem=found.problem)
        return found.lint

    def _known(self, key: Pair | Alone) -> Any | None:
        found = self._memory.get(key)
        if found is None:
            self._wanted.append(key)
        return found

    def _whole(self, run: Callable[[Batch], Message]) -> Callable[[Batch], Message]:
        def whole(batch: Batch) -> Message:
            self._wanted = []  # commands run one at a time
            try:
                answer = run(batch)
            except RegistryError:
                if not self._wanted:
                    raise
            if self._wanted:
                raise _NotJudgedYet(self._wanted)
            return answer

        return whole

    async def _judge(self, key: Pair | Alone) -> None:
        if isinstance(key, Alone):
            content = await self._content(key.sha256)
            self._memory.put(key, await asyncio.to_thread(examine, *content))
        else:
            before, after = await self._content(key.before), await self._content(key.after)
            self._memory.put(key, await asyncio.to_thread(compare, *before, *after))

    async def _content(self, key: str) -> tuple[str, bytes]:
        stored = self._sent.get(key) or await self._store.read(lambda view: view.spec(key))
        if stored is None:
            raise NotFound("RESOURCE_NOT_FOUND", f"Contract {key} is gone.", name=key)
        return stored
