"""Signed notes and keys: the public examples of the format, and everything that is not quite one."""

import pytest

from registry.evidence import checkpoints, notes
from registry.evidence.checkpoints import Checkpoint
from registry.evidence.notes import Unproven

# The example of Go's package golang.org/x/mod/sumdb/note, which the format comes from.
KEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
NOTE = f"{TEXT}\n— PeterNeumann {SIGNATURE}\n"
# The example of c2sp.org/signed-note.
SPEC_VERIFIER = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = (
    "This is an example message.\n\n— example.com/foo"
    " Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)


def test_the_example_of_the_reference_is_made_byte_for_byte() -> None:
    signer = notes.read_signer(KEY)
    assert notes.signed(TEXT, signer) == NOTE
    assert str(signer.verifier) == VERIFIER
    assert signer.secret() == KEY


@pytest.mark.parametrize(("note", "verifier"), [(NOTE, VERIFIER), (SPEC_NOTE, SPEC_VERIFIER)])
def test_public_examples_are_right(note: str, verifier: str) -> None:
    key = notes.read_verifier(verifier)
    notes.read(note).check(key)
    assert str(key) == verifier


def test_a_note_of_several_signers_is_checked_by_each() -> None:
    signer = notes.make("witness.example")
    both = NOTE + notes.signed(TEXT, signer).partition("\n\n")[2]
    for verifier in (signer.verifier, notes.read_verifier(VERIFIER)):
        notes.read(both).check(verifier)


def test_every_altered_byte_of_a_note_is_noticed() -> None:
    verifier = notes.read_verifier(VERIFIER)
    data = NOTE.encode()
    for at in range(len(data)):
        for bit in range(8):
            hurt = bytearray(data)
            hurt[at] ^= 1 << bit
            try:
                read = notes.read(hurt.decode())
                read.check(verifier)
            except (Unproven, UnicodeDecodeError):
                continue
            # The last characters of base64 have bits that mean nothing.
            assert (read.text, read.signatures) == (TEXT, notes.read(NOTE).signatures)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        VERIFIER.replace("c7", "c8"),
        VERIFIER.replace("Peter", "Pete"),
        VERIFIER.replace("+AR", "+ZR"),
        f"a b{VERIFIER}",
        VERIFIER[:-4],
        KEY,
    ],
)
def test_a_damaged_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(Unproven):
        notes.read_verifier(text)


@pytest.mark.parametrize("text", ["", VERIFIER, KEY.replace("c74", "c75"), KEY[:-4], KEY.replace("AYE", "AYF")])
def test_a_damaged_signing_key_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(Unproven) as refused:
        notes.read_signer(text)
    assert KEY[-20:-4] not in str(refused.value)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "x" * 201])
def test_a_name_that_would_not_be_read_back_makes_no_key(name: str) -> None:
    with pytest.raises(Unproven):
        notes.make(name)


@pytest.mark.parametrize(
    "note",
    ["", TEXT, f"{TEXT}\n", NOTE[:-1], NOTE.replace("— ", "- "), f"{NOTE}\n", f"{TEXT}\n— a Zm9v\n", NOTE + "\x07"],
)
def test_what_is_no_note_is_refused(note: str) -> None:
    with pytest.raises(Unproven):
        notes.read(note)


def test_a_checkpoint_is_three_lines_and_the_generation() -> None:
    signer = notes.make("registry.example")
    made = Checkpoint("registry.example", 7, bytes(32), "4c1f")
    note = made.signed(signer)
    assert note.startswith(f"registry.example\n7\n{'A' * 43}=\ngeneration 4c1f\n\n— registry.example ")
    assert checkpoints.checked(note, signer.verifier) == made


def test_a_checkpoint_of_another_key_or_another_registry_is_refused() -> None:
    signer, other = notes.make("registry.example"), notes.make("registry.example")
    made = Checkpoint("registry.example", 7, bytes(32), "4c1f")
    with pytest.raises(Unproven, match="signed by"):
        checkpoints.checked(made.signed(other), signer.verifier)
    forged = Checkpoint("another.example", 7, bytes(32), "4c1f").signed(signer)
    with pytest.raises(Unproven, match=r"another\.example"):
        checkpoints.checked(forged, signer.verifier)


@pytest.mark.parametrize("text", ["a\n", "a\n1\n", "a\n-1\nAAAA\n", "a\n01\nAAAA\n", "a\n1\nAAAA\n", "a\n1\n!\n"])
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(Unproven, match="no checkpoint"):
        checkpoints.read(notes.signed(text, notes.make("a")))
