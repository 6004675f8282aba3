"""Threat 15: secrets in what is kept, said or sent. A canary of each kind is used for real and then looked for everywhere."""

import logging
import time
from pathlib import Path
from typing import Any

import grpc
import pytest
from pydantic import SecretStr

from registry.api.v1 import access_service_pb2 as access_pb2
from registry.api.v1 import feed_service_pb2 as feed_pb2
from registry.settings import Settings
from tests.components.issuing import Authority
from tests.components.lying_provider import lying_provider
from tests.components.minting import mint
from tests.components.ports import free_port
from tests.integration.telemetry import exporting
from tests.logins import asked, town, trusted
from tests.threats.guarded import Guarded, actions, guarded

CANARY = "canary-7f3a9c"


def found_in(folder: Path, secret: str) -> list[str]:
    """Files that have it, however it is stored."""
    forms = (secret.encode(), secret.encode("utf-16-le"))
    return [each.name for each in folder.rglob("*") if each.is_file() and any(f in each.read_bytes() for f in forms)]


async def said(town: Guarded, made: Any) -> str:
    """All that the registry says of its keys and of what was refused, right and wrong credentials alike."""
    wrong = town.api(made.secret[:-1] + ("0" if made.secret[-1] != "0" else "1"))
    texts = []
    for call in (
        wrong.access.GetCaller(access_pb2.GetCallerRequest()),
        town.api(f"{made.secret} {CANARY}").access.GetCaller(access_pb2.GetCallerRequest()),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call
        texts.append(f"{refused.value.details()} {refused.value.trailing_metadata()}")
    operator = town.operator
    texts.append(str(await operator.access.ListKeys(access_pb2.ListKeysRequest())))
    texts.append(str(await operator.access.ListRefusals(access_pb2.ListRefusalsRequest())))
    texts.append(str(await operator.feed.ListChanges(feed_pb2.ListChangesRequest(page_size=1000))))
    return "\n".join(texts)


async def test_a_key_is_in_no_file_log_reply_or_span(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    with exporting(monkeypatch) as sent:
        async with guarded(tmp_path) as town:
            await town.operator.body("a")
            wanted = {"organisation": "organisations/a", "purpose": "canary", "actions": actions("READ", "DECLARE")}
            request = access_pb2.CreateKeyRequest(key_id="canary", key=wanted, request_id="once")
            made = await town.operator.access.CreateKey(request)
            caller = await town.api(made.secret).access.GetCaller(access_pb2.GetCallerRequest())
            assert caller.principal == "keys/canary"  # it is a real key
            replies = await said(town, made)
        await sent.until(lambda: sent.named("AccessService/GetCaller"))
        told = "\n".join(map(str, sent.spans))
    heard = "".join(capfd.readouterr()) + caplog.text
    for secret in (made.secret, made.secret.split("_")[2], town.secret):
        assert found_in(tmp_path, secret) == []
        for where in (replies, told, heard):
            assert secret not in where
    assert CANARY not in replies + told + heard
    assert found_in(tmp_path, made.key.sha256) != []  # the search finds what is there


async def test_a_login_leaves_its_code_tokens_and_secrets_nowhere(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    authority, port = Authority(tmp_path / "authority"), free_port()
    (tmp_path / "idp.secret").write_text(f"{CANARY}-secret")
    replies, code, access = "", f"{CANARY}-code", f"{CANARY}-access"
    with exporting(monkeypatch) as sent, lying_provider(authority.server("127.0.0.1")) as liar:
        entry = trusted(liar.issuer, f"https://127.0.0.1:{port}", authority, client_secret_file="idp.secret")
        async with town(tmp_path, authority, port, entry) as opened, opened.browser() as anna:
            for subject, audience in (("anna", "page"), ("anna", "another"), ("bosse", "page")):
                there = asked(await anna.begin())
                said = {"iss": liar.issuer, "aud": audience, "sub": subject, "nonce": there["nonce"]}
                now = int(time.time())  # the registry's clock here, and not the tests'
                token = mint(liar.key, {"typ": "JWT"}, **said, iat=now, exp=now + 300)
                liar.give = lambda _form, token=token: (200, {"id_token": token, "access_token": access}, {})
                answer = {"code": code, "state": there["state"], "iss": liar.issuer}
                replies += (await anna.web.get("/ops/login/idp", params=answer)).text
                replies += (await anna.web.get("/ops")).text
            await opened.on_record("people/idp/bosse", "NOT_GRANTED")
            replies += (await anna.web.get("/ops/login")).text
    assert replies.count("Du är inloggad") == 2  # one of them in vain
    own = f"HTTP Request: GET {opened.page}"  # what the browser of this test says of itself
    heard = "".join(capfd.readouterr()) + "".join(each for each in caplog.messages if not each.startswith(own))
    assert "web.login_refused" in heard
    told = "\n".join(map(str, sent.spans))
    for secret in (CANARY, token, token.split(".")[2], liar.asked[0]["code_verifier"]):
        assert found_in(tmp_path / "data", secret) == []
        for where in (replies, told, heard):
            assert secret not in where
    assert found_in(tmp_path / "data", "people/idp/bosse") != []  # the search finds what is there


def test_settings_that_are_shown_have_no_password() -> None:
    settings = Settings(
        database_url=f"postgresql+psycopg://gemensam:{CANARY}@db/gemensam",
        kafka_bootstrap="kafka:9093",
        kafka_security="SASL_SSL",
        kafka_user="relay",
        kafka_password=SecretStr(CANARY),
    )
    assert CANARY not in str(settings.redacted())
    assert settings.redacted()["kafka_user"] == "relay"
