"""Keys in files: made once, read by their owner alone, never overwritten."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from registry.errors import AlreadyExists, Invalid, NotFound
from registry.evidence import keyfile, notes


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "data" / keyfile.NAME
    first = keyfile.made(file)
    assert keyfile.made(file).secret() == first.secret()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in file.parent.iterdir()] == [keyfile.NAME]


def test_of_many_that_make_one_all_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(keyfile.made, [tmp_path / keyfile.NAME] * 32))
    assert len({each.secret() for each in made}) == 1


def test_a_key_is_not_overwritten(tmp_path: Path) -> None:
    keyfile.write(tmp_path / "a.key", notes.make("a"))
    before = (tmp_path / "a.key").read_text()
    with pytest.raises(AlreadyExists):
        keyfile.write(tmp_path / "a.key", notes.make("b"))
    assert (tmp_path / "a.key").read_text() == before


def test_what_is_no_key_is_told_and_not_shown(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        keyfile.read(tmp_path / "none")
    for content in (b"secret words", b"\xff\xfe"):
        (tmp_path / "bad").write_bytes(content)
        with pytest.raises(Invalid) as refused:
            keyfile.read(tmp_path / "bad")
        assert refused.value.reason == "EVIDENCE_INVALID"
        assert "secret" not in refused.value.message
