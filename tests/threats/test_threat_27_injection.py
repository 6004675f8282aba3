"""Threat 27: line breaks and control characters of others put in no log line, header, entry or terminal command.

Sinks that do not exist here: e-mail, and tables for spreadsheets. That they do not is tested as well.
"""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import structlog

from registry.cli import render
from registry.errors import Invalid
from registry.telemetry import logs
from subscribers.adapter import Upstream
from subscribers.conformance import bring, holds, service
from tests.components.receiver import Receiver
from tests.integration.services.street import APPLIED, report
from tests.operated import LATE_ONE, operated, rollout
from tests.threats.hooks import hook

FORGED = "registry.stopping"
PAYLOADS = [
    f"x\r\n2026-01-01T00:00:00Z [info     ] {FORGED}",
    f"x\n{FORGED}",
    f"x\r{FORGED}",
    f"x\u2028{FORGED}\u2029\x85\x0b\x0c",
    "x\r\nSet-Cookie: a=b\r\n\r\n<html>",
    "x\x1b[2J\x1b]0;title\x07\x1b[31m",
    "x\x9b31m\x90q\x9c",
    "x\u202etxt.exe\u2066y\u2069",
    "x\x00\x08\x7f",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+1\t-1",
]
DRIVES = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
HERE = Upstream("https", "service.example.se", 443, "", ("93.184.216.34",))


@pytest.fixture
def configured() -> Iterator[None]:
    """Logs are as they were, afterwards."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def fail(payload: str) -> None:
    raise ValueError(payload)


def log(payload: str) -> None:
    """As our code logs: a constant, and words of others as values; and an error that has them in its text."""
    made = structlog.get_logger("test")
    made.warning("event.constant", text=payload, name=payload[::-1])
    try:
        fail(payload)
    except ValueError:
        made.exception("event.failed", text=payload)


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("payload", PAYLOADS)
def test_threat_27_a_text_begins_no_line_of_the_log(capsys: pytest.CaptureFixture[str], payload: str) -> None:
    logs.configure()
    log(payload)
    lines = [line for line in capsys.readouterr().err.split("\n") if line]
    assert [line.split()[3] for line in lines if not line.startswith("    ")] == ["event.constant", "event.failed"]
    assert not any(DRIVES.search(line) for line in lines)


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("payload", PAYLOADS)
def test_threat_27_a_text_is_one_value_of_one_json_line(capsys: pytest.CaptureFixture[str], payload: str) -> None:
    logs.configure(json_logs=True)
    log(payload)
    text = capsys.readouterr().err
    lines = text.splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["event.constant", "event.failed"]
    assert [json.loads(line)["text"] for line in lines] == [payload, payload]
    assert not DRIVES.search(text.replace("\n", ""))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_threat_27_a_text_does_not_drive_a_terminal(capsys: pytest.CaptureFixture[str], payload: str) -> None:
    render.json_line({"title": payload})
    table = render.Rows("name", "title")
    table.print([["organisations/a", payload], ["organisations/b", "plain"]])
    printed = capsys.readouterr().out
    first, *rest = printed.split("\n")
    assert json.loads(first) == {"title": payload}
    names = [line.split()[0] for line in rest[1:] if line and not line.startswith(" ")]
    assert names == ["organisations/a", "organisations/b"]
    render.note(payload)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", printed + capsys.readouterr().err)


def test_threat_27_a_text_is_no_header_of_a_webhook(tmp_path: Path, endpoint: Receiver) -> None:
    services = [service(number, HERE, title=payload) for number, payload in enumerate(PAYLOADS)]
    with hook(tmp_path, endpoint.url, endpoint.port, private_ranges=["127.0.0.1/32"]) as adapter:
        bring(adapter, services)
        holds(adapter, services)
    told = {
        each["data"]["title"] if "title" in each["data"] else json.dumps(each["data"]) for each in endpoint.events()
    }
    assert len(told) == len(PAYLOADS)
    for headers, _ in endpoint.calls:
        assert {name.lower() for name in headers} <= SENT
        assert not any(DRIVES.search(value) for value in headers.values())
    assert endpoint.forged == 0


SENT = {
    *("host", "accept", "accept-encoding", "connection", "user-agent", "content-type", "content-length"),
    *("webhook-id", "webhook-timestamp", "webhook-signature"),
}
PATHS = [
    "/ops/subscriptions/a%0d%0aSet-Cookie:%20a=b/x",
    "/ops/subscriptions/a/x%0d%0a%0d%0a%3Cscript%3E",
    "/feeds/organisations/a%0d%0aX-Forged:%201.atom",
    "/feeds/all.atom?before=a%0d%0aX-Forged:%201",
    "/%0d%0aX-Forged:%201",
]


async def test_threat_27_an_address_is_no_header_of_the_answer(tmp_path: Path) -> None:
    async with (
        operated(tmp_path) as (registry, _api),
        httpx.AsyncClient(base_url=f"http://{registry.web_address}", timeout=60, trust_env=False) as web,
    ):
        for path in PATHS:
            answer = await web.get(path)
            assert answer.status_code in {400, 404}
            assert not {"set-cookie", "x-forged", "location"} & set(answer.headers)


async def test_threat_27_an_entry_of_a_feed_and_a_cell_of_a_page_stay_one(tmp_path: Path) -> None:
    """What XML has no way to say is refused when it is written, or replaced; a line break makes no new entry."""
    async with (
        operated(tmp_path) as (registry, api),
        httpx.AsyncClient(base_url=f"http://{registry.web_address}", timeout=60, trust_env=False) as web,
    ):
        await rollout(api)
        for number, payload in enumerate(PAYLOADS):
            await api.publish("permits", f"1.{number + 1}.0", notes={"sv": payload})
            failure = {"attempts": number, "last_error": {"reason": "REFUSED", "message": payload}}
            await report(api, LATE_ONE, number + 10, phase=APPLIED, **failure)
        feed = ET.fromstring((await web.get("/feeds/all.atom")).content)  # noqa: S314 - of our own server
        items = (await web.get("/feeds/all.json")).json()["items"]
        assert len(feed.findall("{http://www.w3.org/2005/Atom}entry")) == len(items)
        assert len([each for each in items if each["tags"] == ["release.published"]]) == len(PAYLOADS) + 1
        page = (await web.get(f"/ops/subscriptions/{LATE_ONE.split('/')[1]}/{LATE_ONE.split('/')[3]}")).text
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page)
        assert page.count('<strong class="bad">REFUSED</strong>') == len(PAYLOADS) + 1


def test_threat_27_what_drives_a_terminal_is_no_title() -> None:
    from registry.api.v1.localized_text_pb2 import LocalizedText  # noqa: PLC0415
    from registry.domain import text  # noqa: PLC0415
    from registry.domain.violations import Violations  # noqa: PLC0415

    found = Violations()
    text.title(LocalizedText(sv="x\x1b[2J"), "title", found)
    with pytest.raises(Invalid, match="control characters"):
        found.refuse()


def test_threat_27_there_is_no_mail_and_no_table_for_spreadsheets() -> None:
    """Whoever adds one has to encode for it, and to test that here."""
    sinks = re.compile(
        r"^\s*(import|from) (smtplib|email|aiosmtplib|openpyxl|xlsxwriter)\b|csv\.(writer|DictWriter)", re.MULTILINE
    )
    root = Path(logs.__file__).parents[2]
    files = [*root.glob("registry/**/*.py"), *root.glob("subscribers/**/*.py")]
    assert len(files) > 300
    assert [file.name for file in files if sinks.search(file.read_text(encoding="utf-8"))] == []
