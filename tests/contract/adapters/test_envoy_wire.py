"""What Envoy is told by a stream is what it is told by files, whatever the upstream."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import ParseError

from subscribers.adapter import Upstream
from subscribers.adapters import xds_api
from subscribers.conformance import bring, service
from tests.components import gateways
from tests.components.certificates import Authority


def loaded(gateway: Any) -> list[str]:
    """Our clusters and route tables as Envoy says that it has them, without when and in which version."""
    parts = {each["@type"].rpartition(".")[2]: each for each in gateway.dump()["configs"]}
    clusters = [each["cluster"] for each in parts["ClustersConfigDump"]["dynamic_active_clusters"]]
    tables = [each["route_config"] for each in parts["RoutesConfigDump"]["dynamic_route_configs"]]
    return sorted(json.dumps(each, sort_keys=True) for each in [*clusters, *tables])


def test_both_ways_give_envoy_the_same(tmp_path: Path) -> None:
    trust_store = str(Authority(tmp_path / "ca").trust_store)
    upstreams = [
        Upstream(scheme, host, 8443, path, addresses)
        for scheme in ("http", "https", "grpc", "grpcs")
        for host, addresses in (("service.example.se", ("192.0.2.1", "2001:db8::1")), ("192.0.2.1", ("192.0.2.1",)))
        for path in ("", "/v1/%C3%A4;x=(1)$1")
    ]
    found = []
    for kind in ("envoy", "envoy-xds"):
        with (
            gateways.gateway(kind, tmp_path / kind) as gateway,
            closing(gateway.adapter(trust_store=trust_store)) as adapter,
        ):
            bring(adapter, [service(number, each) for number, each in enumerate(upstreams)])
            found.append(loaded(gateway))
    assert found[0] == found[1]
    assert len(found[0]) == len(upstreams) + 1


@pytest.mark.parametrize(
    ("resource", "words"),
    [
        ({"@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster", "lb_policy": "RANDOM"}, "lb_policy"),
        ({"@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster", "type": "EDS"}, "type"),
    ],
)
def test_what_we_cannot_say_is_an_error_and_not_lost(resource: dict[str, Any], words: str) -> None:
    with pytest.raises(ParseError, match=words):
        xds_api.packed(resource)
