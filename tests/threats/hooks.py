"""Webhook adapters as the threats need them: with a policy and answers of name servers of the test's own."""

import ipaddress
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from subscribers.adapters.webhook import WebhookAdapter
from subscribers.judge import PolicyJudge
from subscribers.policy import Policy
from tests.components.receiver import SECRET


@contextmanager
def hook(
    folder: Path,
    url: str,
    port: int,
    look_up: Callable[[str], Sequence[str]] | None = None,
    private_ranges: Sequence[str] = (),
    secrets: str = SECRET,
    trust_store: str = "",
) -> Iterator[WebhookAdapter]:
    """An adapter that may call every host at a port, and of addresses that are not global only those named."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "secrets").write_text(secrets)
    ranges = tuple(map(ipaddress.ip_network, private_ranges))
    values: dict[str, Any] = {"organisations": ("*",), "hosts": ("*",), "ports": (port, 80, 443), "plain_text": True}
    judge = PolicyJudge(Policy(**values, private_ranges=ranges), look_up)
    files = {"secrets": str(folder / "secrets"), "directory": str(folder), "trust_store": trust_store}
    with closing(WebhookAdapter(url=url, judge=judge, **files)) as made:
        yield made
