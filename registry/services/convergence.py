"""The convergence view of an offering: counts by phase, laggards, coverage, and how long onboarding took."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime

from google.protobuf.duration_pb2 import Duration

from registry.api.v1 import onboarding_service_pb2 as pb
from registry.domain import limits, names, subscription
from registry.errors import Invalid
from registry.services.coverage import coverage
from registry.services.laggards import laggards
from registry.services.rollout import Named, Rollout, rollout
from registry.store import View


def reader(request: pb.GetConvergenceRequest, now: datetime) -> Callable[[View], pb.GetConvergenceResponse]:
    """The work for a snapshot. Errors: RESOURCE_NOT_FOUND for the offering, the release or the campaign."""
    names.check(request.name, "offering")
    size = limits.page_size(request.page_size)
    if request.release:
        names.check(request.release, "release")
    if request.release and request.campaign:
        what = "must be empty with a campaign, which says what release it is about"
        raise Invalid("FIELD_INVALID", f"release {what}.", violations=[("release", what)], field="release")

    def read(view: View) -> pb.GetConvergenceResponse:
        return _response(rollout(view, request), view, size, now)

    return read


def _response(found: Rollout, view: View, size: int, now: datetime) -> pb.GetConvergenceResponse:
    late, live = len(found.late), len(found.live)
    named = Named(found, view.sight)
    proven = [row.onboard_millis for row in found.live if found.converged(row)]
    waiting = {row.organisation: row for row in found.rows if row.state not in subscription.LIVE}
    response = pb.GetConvergenceResponse(
        name=found.name,
        release=found.release,
        total=live,
        converged=live - late,
        laggards=laggards(named.late, named.absent, waiting, size),
        time_to_onboard=_times(proven),
        revision=view.revision,
        generation=view.generation,
        campaign=found.campaign.id,
        not_joined=len(found.absent),
        coverage=coverage(found.bodies, found.done, found.excused.keys()),
    )
    for phase, count in sorted(Counter(row.phase for row in found.live).items()):
        response.counts.add(phase=phase, count=count)
    for name, reason in sorted(named.excused.items()):
        response.excused.add(organisation=name, reason=reason)
    if found.campaign.HasField("deadline"):
        response.deadline.CopyFrom(found.campaign.deadline)
        over = response.deadline.ToMicroseconds() < round(now.timestamp() * 1_000_000)
        response.overdue = len(found.required - found.done) if over else 0
    return response


def _times(millis: Sequence[int | None]) -> pb.TimeToOnboard:
    known = sorted(value for value in millis if value is not None)
    times = pb.TimeToOnboard(count=len(known))
    if known:
        for field, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
            nearest = known[max(0, math.ceil(share * len(known)) - 1)]
            getattr(times, field).CopyFrom(Duration(seconds=nearest // 1000, nanos=nearest % 1000 * 1_000_000))
    return times
