"""The offerings that the questions are asked of: those of the examples, those written for this, and the real bodies."""

from pathlib import Path
from typing import Any

import yaml
from google.protobuf.message import Message

from registry.api.v1.capability_pb2 import Capability
from registry.api.v1.offering_pb2 import Offering
from registry.definitions import read
from registry.publicsector import load
from tests.checks.problem import ROOT

HERE = Path(__file__).parent
NOUNS = ("capability", "offering")


def _read(name: str) -> Any:
    return yaml.safe_load((HERE / name).read_text(encoding="utf-8"))


def pairs() -> list[tuple[str, str, str]]:
    """Group, query, and the last segment of the offering that must be found."""
    groups = _read("pairs.yaml").items()
    return [(group, query, expected) for group, asked in groups for query, expected in asked.items()]


def messages() -> list[Message]:
    """Everything, references first."""
    examples = read([str(ROOT / "examples" / "definitions")]).items
    shown = [getattr(each.resource, each.noun) for each in examples if each.noun in NOUNS]
    written = _read("offerings.yaml")
    capabilities = [
        Capability(name=f"capabilities/{key}", title=title) for key, title in written["capabilities"].items()
    ]
    bodies = [entry.organisation for entry in load().entries]
    return [*bodies, *capabilities, *shown, *map(_offering, written["offerings"])]


def _offering(row: dict[str, Any]) -> Offering:
    return Offering(
        name=f"offerings/{row['id']}",
        provider=f"organisations/{row['by']}",
        title={"sv": row["sv"], "en": row["en"]},  # type: ignore[arg-type]
        description={"sv": row["text"]},  # type: ignore[arg-type]
        capabilities=[f"capabilities/{key}" for key in row["of"]],
        legal_basis=row.get("basis", ""),
        state=1,  # type: ignore[arg-type]
    )
