"""`gemensam grants|keys|principals`, against a registry that asks who calls."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.program import Done, gemensam
from tests.threats.guarded import Guarded, guarded


class Shell:
    """Runs commands against the registry, as whoever the key says."""

    def __init__(self, town: Guarded) -> None:
        self.town = town

    async def __call__(self, *args: str, key: str = "") -> Done:
        env = {"GEMENSAM_GRPC_ADDRESS": self.town.server.grpc_address}
        if key:
            env["GEMENSAM_API_KEY"] = key
        return await asyncio.to_thread(gemensam, *args, **env)


@pytest.fixture
async def shell(tmp_path: Path) -> AsyncIterator[Shell]:
    async with guarded(tmp_path) as town:
        await town.operator.body("a")
        yield Shell(town)


async def test_a_key_is_made_used_and_taken_back(shell: Shell) -> None:
    operator = shell.town.secret
    nobody = await shell("list", "organisations")
    assert (nobody.code, "CREDENTIAL_MISSING" in nobody.err) == (1, True)

    made = await shell("keys", "create", "Import", "--for", "a", "--may", "read,declare", "--json", key=operator)
    (said,) = made.lines()
    name, secret = said["key"]["name"], said["secret"]
    assert said["key"]["organisation"] == "organisations/a"

    (me,) = (await shell("principals", "me", "--json", key=secret)).lines()
    assert me["principal"] == name
    assert me["rights"][0]["actions"] == ["ACTION_READ", "ACTION_DECLARE"]
    assert "read, declare" in (await shell("principals", "me", key=secret)).out

    listed: Any = (await shell("list", "keys", "--json", key=operator)).lines()
    assert [each["name"] for each in listed] == [name]
    revoked = await shell("keys", "revoke", name.removeprefix("keys/"), key=operator)
    assert (revoked.code, revoked.out) == (0, f"{name}: revoked.\n")
    assert "CREDENTIAL_INVALID" in (await shell("principals", "me", key=secret)).err


async def test_a_grant_waits_for_the_second_operator_and_refusals_are_shown(shell: Shell) -> None:
    operator = shell.town.secret
    await shell.town.second()
    given = await shell(
        "grants", "give", "tokens/idp/supplier", "--for", "a", "--may", "publish", "--days", "9", "--json", key=operator
    )
    (grant,) = given.lines()
    assert grant["state"] == "GRANT_STATE_PENDING"
    own = await shell("grants", "approve", grant["name"], key=operator)
    assert (own.code, "SECOND_PERSON_NEEDED" in own.err) == (1, True)
    approved = await shell("grants", "approve", grant["name"], key=shell.town.secrets["second"])
    assert (approved.code, approved.out) == (0, f"{grant['name']}: active.\n")
    async with asyncio.timeout(20):
        while not (told := (await shell("principals", "refusals", key=operator)).out):
            await asyncio.sleep(0.1)
    assert "SECOND_PERSON_NEEDED keys/operator" in told
    taken = await shell("grants", "revoke", grant["name"], key=operator)
    assert (taken.code, taken.out) == (0, f"{grant['name']}: revoked.\n")


async def test_what_is_mistyped_is_told_with_what_was_meant(shell: Shell) -> None:
    wrong = await shell("keys", "create", "Import", "--for", "a", "--may", "raed", key=shell.town.secret)
    assert wrong.code == 2
    assert "Did you mean read?" in wrong.err
