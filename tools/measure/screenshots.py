"""Pictures of mails, to look at: `python -m tools.measure.screenshots [CAMPAIGN…]`.

Writes build/screenshots/CAMPAIGN.png: one sheet with a column for each width and way of showing the
mail. Without names: the sample campaigns, the starters, the difficult campaigns, all components, and
a brand with a logo.
"""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image
from playwright.sync_api import sync_playwright

from tools.projects import samples

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Route

OUT = samples.ROOT / "build" / "screenshots"
TALLEST = 4_000
"""Pixels of a column; what is below is cut off."""
GAP = 24
PICTURE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1040 585" width="1040" height="585">
<rect width="1040" height="585" fill="#9fb8ad"/><circle cx="800" cy="150" r="70" fill="#f3e3b3"/>
<path d="M0 585 300 240 520 470 700 300 1040 585Z" fill="#4d7263"/></svg>"""
LOGO = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 80" width="300" height="80">
<text x="0" y="56" font-family="Georgia" font-size="48" fill="#332600">Sunny Street</text></svg>"""
"""They stand in for any picture and logo, as the samples' own are at example domains."""


class Mode(NamedTuple):
    """A way of showing a mail."""

    width: int
    """Pixels of the screen."""
    dark: bool = False
    pictures: bool = True
    styles: bool = True
    """Whether the mail program keeps <style>."""
    outlook: bool = False
    """Whether the tables for Outlook are shown."""


MODES = (
    Mode(320),
    Mode(375),
    Mode(375, dark=True),
    Mode(375, pictures=False),
    Mode(375, styles=False),
    Mode(320, styles=False),
    Mode(700),
    Mode(700, dark=True),
    Mode(700, outlook=True, styles=False),
)


def main(names: list[str]) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    mails = every_mail()
    if unknown := set(names) - set(mails):
        sys.exit(f"There is no {', '.join(sorted(unknown))}. There are: {', '.join(mails)}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**samples.BROWSER)
        for name in names or mails:
            columns = [shoot(browser, mails[name], mode) for mode in MODES]
            sheet(columns).save(OUT / f"{name}.png")
            print(OUT / f"{name}.png")
        browser.close()


def every_mail() -> dict[str, str]:
    """Name → HTML."""
    snapshots = samples.every_snapshot() | {"components": samples.written(components())}
    mails = {}
    for name, snapshot in snapshots.items():
        person = samples.difficult(name)["usual"] if name in samples.CAMPAIGNS else samples.usual()
        mails[name] = samples.merger_of(snapshot).merge(person).html
    return mails | {"logo": with_logo()}


def components() -> str:
    """Everything that docs/components.md shows, in one campaign."""
    page = (samples.ROOT / "docs" / "components.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```markdown\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return "---\nsubject: Components\n---\n\n" + "\n".join(examples)


def with_logo() -> str:
    """A mail of a brand whose color is light, and whose logo is dark on nothing."""
    snapshot = samples.load("river-petition")
    colors = snapshot.content.brand.colors.model_copy(update={"primary": "#ffcc00"})
    brand = snapshot.content.brand.model_copy(
        update={"colors": colors, "logo": "https://www.example.org/logo.svg"}
    )
    content = snapshot.content.model_copy(update={"brand": brand})
    return samples.merger_of(replace(snapshot, content=content)).merge(samples.usual()).html


def shoot(browser: Browser, html: str, mode: Mode) -> Image.Image:
    page = browser.new_page(
        viewport={"width": mode.width, "height": 900},
        color_scheme="dark" if mode.dark else "light",
        java_script_enabled=False,
    )
    page.route("**/*", lambda route: answer(route, pictures=mode.pictures))
    page.set_content(as_shown(html, mode))
    image = Image.open(BytesIO(page.screenshot(full_page=True))).convert("RGB")
    page.close()
    return image.crop((0, 0, image.width, min(image.height, TALLEST)))


def as_shown(html: str, mode: Mode) -> str:
    """The HTML that a mail program of this kind goes by."""
    if mode.outlook:
        html = re.sub(r"<xml>.*?</xml>", "", html, flags=re.DOTALL)
        html = re.sub(r"<!--\[if !mso\]><!-->.*?<!--<!\[endif\]-->", "", html, flags=re.DOTALL)
        html = re.sub(r"<!--\[if mso[^\]]*\]>(.*?)<!\[endif\]-->", r"\1", html, flags=re.DOTALL)
    if not mode.styles:
        html = re.sub(r"<style.*?</style>", "", html, flags=re.DOTALL)
    return html


def answer(route: Route, *, pictures: bool) -> None:
    """Nothing leaves the machine."""
    if pictures and route.request.resource_type == "image":
        body = LOGO if "logo" in route.request.url else PICTURE
        route.fulfill(content_type="image/svg+xml", body=body)
    else:
        route.abort()


def sheet(columns: list[Image.Image]) -> Image.Image:
    """The pictures side by side."""
    width = sum(column.width + GAP for column in columns) + GAP
    whole = Image.new("RGB", (width, max(column.height for column in columns) + 2 * GAP), "#7f7f7f")
    left = GAP
    for column in columns:
        whole.paste(column, (left, GAP))
        left += column.width + GAP
    return whole


if __name__ == "__main__":
    main(sys.argv[1:])
