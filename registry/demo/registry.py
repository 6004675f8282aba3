"""The demo's own calls to the registry: follow the ledger, ask who is eligible, approve, retire."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc

from registry.api.v1.feed_service_pb2 import WatchRequest
from registry.api.v1.feed_service_pb2_grpc import FeedServiceStub
from registry.api.v1.offering_pb2 import Offering
from registry.api.v1.offering_service_pb2 import (
    DeprecateReleaseRequest,
    GetReleaseRequest,
    ListOfferingsRequest,
    ListReleasesRequest,
    RetireReleaseRequest,
)
from registry.api.v1.offering_service_pb2_grpc import OfferingServiceStub
from registry.api.v1.onboarding_service_pb2 import (
    ApproveSubscriptionRequest,
    CreateSubscriptionRequest,
    GetConvergenceRequest,
    GetConvergenceResponse,
)
from registry.api.v1.onboarding_service_pb2_grpc import OnboardingServiceStub
from registry.api.v1.release_pb2 import Release
from registry.demo.cast import Receiver
from registry.demo.journeys import Journeys

SUNSET_SECONDS = 1.0
_ACTOR = (("gemensam-actor", "demo@loopback"),)


class Registry:
    """A channel to the demo's registry, and what its ledger has told so far."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._feed: Any = FeedServiceStub(channel)
        self._offerings: Any = OfferingServiceStub(channel)
        self._onboarding: Any = OnboardingServiceStub(channel)
        self.journeys = Journeys()
        self.moved = asyncio.Event()

    async def follow(self) -> None:
        """Read the ledger from its beginning, and approve what waits for a human."""
        async for response in self._feed.Watch(WatchRequest(start_revision=1), metadata=_ACTOR):
            if response.WhichOneof("event") != "change":
                continue
            self.journeys.take(response.change)
            if response.change.name in self.journeys.pending:
                request = ApproveSubscriptionRequest(name=response.change.name)
                await self._onboarding.ApproveSubscription(request, metadata=_ACTOR)
            self.moved.set()

    async def offerings(self) -> list[Offering]:
        """Every offering, in name order."""
        return list((await self._offerings.ListOfferings(ListOfferingsRequest(page_size=1000))).offerings)

    async def releases(self, offering: str) -> list[Release]:
        """Releases of an offering."""
        return list((await self._offerings.ListReleases(ListReleasesRequest(parent=offering))).releases)

    async def release(self, name: str) -> Release:
        """One release."""
        response = await self._offerings.GetRelease(GetReleaseRequest(name=name))
        return response.release  # type: ignore[no-any-return]

    async def eligible(self, receivers: Iterable[Receiver], offering: str) -> set[str]:
        """Organisations that the terms let in, by a dry run of joining. Those that have joined by now are in."""
        found = set()
        for receiver in receivers:
            request = CreateSubscriptionRequest(
                parent=receiver.organisation, subscription_id="dry-run", validate_only=True
            )
            request.subscription.offering, request.subscription.system = offering, receiver.system
            try:
                await self._onboarding.CreateSubscription(request, metadata=_ACTOR)
            except grpc.aio.AioRpcError as error:
                if error.code() is grpc.StatusCode.FAILED_PRECONDITION:
                    continue
                if error.code() is not grpc.StatusCode.ALREADY_EXISTS:
                    raise
            found.add(receiver.organisation)
        return found

    async def convergence(self, offering: str) -> GetConvergenceResponse:
        """Who has converged, who has not, and why."""
        response: GetConvergenceResponse = await self._onboarding.GetConvergence(GetConvergenceRequest(name=offering))
        return response

    async def retire(self, offering: str) -> None:
        """Announce the end of every release, wait for the sunset, retire them."""
        releases = await self.releases(offering)
        sunset = datetime.now(UTC) + timedelta(seconds=SUNSET_SECONDS)
        for release in releases:
            request = DeprecateReleaseRequest(name=release.name)
            request.sunset_time.FromDatetime(sunset)
            await self._offerings.DeprecateRelease(request, metadata=_ACTOR)
        await asyncio.sleep((sunset - datetime.now(UTC)).total_seconds() + 0.05)
        for release in releases:
            await self._offerings.RetireRelease(RetireReleaseRequest(name=release.name), metadata=_ACTOR)


@contextlib.asynccontextmanager
async def connected(address: str) -> AsyncIterator[Registry]:
    """The registry at an address, followed for as long as the block lasts."""
    async with grpc.aio.insecure_channel(address) as channel:
        registry = Registry(channel)
        following = asyncio.create_task(registry.follow())
        try:
            yield registry
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
