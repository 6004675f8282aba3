"""Many entries in one request: all or nothing in one command, or each in its own; every one is answered."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from google.protobuf.message import Message

from registry.api.v1 import definition_service_pb2 as pb
from registry.api.v1.error_reason_pb2 import ErrorReason
from registry.errors import RegistryError
from registry.services import acting
from registry.services.resources import command
from registry.store import Batch, Caller, Command, Committed, View

R = TypeVar("R", bound=Message)
T = TypeVar("T")
FAILED = pb.ApplyOutcome.APPLY_OUTCOME_FAILED


@dataclass(frozen=True, slots=True)
class Entry:
    """One of many. `run` answers the response of a request that has this entry alone, with one result.

    `place` is that in the request.
    """

    name: str
    place: int
    run: Callable[[Batch], Any]
    reads: tuple[str, ...]


class Writes(Protocol):
    """What it needs of a store."""

    async def write(self, command: Command) -> Committed:
        """Durable when this returns."""

    async def read(self, work: Callable[[View], T], min_revision: int = 0) -> T:
        """From one snapshot."""


class _Refused(RegistryError):
    """Takes back an atomic batch, and carries what is wrong with each entry."""

    def __init__(self, answers: list[Any]) -> None:
        super().__init__("BATCH_FAILED", "At least one entry was refused.")
        self.answers = answers


class Bulk:
    """Writes the entries of a request in their order; the response is put together by their places.

    `beside` are the response's lists that have a message for each entry, as `results` has.
    """

    def __init__(self, store: Writes, response: type[Any], beside: Sequence[str] = ()) -> None:
        self._store, self._response, self._beside = store, response, beside

    async def write(self, request: Any, caller: Caller, entries: Sequence[Entry]) -> Any:
        """The response. With `validate_only` all are tried, each seeing those before it, and nothing is kept."""
        work = self._together if request.atomic or request.validate_only else self._each
        answers, revision, generation = await work(request, caller, entries)
        response = self._response(revision=revision, generation=generation)
        for _, each in sorted(zip((entry.place for entry in entries), answers, strict=True), key=lambda pair: pair[0]):
            response.MergeFrom(each)
        return response

    async def _together(self, request: Any, caller: Caller, entries: Sequence[Entry]) -> tuple[list[Any], int, str]:
        def run(batch: Batch) -> Any:
            answers = [self._attempt(batch, each, caller) for each in entries]
            for each in answers if request.validate_only else ():
                each.results[0].revision = 0
            if request.atomic and any(each.results[0].outcome == FAILED for each in answers):
                raise _Refused(self._all_refused(answers))
            return self._joined(answers)

        reads = ["", *(name for each in entries for name in each.reads)]
        try:
            done: Any = await self._store.write(command(request, caller, run, reads))
        except _Refused as refused:
            return refused.answers, *await self._head()
        return self._split(done.answer), done.revision, done.generation

    async def _each(self, request: Any, caller: Caller, entries: Sequence[Entry]) -> tuple[list[Any], int, str]:
        """They commit in groups, and those before are seen by those after."""
        work = [command(request, caller, each.run, each.reads, str(each.place)) for each in entries]
        done: list[Any] = await asyncio.gather(*(self._store.write(each) for each in work), return_exceptions=True)
        for each in done:
            if isinstance(each, BaseException) and not _concerns_one(each):
                raise each
        answers = [
            self._failed(entry.name, each) if isinstance(each, RegistryError) else each.answer
            for entry, each in zip(entries, done, strict=True)
        ]
        written = [each for each in done if not isinstance(each, RegistryError)]
        if not written:
            return answers, *await self._head()
        return answers, max(each.revision for each in written), written[0].generation

    async def _head(self) -> tuple[int, str]:
        head = await self._store.read(lambda view: view.head())
        return head.revision, head.generation

    def _attempt(self, batch: Batch, entry: Entry, caller: Caller) -> Any:
        try:
            acting.check(caller, batch, entry.name)
            return entry.run(batch)
        except RegistryError as error:
            return self._failed(entry.name, error)

    def _joined(self, answers: Sequence[Any]) -> Any:
        whole = self._response()
        for each in answers:
            whole.MergeFrom(each)
        return whole

    def _split(self, whole: Any) -> list[Any]:
        """The answers that `_joined` put together, also when they were kept for a repeated request."""
        lists = ("results", *self._beside)
        return [
            self._response(**{name: [getattr(whole, name)[number]] for name in lists})
            for number in range(len(whole.results))
        ]

    def _failed(self, name: str, error: RegistryError) -> Any:
        result = pb.ApplyResult(name=name, outcome=FAILED)
        result.error.reason = ErrorReason.Value(f"ERROR_REASON_{error.reason}")
        result.error.message = error.message
        result.error.metadata.update(error.metadata)
        answer = self._response(results=[result])
        for each in self._beside:
            getattr(answer, each).add()
        return answer

    def _all_refused(self, answers: Sequence[Any]) -> list[Any]:
        """The entries that are right by themselves say that they were held back by the others."""
        failed = sum(each.results[0].outcome == FAILED for each in answers)
        text = f"Held back: {failed} of the batch refused, and it is all or nothing."
        held = RegistryError("BATCH_FAILED", text, failed=failed)
        return [
            each if each.results[0].outcome == FAILED else self._failed(each.results[0].name, held) for each in answers
        ]


def _concerns_one(error: BaseException) -> bool:
    """Whether an entry alone is refused; a request that was sent before with other entries is refused as a whole."""
    return isinstance(error, RegistryError) and error.reason not in {"REQUEST_ID_REUSED", "NOT_THE_HOST"}
