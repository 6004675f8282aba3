"""The connection to a registry: its services, and its refusals as failures."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import grpc
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from grpc_status import rpc_status

from registry import telemetry
from registry.api.v1 import (
    access_service_pb2,
    access_service_pb2_grpc,
    capability_service_pb2,
    capability_service_pb2_grpc,
    definition_service_pb2_grpc,
    evidence_service_pb2_grpc,
    feed_service_pb2_grpc,
    offering_service_pb2,
    offering_service_pb2_grpc,
    onboarding_service_pb2,
    onboarding_service_pb2_grpc,
    organisation_service_pb2,
    organisation_service_pb2_grpc,
)
from registry.cli.credentials import reach
from registry.cli.failure import UNREACHABLE, USAGE, Failure
from registry.cli.nouns import plural
from registry.reach import Unready, is_loopback

TIMEOUT_SECONDS = 60.0
_OPTIONS = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
# Without a reason of the registry's own, these come from the connection: a server that goes away cancels its calls.
_NO_ANSWER = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.UNKNOWN,
    }
)
_MESSAGES: dict[str, Any] = {
    "grant": access_service_pb2,
    "key": access_service_pb2,
    "organisation": organisation_service_pb2,
    "system": organisation_service_pb2,
    "capability": capability_service_pb2,
    "offering": offering_service_pb2,
    "release": offering_service_pb2,
}


class Registry:
    """Stubs of the services at an address. Errors: Unready."""

    def __init__(self, address: str, traceparent: str = "") -> None:
        self.address = address
        self._metadata = (("traceparent", traceparent or telemetry.new_traceparent()),)  # one command is one trace
        self._channel = reach(address).channel(_OPTIONS)
        self.definitions: Any = definition_service_pb2_grpc.DefinitionServiceStub(self._channel)
        self.evidence: Any = evidence_service_pb2_grpc.EvidenceServiceStub(self._channel)
        self.feed: Any = feed_service_pb2_grpc.FeedServiceStub(self._channel)
        self.offerings: Any = offering_service_pb2_grpc.OfferingServiceStub(self._channel)
        organisations: Any = organisation_service_pb2_grpc.OrganisationServiceStub(self._channel)
        self.capabilities: Any = capability_service_pb2_grpc.CapabilityServiceStub(self._channel)
        self.onboarding: Any = onboarding_service_pb2_grpc.OnboardingServiceStub(self._channel)
        self.access: Any = access_service_pb2_grpc.AccessServiceStub(self._channel)
        self._services = {
            "grant": self.access,
            "key": self.access,
            "organisation": organisations,
            "system": organisations,
            "capability": self.capabilities,
            "offering": self.offerings,
            "release": self.offerings,
        }

    def call(self, method: Any, request: Any, caller: Sequence[tuple[str, str]] = ()) -> Any:
        """One answer. `caller` is metadata that tells who acts. Errors: Failure."""
        with self.explained():
            return method(request, timeout=TIMEOUT_SECONDS, metadata=(*self._metadata, *caller))

    def get(self, noun: str, name: str) -> Any:
        """One resource. Errors: Failure."""
        messages, service = self._of(noun)
        request = getattr(messages, f"Get{noun.capitalize()}Request")(name=name)
        return getattr(self.call(getattr(service, f"Get{noun.capitalize()}"), request), noun)

    def pages(self, noun: str, size: int, **query: str) -> Iterator[list[Any]]:
        """All resources of a kind, page by page. Errors: Failure."""
        messages, service = self._of(noun)
        many = plural(noun).capitalize()
        request = getattr(messages, f"List{many}Request")(page_size=size, **query)
        while True:
            response = self.call(getattr(service, f"List{many}"), request)
            yield list(getattr(response, plural(noun)))
            request.page_token = response.next_page_token
            if not request.page_token:
                return

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turns refusals into failures."""
        try:
            yield
        except grpc.RpcError as error:
            raise failure(error, self.address) from error

    def close(self) -> None:
        """End the connection."""
        self._channel.close()

    def _of(self, noun: str) -> tuple[Any, Any]:
        return _MESSAGES.get(noun, onboarding_service_pb2), self._services.get(noun, self.onboarding)


@contextmanager
def connected(address: str) -> Iterator[Registry]:
    """A registry for as long as the block lasts, and with it the span of the command. Errors: Failure."""
    telemetry.export("gemensam-cli")
    with telemetry.work_span(" ".join(["gemensam", *filter(str.isalpha, sys.argv[1:2])])) as traceparent:
        try:
            registry = Registry(address, traceparent)
        except Unready as error:
            raise Failure(str(error), exit_code=USAGE) from error
        try:
            yield registry
        finally:
            registry.close()


def failure(error: Any, address: str) -> Failure:
    """What a refusal says, with its details."""
    info, violations = ErrorInfo(), []
    status = rpc_status.from_call(error)
    for detail in status.details if status else ():
        bad = BadRequest()
        if detail.Is(ErrorInfo.DESCRIPTOR):
            detail.Unpack(info)
        elif detail.Unpack(bad):
            violations = [(each.field, each.description) for each in bad.field_violations]
    if not info.reason and error.code() in _NO_ANSWER:
        remedy = "Start one with `gemensam serve`, or name its address with --address or GEMENSAM_GRPC_ADDRESS."
        if not is_loopback(address):
            remedy = "Compare the address, its authority (GEMENSAM_CA), and whether it asks for your certificate."
        return Failure(f"No registry answers at {address}.", remedy=remedy, exit_code=UNREACHABLE)
    reason = info.reason or error.code().name
    return Failure(error.details() or reason, reason, violations=violations, metadata=info.metadata)
