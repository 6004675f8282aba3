"""Puts a subscriber together from its configuration: plain constructor calls."""

import contextlib
import fcntl
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from subscribers import policy
from subscribers.adapter import Adapter
from subscribers.client import Client
from subscribers.reconcile import Reconciler
from subscribers.reporting import Reporter
from subscribers.runner import Runner, teller
from subscribers.settings import Settings, load, make_adapter
from subscribers.sources.choice import source
from subscribers.sources.grpc import GrpcSource
from subscribers.state import State
from subscribers.targets import Targets


@dataclass(frozen=True, slots=True)
class Parts:
    """A subscriber, put together."""

    settings: Settings
    adapters: Sequence[Adapter]
    state: State
    reconciler: Reconciler
    runner: Runner


@contextlib.asynccontextmanager
async def assembled(config: Path, *, looking: bool = False) -> AsyncIterator[Parts]:
    """The parts for as long as the block lasts. With `looking`, the mirror's file is not written to.

    Errors: ValueError for the configuration, the policy, or another runner at work.
    """
    settings = load(config)
    rules = policy.load(settings.policy)
    with contextlib.ExitStack() as held:
        if not looking:
            held.enter_context(alone(settings.state))
        state = held.enter_context(contextlib.closing(_mirror(settings.state, looking=looking)))
        adapters = [make_adapter(options) for options in settings.adapters]
        targets = held.enter_context(contextlib.closing(Targets(adapters)))
        client = Client(settings.reach(), settings.systems[0])
        # Who only looks must not take the place of the one at work in its group.
        followed = GrpcSource(client) if looking else source(settings, client, state)
        reporter = Reporter(client)
        reconciler = Reconciler(
            state, settings.systems, rules, targets, teller(reporter), probe_seconds=settings.probe_seconds
        )
        held.callback(reconciler.close)
        runner = Runner(followed, state, reconciler, reporter, stands_by=settings.source == "kafka")
        try:
            yield Parts(settings, adapters, state, reconciler, runner)
        finally:
            await client.close()


def _mirror(path: Path, *, looking: bool) -> State:
    """The file; for one who only looks and finds nothing in it, a mirror in memory."""
    if not looking:
        return State(path)
    with contextlib.suppress(ValueError):
        if path.exists():
            state = State(path, looking=True)
            if state.whole:
                return state
            state.close()
    return State(":memory:")


@contextlib.contextmanager
def alone(state: Path) -> Iterator[None]:
    """Two runners on one gateway would each take the other's services away. Errors: ValueError when there is one."""
    try:
        state.parent.mkdir(parents=True, exist_ok=True)
        lock = state.with_name(f"{state.name}.lock").open("w")
    except OSError as error:
        raise ValueError(f"{state.parent} cannot be written to: {error}.") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ValueError(f"Another gemensam-subscriber is at work with {state}: stop it first.") from None
        yield
