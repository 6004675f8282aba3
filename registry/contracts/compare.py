"""What the rest asks about contracts: can it be read, which rules does it not keep, can one take another's place."""

import atexit
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass

from google.protobuf.message import DecodeError

from registry.api.v1.impact_pb2 import Impact
from registry.api.v1.verdict_pb2 import InterfaceVerdict, LintFinding, VerdictOutcome, VersionStep
from registry.contracts import frames
from registry.contracts.jail import Ended, Jail
from registry.domain.limits import SPEC_BYTES
from registry.errors import Invalid


@dataclass(frozen=True, slots=True)
class Examined:
    """`problem` says why it cannot be read; '' when it can. The `interface` of what is in `lint` is left empty."""

    problem: str
    lint: Sequence[LintFinding]


_JAIL = Jail()
atexit.register(_JAIL.close)
_TOO_LARGE = f"It has more than {SPEC_BYTES} bytes."


def compare(
    media_type_before: str, before: bytes, media_type_after: str, after: bytes, jail: Jail = _JAIL
) -> InterfaceVerdict:
    """The verdict on `after` beside `before`; `interface` and `base` are the caller's to fill in. Never raises.

    UNKNOWN, with the reason, for contracts of different or unknown kinds and for what cannot be read.
    """
    if before == after:
        outcome, step = VerdictOutcome.VERDICT_OUTCOME_COMPATIBLE, VersionStep.VERSION_STEP_PATCH
        return InterfaceVerdict(outcome=outcome, demands=step)
    if max(len(before), len(after)) > SPEC_BYTES:
        return _unknown(_TOO_LARGE)
    try:
        question = [b"compare", media_type_before.encode(), before, media_type_after.encode(), after]
        return InterfaceVerdict.FromString(jail.ask(question))
    except Ended as error:
        return _unknown(str(error))
    except DecodeError:
        return _unknown("The process that reads contracts gave no verdict.")


def read(media_type: str, content: bytes, jail: Jail = _JAIL) -> str:
    """What is wrong with a contract as what its media type says; empty when nothing is, or its kind is not known."""
    if len(content) > SPEC_BYTES:
        return _TOO_LARGE
    try:
        return jail.ask([b"read", media_type.encode(), content]).decode()
    except Ended as error:
        return str(error)


def examine(media_type: str, content: bytes, jail: Jail = _JAIL) -> Examined:
    """What is wrong with a contract, as `read` says it, and the rules that it does not keep. Never raises.

    One that can be read, while its rules take more than the process may have, has no findings.
    """
    if len(content) > SPEC_BYTES:
        return Examined(_TOO_LARGE, ())
    try:
        found = io.BytesIO(jail.ask([b"examine", media_type.encode(), content]))
        problem, lint = frames.unpack(found.read) or (b"", b"")
        return Examined(problem.decode(), Impact.FromString(lint).lint)
    except (Ended, frames.Broken, DecodeError, ValueError):
        return Examined(read(media_type, content, jail), ())


def check(media_type: str, content: bytes, jail: Jail = _JAIL) -> None:
    """Errors: Invalid CONTRACT_UNREADABLE with the problem."""
    if problem := read(media_type, content, jail):
        sha256 = hashlib.sha256(content).hexdigest()
        text = f"The contract {sha256} cannot be read as {media_type}. {problem}"
        raise Invalid("CONTRACT_UNREADABLE", text, sha256=sha256, problem=problem)


def _unknown(reason: str) -> InterfaceVerdict:
    return InterfaceVerdict(outcome=VerdictOutcome.VERDICT_OUTCOME_UNKNOWN, reason=reason)
