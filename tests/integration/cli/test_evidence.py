"""What auditors do: save checkpoints, compare those of two bodies, prove entries, and find what was rewritten."""

import sqlite3
from pathlib import Path

import pytest

from registry.evidence import keyfile, notes
from registry.evidence.checkpoints import Checkpoint, read
from tests.integration.cli import definitions
from tests.integration.cli.conftest import Start
from tests.integration.cli.program import Server, gemensam


@pytest.fixture
def kept(filled: Server, tmp_path: Path) -> Path:
    """A folder with a copy of its store, for tests that damage it."""
    (tmp_path / "kept").mkdir()
    assert filled("backup", tmp_path / "kept" / "gemensam.db").code == 0
    return tmp_path / "kept"


@pytest.fixture
def saved(filled: Server, tmp_path: Path) -> Path:
    """A checkpoint that an auditor saved."""
    file = tmp_path / "saved.note"
    done = filled("ledger", "checkpoint", "--out", file)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"{file} holds the checkpoint of gemensam-registry/")
    return file


@pytest.fixture
def key(filled: Server) -> str:
    """The registry's public key, from its operators."""
    return filled("ledger", "key").out.strip()


def forged(saved: Path, filled: Server, size: int = 0) -> str:
    """What a registry that shows another history would sign, with its own key."""
    found, _ = read(saved.read_text())
    signer = keyfile.read(filled.data / keyfile.NAME)
    return Checkpoint(found.origin, size or found.size, bytes(32), found.generation).signed(signer)


def test_the_key_of_the_folder_signs(filled: Server, saved: Path, key: str) -> None:
    assert filled("ledger", "key", "--json").lines() == [{"key": key, "name": key.partition("+")[0]}]
    notes.read(saved.read_text()).check(notes.read_verifier(key))
    printed = filled("ledger", "checkpoint", "--key", key)
    assert (printed.code, printed.out) == (0, saved.read_text())
    fields = filled("ledger", "checkpoint", "--json").lines()[0]
    assert (fields["size"], fields["key"], fields["checkpoint"]) == (6, key, saved.read_text())
    (saved.parent / "registry.pub").write_text(f"{key}\n")
    assert filled("ledger", "checkpoint", "--key", saved.parent / "registry.pub").code == 0


def test_another_key_is_refused(filled: Server, saved: Path) -> None:
    other = str(notes.make("other.example").verifier)
    for command in (["checkpoint"], ["compare", saved, saved], ["verify", "--checkpoint", saved], ["prove", "1"]):
        done = filled("ledger", *command, "--key", other)
        assert (done.code, "EVIDENCE_INVALID" in done.err) == (1, True)
    assert filled("ledger", "checkpoint", "--key", "none").code == 1


def test_a_saved_checkpoint_is_verified_against_the_store(filled: Server, saved: Path, key: str) -> None:
    done = filled("ledger", "verify", "--checkpoint", saved)
    assert done.out.splitlines()[-1] == "It is the ledger that was signed at size 6."
    lines = filled("ledger", "verify", "--checkpoint", saved, "--key", key, "--json").lines()
    assert lines == [{"checked": 6, "floor": 1, "head": 6, "checkpoints": [6]}]


def test_an_altered_checkpoint_is_refused(filled: Server, saved: Path) -> None:
    saved.write_text(saved.read_text().replace("\n6\n", "\n5\n"))
    done = filled("ledger", "verify", "--checkpoint", saved)
    assert (done.code, "was altered, or forged" in done.err) == (1, True)
    saved.write_bytes(b"\xff")
    assert "no text" in filled("ledger", "compare", saved, saved).err


