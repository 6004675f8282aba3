"""The operations page in a real browser: live, by keyboard, for those who see little, on small screens, by login."""

from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Page, expect

from registry.app import Running
from tests.integration.services.street import PROVEN, RELEASE, report
from tests.operated import FAILED, LATE_ONE, TRACE, blameless, browsed, opened, operated, operators_key, rollout

DETAILS = f"/ops/subscriptions/{LATE_ONE.split('/')[1]}/{LATE_ONE.split('/')[3]}"
PAGES = ("/ops", DETAILS)
SMALL = {"width": 320, "height": 640}


async def test_the_page_follows_the_ledger_without_being_loaded_again(tmp_path: Path) -> None:
    async with operated(tmp_path) as (registry, api), browsed(tmp_path) as (context, said):
        await rollout(api)
        page = await opened(context, registry)
        await page.evaluate("window.same = true")
        shown = page.locator("#rollouts-shown")
        await expect(shown).to_contain_text("1 / 2")
        await expect(page.locator("#late-shown")).to_contain_text(FAILED["message"])
        link = page.locator("#late-shown a").first
        await link.focus()
        await report(api, LATE_ONE, 9, phase=1, trace_id=TRACE)
        await expect(page.locator("#late-shown")).not_to_contain_text(FAILED["message"])
        await expect(link).to_be_focused()
        await report(api, LATE_ONE, 10, phase=PROVEN, observed_release=RELEASE, trace_id=TRACE)
        await expect(shown).to_contain_text("2 / 2")
        await expect(page.get_by_role("status")).to_have_text("Sidan är uppdaterad. The page is up to date")
        assert await page.evaluate("window.same") is True
        assert said == []


async def test_the_timeline_tells_every_step_and_report(tmp_path: Path) -> None:
    async with operated(tmp_path) as (registry, api), browsed(tmp_path) as (context, said):
        await rollout(api)
        page = await opened(context, registry, DETAILS)
        timeline = page.locator("#timeline-shown")
        for words in (FAILED["reason"], FAILED["message"], TRACE, "2030-03-17 17:46:40 UTC", "1.0.0"):
            await expect(timeline).to_contain_text(words)
        await expect(page.locator("#steps-shown")).to_contain_text("Ansluts")
        before = await timeline.locator("tbody tr").count()
        await report(api, LATE_ONE, 9, phase=PROVEN, observed_release=RELEASE, trace_id=TRACE[::-1])
        await expect(timeline.locator("tbody tr")).to_have_count(before + 1)
        await expect(timeline).to_contain_text(TRACE[::-1])
        await expect(page.locator("#steps-shown")).to_contain_text("Ansluten")
        assert said == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_nobody_is_left_out(tmp_path: Path, scheme: str) -> None:
    """axe-core finds nothing, on wide screens and on small ones, where nothing has to be scrolled sideways."""
    async with operated(tmp_path) as (registry, api), browsed(tmp_path, color_scheme=scheme) as (context, said):
        await rollout(api)
        for path in PAGES:
            page = await opened(context, registry, path)
            await blameless(page)
            await page.set_viewport_size(SMALL)  # type: ignore[arg-type]
            assert await page.evaluate("document.documentElement.scrollWidth") == SMALL["width"]
            await blameless(page)
        page = await opened(context, registry, "/ops/subscriptions/none/none")
        await blameless(page)
        assert [each for each in said if "404" not in each] == []


async def test_the_keyboard_is_enough(tmp_path: Path) -> None:
    async with operated(tmp_path) as (registry, api), browsed(tmp_path) as (context, _):
        await rollout(api)
        page = await opened(context, registry)
        await page.keyboard.press("Tab")
        skip = page.get_by_role("link", name="Hoppa till innehållet")
        await expect(skip).to_be_focused()
        await expect(skip).to_be_in_viewport()
        outline = await skip.evaluate("each => getComputedStyle(each).outlineStyle")
        assert outline == "solid"
        await page.keyboard.press("Enter")
        await expect(page.locator("#content")).to_be_focused()
        await page.keyboard.press("Tab")
        await expect(page.locator("#late-shown a").first).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"http://{registry.web_address}{DETAILS}")
        assert await page.evaluate("[...document.querySelectorAll('[tabindex]')].every(each => each.tabIndex <= 0)")


async def test_without_scripts_the_page_is_the_same_and_is_refreshed_by_its_link(tmp_path: Path) -> None:
    async with operated(tmp_path) as (registry, api), browsed(tmp_path, java_script_enabled=False) as (context, _):
        await rollout(api)
        page = await opened(context, registry)
        await expect(page.locator("#rollouts-shown")).to_contain_text("1 / 2")
        await report(api, LATE_ONE, 9, phase=PROVEN, observed_release=RELEASE, trace_id=TRACE)
        await page.get_by_role("link", name="Uppdatera").click()
        await expect(page.locator("#rollouts-shown")).to_contain_text("2 / 2")


async def test_an_operator_logs_in_sees_the_page_and_logs_out(tmp_path: Path) -> None:
    key = operators_key(tmp_path)
    async with (
        operated(tmp_path, key, identity="required") as (registry, api),
        browsed(tmp_path) as (context, said),
    ):
        await rollout(api)
        page = await opened(context, registry)
        await expect(page).to_have_url(f"http://{registry.web_address}/ops/login")
        await blameless(page)
        await submit(page, key[:-1])
        await expect(page.get_by_role("alert")).to_contain_text("Nyckeln öppnar inte sidan.")
        await blameless(page)
        await submit(page, key)
        await expect(page.locator("#rollouts-shown")).to_contain_text("1 / 2")
        await kept(context, registry)
        await report(api, LATE_ONE, 9, phase=PROVEN, observed_release=RELEASE, trace_id=TRACE)
        await expect(page.locator("#rollouts-shown")).to_contain_text("2 / 2")
        await blameless(page)
        await page.get_by_role("button", name="Logga ut").click()
        await expect(page).to_have_url(f"http://{registry.web_address}/ops/login")
        await page.goto(f"http://{registry.web_address}/ops")
        await expect(page).to_have_url(f"http://{registry.web_address}/ops/login")
        assert [each for each in said if "403" not in each] == []


async def submit(page: Page, key: str) -> None:
    """Log in, by keyboard."""
    await page.get_by_label("Operatörens API-nyckel").fill(key)
    await page.keyboard.press("Enter")


async def kept(context: BrowserContext, registry: Running) -> None:
    """The cookie is no key, and no script and no other site gets at it."""
    (cookie,) = await context.cookies(f"http://{registry.web_address}")
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert "gmsm" not in cookie["value"]
