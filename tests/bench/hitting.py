"""What asking costs whom a change would hit: a release that breaks, beside the 290 municipalities that use it."""

import hashlib
import json
import time
from collections.abc import Iterator

import grpc

from registry.api.v1 import offering_service_pb2 as pb
from registry.api.v1 import offering_service_pb2_grpc as pb_grpc
from registry.api.v1.release_pb2 import Release
from registry.api.v1.subscription_pb2 import Subscription
from tests.bench import seed
from tests.bench.bench import Bench
from tests.bench.measure import Sample, percentile
from tests.bench.rows import Figure, Row

SUBSCRIBERS, GOAL_MS, OPENAPI = 290, 200.0, "application/vnd.oai.openapi+json"
OFFERING = "offerings/bygglov-0"
ACTIVE, PROVEN, PRODUCTION, REST = 5, 4, 3, 2


def rows(bench: Bench) -> Iterator[Row]:
    """Milliseconds for PublishRelease with `validate_only`: contracts never seen before, then ones that are known."""
    url = bench.databases.new("sqlite")
    seed.fill(url, 10)
    server = bench.serve(url)
    with grpc.insecure_channel(server.address) as channel:
        stub = pb_grpc.OfferingServiceStub(channel)
        stub.PublishRelease(_request("1.0.0", 0, validate_only=False))
        seed.put(url, [_subscription(number) for number in range(SUBSCRIBERS)])
        first = _timed(stub, 50)
        for word, numbers in (("new", range(1, 4 * bench.rounds + 1)), ("known", [1] * 4 * bench.rounds)):
            bench.tell(f"impact on {SUBSCRIBERS} subscribers, {word} contracts")
            times = [_timed(stub, number) for number in numbers]
            p50, p99 = percentile(times, 0.5), percentile(times, 0.99)
            title = f"impact on {SUBSCRIBERS} subscribers, {word} contracts"
            figure = Figure("p99", p99, GOAL_MS, "ms")
            note = f"the very first, which starts the process that reads contracts: {first:.0f} ms"
            yield Row(f"impact-{word}", title, "sqlite", 1, Sample(0.0, p50, p99, 0.0, 0.0), figure=figure, note=note)
    server.stop()


def _timed(stub: pb_grpc.OfferingServiceStub, number: int) -> float:
    request = _request("1.1.0", number, validate_only=True)
    start = time.perf_counter()
    found = stub.PublishRelease(request).impact
    passed = (time.perf_counter() - start) * 1000
    if len(found.subscriptions) != SUBSCRIBERS or not found.refused:
        raise RuntimeError(f"{len(found.subscriptions)} of {SUBSCRIBERS} are hit")
    return passed


def _request(version: str, without: int, *, validate_only: bool) -> pb.PublishReleaseRequest:
    content = _contract(without)
    release = Release(version=version)
    release.interfaces.add(id="api", kind=REST).endpoints.add(environment=PRODUCTION, url="https://service.example/api")  # type: ignore[arg-type]
    release.interfaces[0].spec.media_type = OPENAPI
    release.interfaces[0].spec.sha256 = hashlib.sha256(content).hexdigest()
    request = pb.PublishReleaseRequest(parent=OFFERING, release=release, validate_only=validate_only)
    request.specs.add(media_type=OPENAPI, content=content)
    return request


def _contract(without: int) -> bytes:
    """An API of 50 operations with answers of 20 properties each; from the operation of a number one is gone."""
    paths = {f"/cases-{number}": {"get": _operation(number == without)} for number in range(1, 51)}
    return json.dumps({"openapi": "3.1.0", "info": {"title": "Cases", "version": "1"}, "paths": paths}).encode()


def _operation(less: bool) -> dict[str, object]:
    properties = {f"field{each}": {"type": "string"} for each in range(19 if less else 20)}
    schema = {"type": "object", "properties": properties, "required": sorted(properties)}
    return {"responses": {"200": {"description": "A case", "content": {"application/json": {"schema": schema}}}}}


def _subscription(number: int) -> Subscription:
    found = Subscription(
        name=f"organisations/k{number}/subscriptions/s",
        offering=OFFERING,
        system=f"organisations/k{number}/systems/gw",
        environment=PRODUCTION,  # type: ignore[arg-type]
        state=ACTIVE,  # type: ignore[arg-type]
    )
    found.convergence.phase = PROVEN  # type: ignore[assignment]
    found.convergence.observed_release = f"{OFFERING}/releases/1.0.0"
    found.convergence.observed_interfaces.append("api")
    return found
