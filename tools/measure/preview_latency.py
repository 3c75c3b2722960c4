"""From saving a file to the new mail painted, in Chromium: `python -m tools.measure.preview_latency`.

Edits the largest sample twenty times, every other time as editors do that replace the file.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from tests.support.preview import enter, origin, previewing, sample_project
from tools.projects import samples

if TYPE_CHECKING:
    from playwright.sync_api import Page

EDITS = 20
CAMPAIGN = "heat-alert"
WORDS = "Comment closes on Friday."

# Resolves after the first frame that shows the words has been painted.
SEEN = """(words) => { window.seen = new Promise((done) => {
    const look = () => {
        const frame = document.querySelector("iframe:not(.waiting)");
        if (!frame.contentDocument?.body?.textContent.includes(words)) requestAnimationFrame(look);
        else requestAnimationFrame(() => setTimeout(() => done(performance.timeOrigin + performance.now())));
    };
    look();
}); }"""


def main() -> None:
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        root = sample_project(Path(folder) / "project")
        browser = playwright.chromium.launch(**samples.BROWSER)
        with previewing(root) as address:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            enter(page, address)
            page.goto(f"{origin(address)}/{CAMPAIGN}")
            page.frame_locator("iframe:not(.waiting)").get_by_text("Comment closes").wait_for()
            page.get_by_text("Nothing wrong was found").or_(page.locator(".findings")).wait_for()
            took = [edit(page, root / "campaigns" / f"{CAMPAIGN}.md", n) for n in range(EDITS)]
        browser.close()
    sys.stdout.write(f"{' '.join(f'{ms:.0f}' for ms in took)}\n")
    sys.stdout.write(f"median {statistics.median(took):.0f} ms, worst {max(took):.0f} ms\n")


def edit(page: Page, file: Path, number: int) -> float:
    """Milliseconds until the edit was seen."""
    words = f"Comment closes on day {number}."
    text = samples.load(CAMPAIGN).files[f"campaigns/{CAMPAIGN}.md"].replace(WORDS, words)
    page.evaluate(SEEN, words)
    began = time.time()
    if number % 2:
        file.write_text(text, encoding="utf-8")
    else:
        draft = file.with_suffix(".tmp")
        draft.write_text(text, encoding="utf-8")
        draft.replace(file)
    seen = page.evaluate("window.seen") / 1000 - began
    page.wait_for_timeout(1000)
    return seen * 1000


if __name__ == "__main__":
    main()
