"""A real Prometheus reads the registry: rules have values, exemplars lead to traces, dashboards ask for what exists."""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from registry.api.v1.offering_service_pb2 import GetOfferingRequest
from registry.app import Running
from registry.settings import Settings
from subscribers import measures
from tests.checks.problem import ROOT
from tests.components.scraper import scraper
from tests.integration.api import Api
from tests.integration.telemetry import exporting

RULES = [
    rule
    for path in sorted((ROOT / "deploy" / "prometheus").glob("*.yml"))
    for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
RECORDED = {rule["record"] for rule in RULES if "record" in rule}
BOARDS = sorted((ROOT / "deploy" / "grafana" / "dashboards").glob("*.json"))
PROMETHEUS_OWN = {"up"}
_ASIDE = re.compile(r'\{[^}]*\}|"[^"]*"|\[[^\]]*\]|\b(?:by|without|on|ignoring)\s*\([^)]*\)')
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*(?![a-zA-Z0-9_:]*\s*\()")
_WORDS = {"and", "or", "unless", "bool", "offset"}


@pytest.fixture
def settings(data: Path) -> Settings:
    """With a web face."""
    return Settings(data=data, grpc_address="127.0.0.1:0", web_address="127.0.0.1:0")


def asked(expression: str) -> set[str]:
    """The metrics that an expression names."""
    return {each for each in _NAME.findall(_ASIDE.sub(" ", expression)) if each not in _WORDS}


def expressions() -> Iterator[tuple[str, str]]:
    """Every expression of rules and dashboards, and where it is."""
    yield from ((rule.get("record") or rule["alert"], rule["expr"]) for rule in RULES)
    for board in BOARDS:
        found: Any = json.loads(board.read_text(encoding="utf-8"))
        yield from ((f"{board.stem}: {p['title']}", t["expr"]) for p in found["panels"] for t in p["targets"])


def shown(text: str) -> set[str]:
    """The names of the series that a page can have."""
    ends = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("_total",)}
    families = text_string_to_metric_families(text)
    return {f"{each.name}{end}" for each in families for end in ends.get(each.type, ("",))}


def test_names_are_found_in_expressions() -> None:
    text = 'sum by (job) (rate(a_total{b="c{d"}[5m])) / on (e) group_left f:g and time() - (h > 0.5)'
    assert asked(text.replace("group_left", "")) == {"a_total", "f:g", "h"}


async def test_every_metric_that_a_rule_or_a_dashboard_asks_for_exists(registry_server: Running) -> None:
    await registry_server.store.reposition("relay", 0)
    with measures.served("0") as page:
        async with httpx.AsyncClient(trust_env=False) as client:
            texts = [(await client.get(f"http://{each}/metrics")).text for each in (registry_server.web_address, page)]
    there = {*shown(texts[0]), *shown(texts[1]), *RECORDED, *PROMETHEUS_OWN}
    assert {where: asked(each) - there for where, each in expressions() if asked(each) - there} == {}
    assert len(list(expressions())) > len(RULES)


async def test_a_real_prometheus_reads_it_and_its_rules_have_values(
    registry_server: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with exporting(monkeypatch), scraper(tmp_path / "prometheus", {"gemensam": registry_server.web_address}) as it:
        async with grpc.aio.insecure_channel(registry_server.grpc_address) as channel, asyncio.timeout(60):
            api = Api(channel)
            await api.body()
            await api.offer()
            while not await asyncio.to_thread(it.ask, "job:rpc_server_calls:rate_5m > 0"):
                await api.offerings.GetOffering(GetOfferingRequest(name="offerings/permits"))
                await asyncio.sleep(0.05)
            for rule in ("job:gemensam_watchers:sum", "job_reader:gemensam_reader_lag_seconds:max", "up == 1"):
                assert await asyncio.to_thread(it.ask, rule)
            (head,) = await asyncio.to_thread(it.ask, "gemensam_ledger_head_revision")
            assert int(head["value"][1]) == registry_server.store.head_revision
            found = await asyncio.to_thread(it.exemplars, "rpc_server_call_duration_seconds_bucket")
            assert all(re.fullmatch("[0-9a-f]{32}", each["labels"]["trace_id"]) for each in found)
            assert found
