"""What publishers do: make a key, sign files, apply them; what the registry keeps is what they signed."""

import stat
from pathlib import Path

import pytest
import yaml

from registry.api.v1.offering_service_pb2 import GetReleaseRequest
from registry.cli.connection import connected
from registry.evidence import notes, releases
from tests.integration.cli import definitions
from tests.integration.cli.conftest import Start
from tests.integration.cli.program import gemensam

RELEASE = "offerings/permits/releases/1.0.0"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A publisher's key."""
    file = tmp_path / "permits.key"
    done = gemensam("keygen", file, "--name", "permits.example")
    assert (done.code, done.err) == (0, "")
    (tmp_path / "permits.pub").write_text(done.out)
    return file


def test_a_key_is_made_for_its_owner_alone_and_never_overwritten(key: Path) -> None:
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    verifier = notes.read_verifier(key.with_suffix(".pub").read_text())
    assert verifier.name == "permits.example"
    again = gemensam("keygen", key, "--name", "permits.example")
    assert (again.code, "RESOURCE_ALREADY_EXISTS" in again.err) == (1, True)
    assert gemensam("keygen", key.with_name("b.key"), "--name", "a b").code == 2
    made = gemensam("keygen", key.with_name("c.key"), "--name", "c.example", "--json").lines()[0]
    assert made["key"].startswith(made["key_id"])


def test_what_is_signed_is_kept_and_can_be_checked_by_others(start: Start, key: Path, tmp_path: Path) -> None:
    server, folder = start(), definitions.folder(tmp_path / "defs")
    verifier = notes.read_verifier(key.with_suffix(".pub").read_text())
    assert server("apply", folder, "--sign", key).code == 0
    with connected(server.grpc) as registry:
        kept = registry.call(registry.offerings.GetRelease, GetReleaseRequest(name=RELEASE)).release
    assert releases.signers(kept, [verifier]) == ([verifier.id], [])
    assert kept.interfaces[0].spec.sha256
    again = server("apply", folder, "--sign", key)
    assert (again.code, "0 updated" in again.out or "updated" not in again.out) == (0, True)
    overlay = tmp_path / "signatures.yaml"
    overlay.write_text(server("sign", folder, "--key", key).out)
    unchanged = server("diff", folder, "--overlay", overlay)
    assert (unchanged.code, unchanged.err) == (0, "")
    other = tmp_path / "other.key"
    assert gemensam("keygen", other, "--name", "other.example").code == 0
    both = yaml.safe_load(gemensam("sign", folder, "--key", other, "--overlay", overlay).out)
    assert [each["key_id"].partition("+")[0] for each in both["spec"]["signatures"]] == [
        "permits.example",
        "other.example",
    ]


def test_an_envelope_is_printed_for_other_programs(key: Path, tmp_path: Path) -> None:
    [envelope] = gemensam("sign", definitions.folder(tmp_path / "defs"), "--key", key, "--json").lines()
    assert envelope["payloadType"] == releases.PAYLOAD_TYPE
    assert envelope["signatures"][0]["keyid"].startswith("permits.example+")
    (tmp_path / "none.yaml").write_text(definitions.CAPABILITY)
    nothing = gemensam("sign", tmp_path / "none.yaml", "--key", key)
    assert (nothing.code, "no releases" in nothing.err) == (1, True)
    assert gemensam("sign", tmp_path / "none.yaml", "--key", tmp_path / "none.key").code == 1
