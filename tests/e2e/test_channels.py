"""The whole street without a gateway: a publication reaches a repository, a catalogue and an endpoint, and so does its end."""

from pathlib import Path

from registry.api.v1 import offering_service_pb2 as offerings
from registry.app import Running
from subscribers.backoff import LONGEST_SECONDS
from tests.components import upstream as services
from tests.components.envoy import Gateway
from tests.components.receiver import Receiver, receiver
from tests.contract.adapters.channels import git, webhook_options
from tests.e2e.street import ENDED, interface, onboarded, proven, reported, subscriber
from tests.integration.api import Api


def held(folder: Path, endpoint: Receiver) -> list[int]:
    """How many services each of the three has."""
    committed = git(folder / "services.git", "ls-tree", "-r", "--name-only", "main").splitlines()
    return [len(committed), len(list((folder / "catalogue").glob("*.gemensam.yaml"))), len(endpoint.held)]


async def test_a_body_without_a_gateway_is_told_and_its_provider_sees_that_it_was(
    tmp_path: Path, registry_server: Running, api: Api, gateway: Gateway, upstream: services.Upstream
) -> None:
    folder = tmp_path / "b"
    with receiver() as endpoint:
        adapters = [
            {"kind": "git", "directory": "services.git"},
            {"kind": "backstage", "directory": "catalogue", "owner": "it"},
            webhook_options(folder, endpoint.url, endpoint.port),
        ]
        address = registry_server.grpc_address
        with subscriber(folder, address, gateway, upstream.port, endpoint.port, adapters=adapters) as body:
            await onboarded(api, body, upstream.url)
            assert held(folder, endpoint) == [1, 1, 1]
            endpoint.status = 503
            await api.publish("permits", "2.0.0", interfaces=[interface(upstream.url)])
            await reported(api, lambda _it, seen: seen.last_error.reason == "TARGET_UNAVAILABLE")
            endpoint.status = 204
            await proven(api, "2.0.0")
            await api.offerings.WithdrawOffering(offerings.WithdrawOfferingRequest(name="offerings/permits"))
            await reported(api, lambda it, _seen: it.state == ENDED, seconds=LONGEST_SECONDS)
            assert held(folder, endpoint) == [0, 0, 0]
