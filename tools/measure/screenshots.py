"""Pictures of the sample campaigns, to look at: `python -m tools.measure.screenshots [CAMPAIGN…]`.

Writes build/screenshots/CAMPAIGN-WIDTH-MODE.png, and one of all components, at 375 and 700 pixels: light, dark, images off.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from tools.projects import samples

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Route

OUT = samples.ROOT / "build" / "screenshots"
WIDTHS = (375, 700)
MODES = ("light", "dark", "images-off")
PICTURE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1040 585" width="1040" height="585">
<rect width="1040" height="585" fill="#9fb8ad"/><circle cx="800" cy="150" r="70" fill="#f3e3b3"/>
<path d="M0 585 300 240 520 470 700 300 1040 585Z" fill="#4d7263"/></svg>"""
"""Stands in for any picture, as the samples' own are at example domains."""


def main(names: list[str]) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**samples.BROWSER)
        for name in names or [*samples.CAMPAIGNS, "components"]:
            html = components() if name == "components" else campaign(name)
            for width in WIDTHS:
                for mode in MODES:
                    shoot(browser, html, width, mode, f"{name}-{width}-{mode}.png")
        browser.close()


def campaign(name: str) -> str:
    return samples.merger(name).merge(samples.difficult(name)["usual"]).html


def components() -> str:
    """Everything that docs/components.md shows, in one mail."""
    page = (samples.ROOT / "docs" / "components.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```markdown\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    text = "---\nsubject: Components\n---\n\n" + "\n".join(examples)
    return samples.merger_of(samples.written(text)).merge(samples.members()[0]).html


def shoot(browser: Browser, html: str, width: int, mode: str, file: str) -> None:
    page = browser.new_page(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if mode == "dark" else "light",
        java_script_enabled=False,
    )
    page.route("**/*", lambda route: answer(route, pictures=mode != "images-off"))
    page.set_content(html)
    page.screenshot(path=OUT / file, full_page=True)
    page.close()


def answer(route: Route, *, pictures: bool) -> None:
    """Nothing leaves the machine."""
    if pictures and route.request.resource_type == "image":
        route.fulfill(content_type="image/svg+xml", body=PICTURE)
    else:
        route.abort()


if __name__ == "__main__":
    main(sys.argv[1:])
