"""What a resource becomes when a draft meets what is there: the one way in for create, update, publish and apply."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from google.protobuf.message import Message

from registry.api.v1.agreement_pb2 import Agreement
from registry.api.v1.release_pb2 import Release
from registry.api.v1.subscription_pb2 import Subscription
from registry.contracts import guidelines, interfaces
from registry.domain import agreement, document, mask, names, release, subscription, version_step
from registry.domain.filter import Comparison
from registry.domain.rules import Rules
from registry.domain.violations import Violations
from registry.errors import AlreadyExists
from registry.services import admission
from registry.services.judging import Judge
from registry.store import Batch


@dataclass(frozen=True, slots=True)
class Outcome:
    """The resource after, and whether it differs from before."""

    after: Any
    changed: bool


def settle(  # noqa: PLR0917 - what is there, what is sent, what it touches: each is needed by every caller
    batch: Batch,
    rules: Rules[Any],
    draft: Any,
    before: Any | None,
    paths: tuple[str, ...],
    now: datetime,
    *,
    checked: bool = False,
    promised: frozenset[str] = frozenset(),
    judge: Judge | None = None,
) -> Outcome:
    """Put the draft's fields over what is there and check the whole. Errors: every violation at once.

    `checked`: the draft has passed `document.check` already, so that the writer's thread need not do it again.
    `promised`: names that may be referred to although they are not there yet, as the same request brings them.
    `judge`: says what the contracts of a release mean; needed for releases and for nothing else.
    """
    after = rules.kind()
    after.CopyFrom(draft if before is None else before)
    if before is not None:
        mask.overlay(after, draft, paths)
        if rules.kind is Release and not draft.state:
            after.state = before.state
    if before is not None or not checked:
        document.check(rules, after)
    document.fits(rules, after, before, batch, promised)
    if rules.kind is Release:
        _release(after, before, batch, now, judge)
    elif rules.kind is Subscription and before is None:
        subscription.check_single(after, batch)
        admission.admit(batch, after, now)
    elif rules.kind is Agreement:
        agreement.place(after, before, batch, now)
    return Outcome(after, before is None or _plain(after) != _plain(before))


def _release(after: Release, before: Release | None, batch: Batch, now: datetime, judge: Judge | None) -> None:
    _contracts(after, batch, judge)
    release.check_transition(after, before)
    _unique(after, batch)
    was = before.state if before is not None else release.DRAFT
    if judge is not None and was == release.DRAFT and after.state != release.DRAFT:
        _examine(after, judge)
    if after.state == release.PUBLISHED and was != release.PUBLISHED:
        after.publish_time.FromDatetime(now)
        if judge is not None:
            _compare(after, batch, judge)


def _examine(after: Release, judge: Judge) -> None:
    """Keep with the release which rules it and its contracts do not keep; refuse a contract that cannot be read."""
    del after.lint[:]
    found = [("", each) for each in guidelines.release(after)]
    for interface in after.interfaces:
        if interface.HasField("spec"):
            found += [(interface.id, each) for each in judge.lint(interface.spec)]
    for key, each in sorted(found, key=lambda one: (one[1].severity, one[0]))[: release.LINT]:
        after.lint.add().CopyFrom(each)
        after.lint[-1].interface = key


def _compare(after: Release, batch: Batch, judge: Judge) -> None:
    """Keep with the release what it means for those who use the one before it; refuse a version that hides a break."""
    del after.verdicts[:]
    base = version_step.base(after.version, batch.select(Release, None, parent=names.parent(after.name)))
    if base is None:
        return
    after.verdicts.extend(interfaces.compare(base, after, judge.verdict))
    if not judge.lenient:
        release.check_step(after, base, version_step.step(base.version, after.version))


def _contracts(after: Release, batch: Batch, judge: Judge | None) -> None:
    """Media type and size of each contract from the store, so that its hash is enough to name it."""
    missing = Violations()
    for number, interface in enumerate(after.interfaces):
        if not interface.HasField("spec"):
            continue
        key = interface.spec.sha256
        stored = judge.named(batch, key) if judge is not None else batch.get_spec(key)
        if stored is None:
            what = f"names contract {key}, which is neither stored nor sent along"
            missing.add(f"interfaces[{number}].spec", what, "REFERENCE_NOT_FOUND", name=key)
        else:
            interface.spec.CopyFrom(stored)
    missing.refuse()


def _unique(after: Release, batch: Batch) -> None:
    same = Comparison("version", "=", after.version, 0)
    for other in batch.select(Release, same, parent=names.parent(after.name), limit=2):
        if other.name != after.name:
            text = f"Version {after.version} is {other.name} already: choose another version."
            raise AlreadyExists("RESOURCE_ALREADY_EXISTS", text, name=other.name)


def _plain(message: Message) -> bytes:
    return message.SerializeToString(deterministic=True)
