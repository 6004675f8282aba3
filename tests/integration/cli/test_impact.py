"""`gemensam impact` against a real registry: what is printed, what JSON holds, how it ends."""

import json
import time
from pathlib import Path

from tests.integration.cli import definitions
from tests.integration.cli.program import Server

SUBSCRIBED = """---
apiVersion: gemensam/v1
kind: Interest
metadata: {name: organisations/a/interests/join}
spec: {filter: 'name = "offerings/permits"', mode: join, system: organisations/a/systems/gw}
"""


def contract(*properties: str) -> str:
    """An API that answers with these."""
    schema = {"type": "object", "properties": {each: {"type": "string"} for each in properties}}
    answer = {"description": "A permit", "content": {"application/json": {"schema": schema}}}
    paths = {"/permits": {"get": {"responses": {"200": answer}}}}
    return json.dumps({"openapi": "3.1.0", "info": {"title": "Permits", "version": "1"}, "paths": paths})


def following(root: Path, version: str, *properties: str) -> Path:
    """The definition of another release."""
    root.mkdir()
    (root / "next.json").write_text(contract(*properties))
    text = definitions.RELEASE.replace("1.0.0", version).replace("specs/api.json", "next.json")
    (root / "next.yaml").write_text(text)
    return root


def applied(registry: Server, root: Path) -> None:
    """Release 1.0.0 is there, and its own provider has joined."""
    files = definitions.folder(root)
    (files / "specs" / "api.json").write_text(contract("id", "day"))
    (files / "d-join.yaml").write_text(SUBSCRIBED)
    assert registry("apply", files).code == 0
    end = time.monotonic() + 60
    while "approved" not in registry("list", "subscriptions").out:
        assert time.monotonic() < end, "nobody has joined"


def test_what_breaks_is_told_with_whom_it_hits(registry: Server, tmp_path: Path) -> None:
    applied(registry, tmp_path / "defs")
    told = registry("impact", following(tmp_path / "less", "1.1.0", "id"))
    assert (told.code, told.err) == (3, "")
    assert "offerings/permits/releases/1.1.0: hits 1 subscriptions of 1 organisations" in told.out
    assert "response-property-removed" in told.out
    assert "The contracts demand MAJOR, the version takes MINOR." in told.out
    assert "It would be refused" in told.out
    assert "organisations/a" in told.out
    (line,) = registry("impact", tmp_path / "less", "--json").lines()
    assert (line["name"], line["refused"], line["organisations"]) == ("offerings/permits/releases/1.1.0", True, 1)
    assert [each["interfaces"] for each in line["subscriptions"]] == [["api"]]
    dry, real = registry("diff", tmp_path / "less"), registry("apply", tmp_path / "less")
    assert (dry.code, real.code) == (3, 1)
    assert "VERSION_TOO_SMALL" in real.out


def test_what_hits_nobody_ends_with_0_and_terms_with_2(registry: Server, tmp_path: Path) -> None:
    applied(registry, tmp_path / "defs")
    more = registry("impact", following(tmp_path / "more", "1.1.0", "id", "day", "area"))
    assert (more.code, "hits nobody" in more.out, "refused" in more.out) == (0, True, False)
    same = registry("impact", tmp_path / "defs")
    assert (same.code, same.out) == (0, "Nothing changes that others use.\n")
    terms = tmp_path / "terms"
    terms.mkdir()
    (terms / "offering.yaml").write_text(definitions.OFFERING.replace("notice_days: 90", "notice_days: 30"))
    shorter = registry("impact", terms)
    assert (shorter.code, "hits 1 subscriptions" in shorter.out, "90 days" in shorter.out) == (2, True, True)


def test_lint_is_kept_with_the_release_and_shown(registry: Server, tmp_path: Path) -> None:
    applied(registry, tmp_path / "defs")
    shown = registry("get", "offerings/permits/releases/1.0.0", "--json").lines()[0]
    rules = {each["rule"] for each in shown["lint"]}
    assert {"DOK.03", "GEM.10"} & rules
    assert "DOK.03" in registry("get", "offerings/permits/releases/1.0.0").out


def test_errors_end_with_1(registry: Server, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(definitions.RELEASE.replace("kind: rest", "kind: tele"))
    assert registry("impact", tmp_path / "bad.yaml").code == 1
    assert registry("impact", tmp_path / "bad.yaml", "--address", "127.0.0.1:1").code == 1
