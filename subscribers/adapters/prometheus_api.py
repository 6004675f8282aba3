"""What a Prometheus says of itself: which targets it has, and which files it follows."""

import fnmatch
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import yaml

from subscribers.adapter import AdapterError
from subscribers.adapters.prometheus_file import SUBSCRIPTION

CALL_SECONDS, FRESH_SECONDS = 5.0, 0.1
Labels = frozenset[tuple[str, str]]
Known = Mapping[str, Sequence[Labels]]


class PrometheusApi:
    """`url`: where it answers. Calls come from many threads. Errors of every call: AdapterError TARGET_UNAVAILABLE."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = httpx.Client(base_url=url, timeout=CALL_SECONDS, trust_env=False)
        self._lock, self._asked = threading.Lock(), float("-inf")
        self._known: Known = {}

    def known(self) -> Known:
        """Labels of our active targets as discovered, by subscription; who asks at one time gets one answer."""
        with self._lock:
            if time.monotonic() - self._asked > FRESH_SECONDS:
                active = self._get("/api/v1/targets", state="active")["activeTargets"]
                found: dict[str, list[Labels]] = {}
                for each in active:
                    labels = each["discoveredLabels"]
                    found.setdefault(labels.get(SUBSCRIPTION, ""), []).append(frozenset(labels.items()))
                self._known = found
                self._asked = time.monotonic()
            return self._known

    def follows(self, path: Path, *, served: bool) -> bool:
        """Whether a scrape configuration names the file; or, when it is served, any place that is asked by HTTP."""
        configured = yaml.safe_load(self._get("/api/v1/status/config")["yaml"]) or {}
        scrapes = configured.get("scrape_configs") or []
        patterns = [each for one in scrapes for sd in one.get("file_sd_configs", []) for each in sd.get("files", [])]
        asked = served and any(one.get("http_sd_configs") for one in scrapes)
        return asked or any(fnmatch.fnmatchcase(str(path), each) for each in patterns)

    def close(self) -> None:
        """Close connections."""
        self._client.close()

    def _get(self, path: str, **parameters: str) -> Any:
        try:
            answer = self._client.get(path, params=parameters)
            answer.raise_for_status()
            return answer.json()["data"]
        except (httpx.HTTPError, ValueError, KeyError, TypeError, RuntimeError) as error:  # the last: closed meanwhile
            words = f"Prometheus does not answer at {self._url}: {type(error).__name__}"
            raise AdapterError("TARGET_UNAVAILABLE", words) from error
