"""A real browser: Debian's Chromium, driven by Playwright, with letters to draw with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from tests.components.debian import unpacked

ARGUMENTS = ["--no-sandbox", "--disable-quic", "--disable-background-networking"]
_FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><dir>/usr/share/fonts</dir><cachedir>{cache}</cachedir></fontconfig>"""


@asynccontextmanager
async def chromium(folder: Path) -> AsyncIterator[Browser]:
    """A browser for as long as the block lasts. `folder` is for its settings."""
    place = unpacked("chromium")
    fonts = folder / "fonts.conf"
    fonts.write_text(_FONTS.format(fonts=place / "usr/share/fonts", cache=folder / "fonts-cache"))
    libraries = sorted({str(each.parent) for each in place.glob("usr/lib/**/*.so*")})
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=str(place / "usr/lib/chromium/chromium"),
            args=ARGUMENTS,
            env={"LD_LIBRARY_PATH": ":".join(libraries), "FONTCONFIG_FILE": str(fonts), "HOME": str(folder)},
        )
        try:
            yield browser
        finally:
            await browser.close()
