"""Threat 8: tokens and certificates that are large, or nested, cost next to nothing."""

import base64
from pathlib import Path
from typing import Any

import pytest

from registry.identity import issuers, reading
from tests.components.issuing import Authority
from tests.components.minting import claims, key_server, mint, new_key, unsigned
from tests.components.trusting import World, certificates, refusal, token_refusal, tokens

KEY = new_key()


async def test_threat_08_a_token_over_the_limit_is_refused_before_anything_of_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    real = reading.jws.extract_compact

    def counted(value: bytes, *rest: Any, **named: Any) -> Any:
        read.append(len(value))
        return real(value, *rest, **named)

    monkeypatch.setattr(reading.jws, "extract_compact", counted)
    with key_server(KEY) as keys:
        trust = World(tmp_path).trust(tokens=[tokens(keys.url)])
        small = mint(KEY, filler="")
        whole = mint(KEY, filler="x" * ((reading.TOKEN_BYTES - len(small)) * 3 // 4 - 3))
        assert reading.TOKEN_BYTES - 8 <= len(whole) <= reading.TOKEN_BYTES
        assert await token_refusal(trust, whole) == ""
        assert read == [len(whole)]
        for large in (whole + "x" * (reading.TOKEN_BYTES - len(whole) + 1), mint(KEY, {"kid": "x" * 1_000_000})):
            assert await token_refusal(trust, large) == "CREDENTIAL_INVALID"
        assert read == [len(whole)]


@pytest.mark.parametrize(
    "forged",
    [
        unsigned({"alg": "ES256", "typ": "at+jwt", "kid": "x" * 4000}, claims()) + "AAAA",
        "." * reading.TOKEN_BYTES,
        "A" * reading.TOKEN_BYTES,
        mint(KEY, {"kid": "one"}).replace(".", "." * 100),
    ],
    ids=["a large header", "dots", "one part", "many parts"],
)
async def test_threat_08_what_is_large_inside_is_refused(tmp_path: Path, forged: str) -> None:
    with key_server(KEY) as keys:
        trust = World(tmp_path).trust(tokens=[tokens(keys.url)])
        assert await token_refusal(trust, forged) == "CREDENTIAL_INVALID"
        assert keys.fetches == 0


async def test_threat_08_nesting_ends_nobody(tmp_path: Path) -> None:
    deep = base64.urlsafe_b64encode(b"[" * 8000).rstrip(b"=").decode()
    first = mint(KEY).split(".")[0]
    with key_server(KEY) as keys:
        trust = World(tmp_path).trust(tokens=[tokens(keys.url)])
        for forged in (f"{first}.{deep}.AAAA", f"{deep[:2000]}.{deep}.AAAA"):
            assert await token_refusal(trust, forged) == "CREDENTIAL_INVALID"


def test_threat_08_a_chain_over_the_limit_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    trust = World(tmp_path).trust(certificates=[certificates(authority.file)])
    shown = authority.organisation()
    whole = shown.pem * (issuers.PEM_BYTES // len(shown.pem))
    assert refusal(lambda: trust.certificate(whole)) == ""
    assert refusal(lambda: trust.certificate(whole + shown.pem)) == "CREDENTIAL_INVALID"


async def test_threat_08_no_more_is_remembered_than_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.identity.trust.REMEMBERED", 10)
    with key_server(KEY) as keys:
        trust = World(tmp_path).trust(tokens=[tokens(keys.url)])
        for number in range(25):
            await trust.token(mint(KEY, jti=str(number)), None)
            assert len(trust._now.checked) <= 10
    assert "eyJ" not in str(trust._now.checked), "nothing that could be sent again is kept"
