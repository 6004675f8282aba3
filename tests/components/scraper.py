"""A real Prometheus with the rules of deploy/, which reads pages of metrics once a second."""

import json
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.checks.problem import ROOT
from tests.components.debian import program
from tests.components.ports import free_port
from tests.components.program import Program

RULES = ROOT / "deploy" / "prometheus" / "*.yml"


class Scraper:
    """It is asked in PromQL."""

    def __init__(self, url: str) -> None:
        self._url = url

    def ask(self, expression: str) -> list[dict[str, Any]]:
        """The series of an instant query."""
        found = httpx.get(f"{self._url}/api/v1/query", params={"query": expression}, trust_env=False).json()
        return list(found["data"]["result"])

    def exemplars(self, expression: str) -> list[dict[str, Any]]:
        """The exemplars of the series of a query, of the last hour."""
        now = time.time()
        params: Mapping[str, Any] = {"query": expression, "start": now - 3600, "end": now}
        found = httpx.get(f"{self._url}/api/v1/query_exemplars", params=params, trust_env=False).json()
        return [each for series in found["data"] for each in series["exemplars"]]


@contextmanager
def scraper(folder: Path, jobs: Mapping[str, str]) -> Iterator[Scraper]:
    """For as long as the block lasts. `jobs`: the address of a page by the job's name."""
    folder.mkdir(parents=True)
    scraped = [{"job_name": job, "static_configs": [{"targets": [address]}]} for job, address in jobs.items()]
    interval = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config = folder / "prometheus.yml"
    config.write_text(json.dumps({"global": interval, "rule_files": [str(RULES)], "scrape_configs": scraped}))
    address = f"127.0.0.1:{free_port()}"
    flags = {
        "config.file": config,
        "storage.tsdb.path": folder / "data",
        "web.listen-address": address,
        "enable-feature": "exemplar-storage",
    }
    words = [*program("prometheus"), *(f"--{name}={value}" for name, value in flags.items())]
    running = Program(words, folder / "log", f"http://{address}/-/ready")
    running.start(lambda: httpx.get(f"http://{address}/-/ready", trust_env=False).status_code == 200)
    try:
        yield Scraper(f"http://{address}")
    finally:
        running.stop(signal.SIGKILL)
