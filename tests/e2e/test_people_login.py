"""A person logs in to the operations page through its organisation, in a real browser: two sites, by keyboard, and back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.components.issuing import Authority
from tests.components.oidc import SECRET, Provider
from tests.components.ports import free_port
from tests.components.trusting import World
from tests.logins import trusted
from tests.operated import blameless, browsed, operated, operators_key, rollout

PORT = free_port()
# Another site than the provider's, which is at 127.0.0.1: so the browser keeps back what it may not bring along.
PAGE = f"http://localhost:{PORT}"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


@pytest.fixture
def provider(tmp_path: Path, authority: Authority) -> Iterator[Provider]:
    made = Provider(tmp_path / "idp", authority.server("127.0.0.1"), authority.file, [f"{PAGE}/ops/login/idp"])
    made.start()
    yield made
    made.stop()


async def test_a_person_logs_in_through_its_organisation(
    tmp_path: Path, authority: Authority, provider: Provider
) -> None:
    key, world = operators_key(tmp_path), World(tmp_path)
    (tmp_path / "idp.secret").write_text(SECRET)
    world.write(people=[trusted(provider.issuer, PAGE, authority, client_secret_file="idp.secret")])
    wanted = {"trust": world.file, "identity": "required", "web_address": f"127.0.0.1:{PORT}"}
    async with (
        operated(tmp_path, key, **wanted) as (_, api),
        browsed(tmp_path, ignore_https_errors=True) as (context, said),
    ):
        await rollout(api)
        page = await context.new_page()
        await page.goto(f"{PAGE}/ops")
        await expect(page).to_have_url(f"{PAGE}/ops/login")
        await blameless(page)
        await chosen_by_keyboard(page)
        await proven(page, "nobody")
        await expect(page.get_by_role("alert")).to_contain_text("Du är inloggad hos din organisation, men")
        await blameless(page)
        await context.clear_cookies(domain="127.0.0.1")
        await chosen_by_keyboard(page)
        await proven(page, "anna")
        await expect(page).to_have_url(f"{PAGE}/ops")
        await expect(page.locator("#rollouts-shown")).to_contain_text("1 / 2")
        (cookie,) = await context.cookies(PAGE)
        assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == ("gemensam", True, "Strict")
        await page.get_by_role("button", name="Logga ut").click()
        await page.goto(f"{PAGE}/ops")
        await expect(page).to_have_url(f"{PAGE}/ops/login")
        assert [each for each in said if "403" not in each] == []


async def chosen_by_keyboard(page: Page) -> None:
    """The way in by the organisation is the first one."""
    await page.locator("#content").focus()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Logga in med Falun")).to_be_focused()
    await page.keyboard.press("Enter")


async def proven(page: Page, account: str) -> None:
    """Be somebody at the provider."""
    await page.get_by_label("Konto").fill(account)
    await page.keyboard.press("Enter")
