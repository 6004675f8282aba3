"""What the gateways have in common that are told by text files under our mark: written, brought in, probed."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path

from subscribers.adapter import Description, Plan, Proof, Service
from subscribers.adapters.calls import Calls
from subscribers.adapters.marked import MarkedFiles, Parts


class TextGateway(ABC):
    """An adapter but for its words: `kind` is its name, `gateway` the base URL of the gateway.

    `files` are those of `directory`. `trust_store`: a file with the certificates that prove upstreams, and a gateway
    called by https.
    """

    def __init__(self, kind: str, directory: str, files: Sequence[str], gateway: str, trust_store: str) -> None:
        self._kind, self._gateway, self._trust_store = kind, gateway.rstrip("/"), trust_store
        self._files = MarkedFiles(Path(directory), files)
        self._calls = Calls(self._gateway, trust_store)

    def describe(self) -> Description:
        """Who it is."""
        return Description(self._kind, self._gateway, probes=True)

    def render(self, service: Service) -> str:
        """What the files hold of the service."""
        return self._files.shown(self._blocks(service))

    def apply(self, plan: Plan) -> None:
        """Write, test, load. Errors: GATEWAY_REJECTED, with the files put back; TARGET_UNAVAILABLE, files written."""
        ours = self._files.ours()
        self._bring(ours | {step.key: self._files.parsed(step.after) for step in plan.steps})

    def probe(self, service: Service) -> Proof:
        """Call each interface through the gateway."""
        return self._calls.probe(service)

    def probe_gone(self, service: Service) -> Proof:
        """No interface of it is answered any more."""
        return self._calls.probe_gone(service)

    def remove(self) -> None:
        """Take all of ours away; out of the files also when the gateway is not running, and then says so."""
        self._bring({})

    def close(self) -> None:
        """Close connections to the gateway."""
        self._calls.close()

    def prepare(self) -> None:
        """Make the folder and files that the gateway must find when it starts."""
        self._files.prepare()

    @abstractmethod
    def _blocks(self, service: Service) -> Parts:
        """The service in the gateway's words, by file."""

    @abstractmethod
    def _bring(self, ours: Mapping[str, Parts]) -> None:
        """Write all of ours. When this returns, what is new is served, and what is gone is not."""
