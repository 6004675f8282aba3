"""The registry over gRPC, as a subscriber needs it: follow the feed, and report."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any

import grpc
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status

from registry import telemetry
from registry.api.v1.feed_service_pb2 import GetHeadRequest, WatchRequest, WatchResponse
from registry.api.v1.feed_service_pb2_grpc import FeedServiceStub
from registry.api.v1.onboarding_service_pb2 import ReportConvergenceRequest
from registry.api.v1.onboarding_service_pb2_grpc import OnboardingServiceStub
from registry.api.v1.subscription_pb2 import Convergence, ConvergencePhase
from registry.reach import Reach, Unready
from registry.telemetry import attributes as names

REPORT = "/gemensam.registry.v1.OnboardingService/ReportConvergence"
REPORT_SECONDS = 10.0
# What a caller proves itself with is renewed beside it, so that UNAUTHENTICATED passes too.
_RETRIABLE = frozenset(
    {"UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "INTERNAL", "UNKNOWN", "CANCELLED", "UNAUTHENTICATED"}
)
_OPTIONS: Sequence[tuple[str, Any]] = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.keepalive_time_ms", 20_000),  # a connection that died in silence is noticed within half a minute
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.max_reconnect_backoff_ms", 5_000),
)


class RegistryRefused(Exception):
    """The registry answered with an error. `retriable`: the same request may succeed later."""

    def __init__(self, error: grpc.aio.AioRpcError) -> None:
        self.code, self.message = error.code().name, error.details() or ""
        self.reason = _reason(error)
        self.retriable = self.code in _RETRIABLE
        super().__init__(f"{self.code} {self.reason}: {self.message}")


class Unproven(RegistryRefused):
    """The token cannot be read just now, so that nothing was sent."""

    def __init__(self, why: Unready) -> None:
        self.code, self.message, self.reason, self.retriable = "UNAUTHENTICATED", str(why), "", True
        Exception.__init__(self, self.message)


class Client:
    """A channel to the registry. `actor` is recorded with every report. Errors: Unready."""

    def __init__(self, reach: Reach, actor: str) -> None:
        self._reach = reach
        self._channel = reach.aio_channel(_OPTIONS)
        self._feed: Any = FeedServiceStub(self._channel)
        self._onboarding: Any = OnboardingServiceStub(self._channel)
        self._actor = actor

    async def watch(self, request: WatchRequest) -> AsyncGenerator[WatchResponse, None]:
        """The feed until it ends. Errors: RegistryRefused."""
        stream = self._feed.Watch(request, metadata=self._metadata(""))
        try:
            async for response in stream:
                yield response
        except grpc.aio.AioRpcError as error:
            raise RegistryRefused(error) from error
        finally:
            stream.cancel()

    async def report(self, name: str, convergence: Convergence, generation: str, traceparent: str) -> None:
        """Report what was observed of a subscription. Errors: RegistryRefused."""
        request = ReportConvergenceRequest(name=name, convergence=convergence, generation=generation)
        said = {names.RESOURCE: name, names.PHASE: ConvergencePhase.Name(convergence.phase)}
        with telemetry.client_span(REPORT, traceparent, said) as own:
            try:
                call = self._onboarding.ReportConvergence
                await call(request, metadata=self._metadata(own), timeout=REPORT_SECONDS)
            except grpc.aio.AioRpcError as error:
                raise RegistryRefused(error) from error

    async def generation(self) -> str:
        """The store's generation now. Errors: RegistryRefused."""
        try:
            head = await self._feed.GetHead(GetHeadRequest(), metadata=self._metadata(""), timeout=REPORT_SECONDS)
        except grpc.aio.AioRpcError as error:
            raise RegistryRefused(error) from error
        return str(head.generation)

    async def close(self) -> None:
        """Close the channel."""
        await self._channel.close()

    def _metadata(self, traceparent: str) -> tuple[tuple[str, str], ...]:
        try:
            who = (("gemensam-actor", self._actor), *self._reach.authorization())
        except Unready as why:
            raise Unproven(why) from why
        return (*who, ("traceparent", traceparent)) if traceparent else who


def _reason(error: grpc.aio.AioRpcError) -> str:
    try:
        status = rpc_status.from_call(error)  # type: ignore[arg-type]
    except ValueError:  # something on the way has changed the status, and not its details
        return ""
    for detail in status.details if status else ():
        info = ErrorInfo()
        if detail.Unpack(info):
            return str(info.reason)
    return ""
