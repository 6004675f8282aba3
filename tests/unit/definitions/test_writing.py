"""What is written is read back the same, whatever the texts; and how many resources become requests."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry import definitions
from registry.api.v1.resource_pb2 import Resource
from registry.definitions.writer import write

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40).filter(lambda text: text.strip())
SAMPLES = [
    "no",
    "null",
    "~",
    "01",
    "1e3",
    "- a",
    "a: b",
    "#x",
    "a\n\n b\n",
    " x ",
    "'",
    '"',
    "\u2028",
    "\x85",
    "𝄞",
    "=",
    "<<",
    "&a",
    "*a",
]


def offering(sv: str, en: str, key: str) -> Resource:
    """An offering with texts wherever there can be some."""
    resource = Resource()
    message = resource.offering
    message.name, message.provider = "offerings/a", "organisations/a"
    message.title.sv, message.title.en = f"T{sv}", en
    message.description.sv = sv
    message.terms.approval, message.terms.notice_days, message.terms.version = 1, 90, sv  # type: ignore[assignment]
    message.capabilities.extend(["capabilities/a", "capabilities/b"])
    message.labels["a"] = "01"
    message.annotations[key] = en
    return resource


def read_back(folder: Path, text: str) -> list[Resource]:
    """The resources that a text holds. Fails when it holds problems."""
    (folder / "a.yaml").write_text(text, encoding="utf-8")
    found = definitions.read([str(folder / "a.yaml")])
    assert [str(each) for each in found.problems] == []
    return [each.resource for each in found.items]


@pytest.mark.parametrize("sample", SAMPLES)
def test_awkward_texts_come_back(tmp_path: Path, sample: str) -> None:
    resource = offering(sample, sample, sample)
    resource.offering.title.sv = resource.offering.title.en = f"T {sample.strip()}"
    resource.offering.title.ClearField("en")
    assert read_back(tmp_path, write([resource])) == [resource]


@given(sv=TEXTS, en=TEXTS, key=TEXTS)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_comes_back(tmp_path: Path, sv: str, en: str, key: str) -> None:
    resource = offering(sv, en, key)
    documents = list(yaml.safe_load_all(write([resource])))
    assert documents[0]["spec"]["description"]["sv"] == sv
    found: list[Any] = []
    (tmp_path / "a.yaml").write_text(write([resource]), encoding="utf-8", newline="")
    read = definitions.read([str(tmp_path / "a.yaml")])
    found.extend(each.resource for each in read.items)
    assert found == [resource]


def test_the_form_is_the_one_that_people_write(tmp_path: Path) -> None:
    text = write([offering("A", "B", "c")])
    assert text.startswith(
        "---\napiVersion: gemensam/v1\nkind: Offering\nmetadata:\n  name: offerings/a\n  labels:\n    a: '01'\n"
    )
    assert "    approval: automatic\n    notice_days: 90\n" in text
    assert "  capabilities:\n    - capabilities/a\n    - capabilities/b\n" in text
    assert len(read_back(tmp_path, text + write([release("1.0.0")]))) == 2


def test_a_campaign_comes_back_with_its_deadline(tmp_path: Path) -> None:
    resource = offering("A", "B", "c")
    campaign = resource.offering.campaigns.add(
        id="safe", release="offerings/a/releases/1.0.0", party_class="kind = REGION"
    )
    campaign.title.sv = "Säkrare"
    campaign.deadline.FromJsonString("2026-12-31T22:59:59.5Z")
    campaign.excuses.add(organisation="organisations/b", reason="Byter system")
    text = write([resource])
    assert "deadline: '2026-12-31T22:59:59.500Z'\n" in text
    assert read_back(tmp_path, text) == [resource]
    (again,) = read_back(tmp_path, text.replace("'2026-12-31T22:59:59.500Z'", "2026-12-31T23:59:59.5+01:00"))
    assert again == resource


def test_contracts_may_be_named_by_file() -> None:
    resource = release("1.0.0")
    assert "sha256" in write([resource])
    text = write([resource], lambda spec: f"specs/{spec.sha256[:4]}")
    assert "spec:\n        file: specs/aaaa\n        media_type: application/json\n" in text


def release(version: str, digest: str = "a" * 64) -> Resource:
    """A release with a contract."""
    resource = Resource()
    message = resource.release
    message.name, message.version = f"offerings/a/releases/{version}", version
    message.interfaces.add(id="api", kind=2, spec={"sha256": digest, "media_type": "application/json", "size": 2})  # type: ignore[arg-type]
    return resource
