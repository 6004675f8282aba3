"""How a registry is reached: never in the open over a network, and nothing secret in what is said of it."""

from pathlib import Path

import pytest

from registry.reach import Credentials, Reach, Unready, is_loopback

CANARY = "gmsm_canary_0123456789"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1:7400", True),
        ("127.8.9.1:7400", True),
        ("[::1]:7400", True),
        ("localhost:7400", True),
        ("LOCALHOST:7400", True),
        ("dns:///127.0.0.1:7400", True),
        ("unix:/run/gemensam.sock", True),
        ("registry.example.se:7400", False),
        ("localhost.example.se:7400", False),
        ("127.0.0.1.example.se:7400", False),
        ("10.0.0.1:7400", False),
        ("0.0.0.0:7400", False),
        ("[::]:7400", False),
        ("[::ffff:10.0.0.1]:7400", False),
        ("dns://8.8.8.8/localhost:7400", False),
        ("ipv4:10.0.0.1:7400", False),
        ("127.1:7400", False),
        ("", False),
    ],
)
def test_what_stays_on_this_machine(address: str, expected: bool) -> None:
    assert is_loopback(address) == expected
    if expected:
        assert Reach(address).authorization() == ()
    else:
        with pytest.raises(Unready, match="GEMENSAM_CA"):
            Reach(address, api_key=CANARY)


def test_what_does_not_go_together_is_said(tmp_path: Path) -> None:
    file = tmp_path / "file"
    for words in (
        {"certificate": file},
        {"key": file},
        {"certificate": file, "key": file},
        {"token_file": file, "api_key": CANARY},
    ):
        with pytest.raises(Unready, match="GEMENSAM_") as caught:
            Reach("127.0.0.1:7400", **words)  # type: ignore[arg-type]
        assert CANARY not in str(caught.value)


def test_the_token_is_read_again_for_each_call(tmp_path: Path) -> None:
    file = tmp_path / "token"
    reach = Reach("127.0.0.1:7400", token_file=file)
    with pytest.raises(Unready, match="cannot be read"):
        reach.authorization()
    for text in ("one\n", "two", "  three  \n"):
        file.write_text(text)
        assert reach.authorization() == (("authorization", f"Bearer {text.strip()}"),)
    for wrong in ("", "\n", f"{CANARY} {CANARY}", f"{CANARY}\r\nx: y", f"{CANARY}å"):
        file.write_text(wrong)
        with pytest.raises(Unready) as caught:
            reach.authorization()
        assert CANARY not in str(caught.value)


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMENSAM_API_KEY", CANARY)
    monkeypatch.setenv("GEMENSAM_CA", "")
    found = Credentials()
    reach = found.reach("127.0.0.1:7400")
    assert reach.authorization() == (("authorization", f"Bearer {CANARY}"),)
    assert CANARY not in f"{found!r} {found} {reach!r} {reach}"
