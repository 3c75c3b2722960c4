"""The recipients' pages in a real browser, served as staff serve them."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import contextmanager

from axe_playwright_python.sync_playwright import Axe

from tests.web.conftest import Site
from tools.projects import samples
from tools.projects.project import start

SHOTS = samples.ROOT / "build" / "screenshots"


def sample_project_sent(root, campaign, *, people):
    """Copy the sample project to `root` and send one of its campaigns to a few of its people."""
    samples.copy_to(root)
    for command in (
        ("lists", "import", str(root / "lists" / "members.csv"), "--list", "members"),
        ("send", campaign, "--limit", str(people), "--yes"),
    ):
        start(root, *command).communicate()
    return root


@contextmanager
def serving(root):
    """`mailer serve` as staff run it."""
    server = subprocess.Popen(
        [sys.executable, "-m", "mailer", "--project", str(root), "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    site = Site(root)
    site.url = re.search(r"http://[\d.:]+", server.stdout.readline())[0]
    yield site
    site.store.close()
    server.terminate()
    _, log = server.communicate(timeout=20)
    assert "ERROR" not in log


@contextmanager
def watched_page(browser, site_url):
    """A page that asks only the server, logs no error to its console and gets no cookie."""
    page = browser.new_page(viewport={"width": 375, "height": 800})
    foreign, complaints = [], []
    page.on(
        "request",
        lambda request: request.url.startswith((site_url, "data:")) or foreign.append(request.url),
    )
    page.on("console", lambda message: complaints.append(message.text))
    yield page
    assert foreign == []
    assert [text for text in complaints if "status of 4" not in text] == []
    assert page.context.cookies() == []
    page.close()


def look(tab, name):
    """axe-core finds nothing, nothing is wider than the screen, targets are large; and a picture."""
    results = Axe().run(tab)
    assert results.violations_count == 0, f"{name}: {results.generate_report()}"
    for width in (1280, 375):
        tab.set_viewport_size({"width": width, "height": 800})
        wide = tab.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, name
        for mode in ("light", "dark"):
            tab.emulate_media(color_scheme=mode)
            if width == 375 and mode == "dark":
                dark = Axe().run(tab)
                assert dark.violations_count == 0, f"{name}, dark: {dark.generate_report()}"
            SHOTS.mkdir(parents=True, exist_ok=True)
            tab.screenshot(path=SHOTS / f"page-{name}-{width}-{mode}.png", full_page=True)
    tab.emulate_media(color_scheme="light")
    small = tab.evaluate(
        "[...document.querySelectorAll('button, a.button, input:not([type=hidden]), select')]"
        ".filter(e => Math.min(e.getBoundingClientRect().height, 44) < "
        "(e.type == 'radio' || e.type == 'checkbox' ? 24 : 44)).map(e => e.outerHTML)"
    )
    assert small == [], name


def links_in(mail):
    """Paths of the links to the pages in a mail's HTML part."""
    html = mail.get_body(("html",)).get_content()
    return re.findall(r'href="https://mail\.example\.org(/[^"]+)"', html)
