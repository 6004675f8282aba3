"""Where definitions come from: files that cannot be read, and contracts that may not be taken."""

import hashlib
import os
from pathlib import Path

import pytest

from registry import definitions
from registry.definitions.sources import MAX_BYTES
from registry.domain.limits import SPEC_BYTES

RELEASE = """apiVersion: gemensam/v1
kind: Release
metadata: {{name: offerings/a/releases/1.0.0}}
spec:
  version: 1.0.0
  interfaces:
    - id: api
      kind: rest
      spec: {spec}
"""


def release(folder: Path, spec: str, root: Path | None = None) -> definitions.Definitions:
    """What a release with this contract gives."""
    folder.mkdir(exist_ok=True)
    (folder / "r.yaml").write_text(RELEASE.format(spec=spec), encoding="utf-8")
    return definitions.read([str(root or folder / "r.yaml")])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a: \xff\n", ":1: The text is not UTF-8"),
        (b"# " + b"x" * (MAX_BYTES - 1), "more than 4194304 bytes"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "a.yaml").write_bytes(content)
    [problem] = definitions.read([str(tmp_path / "a.yaml")]).problems
    assert words in str(problem)


def test_a_file_of_exactly_the_limit_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"# " + b"x" * (MAX_BYTES - 2))
    assert definitions.read([str(tmp_path / "a.yaml")]).problems == []


def test_paths_that_are_not_there(tmp_path: Path) -> None:
    found = definitions.read([str(tmp_path / "none.yaml"), str(tmp_path)])
    assert [each.message for each in found.problems] == [
        "There is no *.yaml or *.yml file in this folder.",
        "The file cannot be read: No such file or directory.",
    ]


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    release(tmp_path, "~")
    assert len(definitions.read([str(tmp_path), str(tmp_path / "r.yaml")]).items) == 1


def test_a_contract_goes_along_by_its_hash(tmp_path: Path) -> None:
    (tmp_path / "api.json").write_bytes(b"{}")
    found = release(tmp_path, "{file: api.json, media_type: application/json}")
    digest = hashlib.sha256(b"{}").hexdigest()
    spec = found.items[0].resource.release.interfaces[0].spec
    assert found.problems == []
    assert (spec.sha256, spec.media_type, spec.size) == (digest, "application/json", 2)
    assert found.contracts[digest].content == b"{}"


def test_a_contract_beside_the_definition_is_taken_when_the_folder_of_both_is_applied(tmp_path: Path) -> None:
    (tmp_path / "api.json").write_bytes(b"{}")
    spec = "{file: ../api.json, media_type: application/json}"
    assert "outside" in release(tmp_path / "releases", spec).problems[0].message
    assert release(tmp_path / "releases", spec, tmp_path).problems == []


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("{file: none.json, media_type: application/json}", "there is no such file"),
        ("{file: /etc/hostname, media_type: text/plain}", "outside"),
        ("{file: link.json, media_type: application/json}", "outside"),
        ("{file: pipe, media_type: application/json}", "there is no such file"),
        ("{file: r.yaml, media_type: json}", "needs a media_type"),
        ("{file: r.yaml}", "needs a media_type"),
        ("{file: [], media_type: a/b}", "must be a text"),
        ("{file: r.yaml, media_type: a/b, sha256: x}", "no field 'sha256' in interfaces[0].spec with a file"),
        ("{sha256: abc}", "spec.sha256: must be 64 lower-case hexadecimal digits"),
        ("{flie: a}", "Did you mean file?"),
    ],
)
def test_a_contract_that_may_not_be_taken(tmp_path: Path, spec: str, words: str) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    (tmp_path / "secret.json").write_text("{}")
    (inside / "link.json").symlink_to(tmp_path / "secret.json")
    os.mkfifo(inside / "pipe")
    found = release(inside, spec)
    assert words in "\n".join(str(each) for each in found.problems)
    assert {each.place.line for each in found.problems} == {9}


@pytest.mark.parametrize(("size", "problems"), [(SPEC_BYTES, 0), (SPEC_BYTES + 1, 1)])
def test_the_size_of_a_contract(tmp_path: Path, size: int, problems: int) -> None:
    (tmp_path / "api.json").write_bytes(b"x" * size)
    assert len(release(tmp_path, "{file: api.json, media_type: application/json}").problems) == problems
