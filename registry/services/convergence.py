"""The convergence view of an offering: counts by phase, laggards, and how long onboarding took."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from google.protobuf.duration_pb2 import Duration

from registry.api.v1 import onboarding_service_pb2 as pb
from registry.api.v1.release_pb2 import Release
from registry.api.v1.subscription_pb2 import Subscription
from registry.domain import limits, names, release, subscription
from registry.domain.filter import Comparison
from registry.domain.semver import precedence
from registry.services.resources import missing
from registry.store import Query, View


def reader(request: pb.GetConvergenceRequest) -> Callable[[View], pb.GetConvergenceResponse]:
    """The work for a snapshot. Errors: RESOURCE_NOT_FOUND for the offering or the release."""
    names.check(request.name, "offering")
    size = limits.page_size(request.page_size)
    if request.release:
        names.check(request.release, "release")

    def read(view: View) -> pb.GetConvergenceResponse:
        if view.get(request.name) is None:
            raise missing(request.name)
        if request.release and view.get(request.release) is None:
            raise missing(request.release)
        wanted = request.release or _newest(view, request.name)
        rows = view.convergence(request.name)
        late = [row for row in rows if not _converged(row, wanted)]
        response = pb.GetConvergenceResponse(
            name=request.name,
            release=wanted,
            total=len(rows),
            converged=len(rows) - len(late),
            revision=view.revision,
            generation=view.generation,
            time_to_onboard=_times([row.onboard_millis for row in rows if _converged(row, wanted)]),
        )
        for phase, count in sorted(Counter(row.phase for row in rows).items()):
            response.counts.add(phase=phase, count=count)
        for row in sorted(late, key=lambda row: (row.report_time_us, row.name))[:size]:
            document = Subscription.FromString(view.get(row.name) or b"")
            response.laggards.add(subscription=row.name, state=row.state, convergence=document.convergence)
        return response

    return read


def _converged(row: Any, wanted: str) -> bool:
    return bool(row.phase == subscription.PROVEN and row.observed_release == wanted and wanted)


def _newest(view: View, offering: str) -> str:
    published = Comparison("state", "=", "PUBLISHED", 0)
    page = view.page(Query("release", parent=offering, filter=published, page_size=limits.PAGE_SIZE))
    found = [Release.FromString(document) for document in page.documents]
    found = [each for each in found if each.state == release.PUBLISHED]
    return max(found, key=lambda each: precedence(each.version)).name if found else ""


def _times(millis: Sequence[int | None]) -> pb.TimeToOnboard:
    known = sorted(value for value in millis if value is not None)
    times = pb.TimeToOnboard(count=len(known))
    if known:
        for field, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
            nearest = known[max(0, math.ceil(share * len(known)) - 1)]
            getattr(times, field).CopyFrom(Duration(seconds=nearest // 1000, nanos=nearest % 1000 * 1_000_000))
    return times
