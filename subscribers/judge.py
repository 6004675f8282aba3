"""Judges where this program itself may call: by the body's policy, name by name and address by address."""

from collections.abc import Callable, Sequence
from pathlib import Path

from subscribers.adapter import AdapterError, Upstream
from subscribers.policy import Policy, Refused, Unresolved, is_address, load
from subscribers.resolver import Resolver


class PolicyJudge:
    """A judge by a policy, for one adapter. `look_up` gives the addresses of a name; the system's answer by default."""

    def __init__(self, policy: Policy, look_up: Callable[[str], Sequence[str]] | None = None) -> None:
        self._policy, self._resolver = policy, Resolver(look_up)

    @classmethod
    def of(cls, path: Path) -> "PolicyJudge":
        """By the policy in a file. Errors: ValueError."""
        return cls(load(path))

    def __call__(self, url: str) -> Upstream:
        """Where the URL leads, with its addresses. Errors: AdapterError."""
        try:
            return self._policy.judge_own(url, self._resolved)
        except Refused as refused:
            raise AdapterError("ADDRESS_REFUSED", f"{refused.message} ({refused.reason})") from refused
        except Unresolved as unresolved:
            raise AdapterError("TARGET_UNAVAILABLE", str(unresolved)) from unresolved

    def close(self) -> None:
        """Look nothing more up."""
        self._resolver.close()

    def _resolved(self, host: str) -> Sequence[str]:
        """Looked up after the name itself was judged: a name that is refused is never asked for."""
        if not is_address(host):
            self._resolver.prepare([host])
        return self._resolver(host)