def test_what_was_rewritten_with_its_chain_is_named(kept: Path, filled: Server, saved: Path, key: str) -> None:
    with sqlite3.connect(kept / "gemensam.db") as database:
        database.execute("UPDATE changes SET actor = 'x' WHERE revision = 4")
    broken = gemensam("ledger", "verify", "--checkpoint", saved, "--key", key, "--data", kept)
    assert (broken.code, "STORE_DAMAGED" in broken.err) == (1, True)
    with sqlite3.connect(kept / "gemensam.db") as database:
        database.execute("DELETE FROM changes WHERE revision > 5")
        database.execute("UPDATE changes SET actor = 'anonymous@loopback' WHERE revision = 4")
        database.execute("UPDATE head SET revision = 5, hash = (SELECT hash FROM changes WHERE revision = 5)")
    assert filled("ledger", "verify").code == 0
    done = gemensam("ledger", "verify", "--checkpoint", saved, "--key", key, "--data", kept, "--json")
    assert (done.code, done.out) == (1, "")
    error = done.error()
    assert (error["reason"], error["metadata"]["first_revision"], error["metadata"]["size"]) == (
        "HISTORY_REWRITTEN",
        "6",
        "6",
    )
    without = gemensam("ledger", "verify", "--checkpoint", saved, "--data", kept)
    assert (without.code, "signing.key" in without.err) == (1, True)


def test_two_roots_for_one_size_are_two_histories(filled: Server, saved: Path, key: str) -> None:
    assert filled("ledger", "compare", saved, saved, "--key", key).code == 0
    other = saved.with_name("other.note")
    other.write_text(forged(saved, filled))
    done = filled("ledger", "compare", saved, other)
    assert (done.code, done.err) == (3, "")
    assert done.out.startswith("TWO HISTORIES: ")
    assert "the two files together are the proof" in done.out
    offline = gemensam("ledger", "compare", saved, other, "--key", key, "--json", "--address", "127.0.0.1:1")
    assert (offline.code, offline.lines()[0]["verdict"]) == (3, "two_histories")


def test_two_sizes_are_compared_by_what_the_registry_proves(
    start: Start, filled: Server, saved: Path, key: str, tmp_path: Path
) -> None:
    (tmp_path / "own.key").write_text((filled.data / keyfile.NAME).read_text())
    server = start(GEMENSAM_SIGNING_KEY=str(tmp_path / "own.key"))  # a registry that shows others another history
    older, newer, false = (tmp_path / name for name in ("older.note", "newer.note", "false.note"))
    assert server("ledger", "checkpoint", "--out", older, "--key", key).code == 0
    assert server("apply", definitions.folder(tmp_path / "defs")).code == 0
    done = server("ledger", "checkpoint", "--out", newer, "--since", older)
    assert (done.code, "Nothing of the first 0 entries" in done.out) == (0, True)
    same = server("ledger", "compare", newer, older)
    assert (same.code, same.out.startswith("One history")) == (0, True)
    done = server("ledger", "compare", newer, saved)
    assert (done.code, "TWO HISTORIES" in done.out, "restored from a backup" in done.out) == (3, True, True)
    done = server("ledger", "prove", "2", "--checkpoint", saved)
    assert (done.code, "is not in the ledger that it signed" in done.err) == (1, True)
    for size in (3, 99):
        false.write_text(forged(newer, filled, size))
        for command in (["compare", newer, false], ["checkpoint", "--since", false]):
            done = server("ledger", *command)
            assert (done.code, "cannot prove that one goes on from the other" in done.out) == (3, True)
    assert server("ledger", "checkpoint", "--since", older).code == 0


def test_an_entry_is_proven(filled: Server, saved: Path, key: str) -> None:
    done = filled("ledger", "prove", "3", "--checkpoint", saved, "--key", key)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Proven: revision 3 (")
    proof = filled("ledger", "prove", "6", "--json").lines()[0]
    assert (proof["revision"], proof["checkpoint"]["size"], len(proof["hashes"])) == (6, 6, 2)
    future = filled("ledger", "prove", "7")
    assert (future.code, "REVISION_IN_FUTURE" in future.err) == (1, True)


def test_a_signing_key_that_is_named_must_be_there(tmp_path: Path) -> None:
    done = gemensam("serve", "--data", tmp_path / "data", GEMENSAM_SIGNING_KEY=str(tmp_path / "none.key"))
    assert (done.code, "There is no signing key" in done.err) == (1, True)
    named = gemensam("ledger", "key", "--database-url", f"sqlite:///{tmp_path}/some.db")
    assert (named.code, "SIGNING_KEY_MISSING" in named.err) == (1, True)
