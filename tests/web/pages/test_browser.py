"""The pages in a real browser: every link of a mail, by mouse and by keyboard, seen by axe-core."""

from __future__ import annotations

import email
import email.policy
import re
import subprocess
import sys
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe

from mailer.mail.web_version import WebVersion
from mailer.web.pages.web_version import _mail
from tests.web.conftest import Site, eml, path
from tools.projects import samples
from tools.projects.project import address, start

SHOTS = samples.ROOT / "build" / "screenshots"


@pytest.fixture
def served(root):
    with serving(root) as site:
        yield site


@pytest.fixture
def sample(tmp_path):
    """The project that comes with mailer, its petition sent to one of its people."""
    root = samples.copy_to(tmp_path / "project")
    for command in (
        ("lists", "import", str(root / "lists" / "members.csv"), "--list", "members"),
        ("send", "river-petition", "--limit", "1", "--yes"),
    ):
        start(root, *command).communicate()
    with serving(root) as site:
        yield site


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


@pytest.fixture
def tab(browser, served):
    """A page that notes everything it asks of anybody but the server, and what it complains of."""
    page = browser.new_page(viewport={"width": 375, "height": 800})
    page.foreign, page.complaints = [], []
    page.on(
        "request",
        lambda request: (
            request.url.startswith((served.url, "data:")) or page.foreign.append(request.url)
        ),
    )
    page.on("console", lambda said: page.complaints.append(said.text))
    yield page
    assert page.foreign == []
    assert [said for said in page.complaints if "status of 4" not in said] == []
    assert page.context.cookies() == []
    page.close()


def look(tab, name):
    """axe-core finds nothing, nothing is wider than the screen, targets are large; and a picture."""
    found = Axe().run(tab)
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"
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
    """By the words of the link: what a person clicks in the mail."""
    html = mail.get_body(("html",)).get_content()
    return re.findall(r'href="https://mail\.example\.org(/[^"]+)"', html)


def test_from_a_mail_to_every_page_and_back(tab, served):
    links = served.links()
    mail = eml(served.root, address(0))
    assert links.unsubscribe in mail["List-Unsubscribe"]

    tab.goto(served.url + path(links.unsubscribe))
    look(tab, "unsubscribe")
    tab.get_by_role("button", name="Unsubscribe").click()
    look(tab, "left")
    assert served.status(address(0)) == {"members": "unsubscribed"}
    tab.get_by_role("button", name="Undo").click()
    look(tab, "back")
    assert served.status(address(0)) == {"members": "subscribed"}

    tab.goto(served.url + path(links.update))
    look(tab, "update")
    tab.get_by_label("ZIP code").fill("nowhere")
    tab.get_by_role("button", name="Save").click()
    look(tab, "update-problem")
    tab.get_by_label("ZIP code").fill("97212")
    tab.get_by_label("New e-mail address").fill("new@example.net")
    tab.get_by_label("Action alerts").select_option("send")
    tab.get_by_role("button", name="Save").click()
    look(tab, "saved")
    assert served.history(address(0)).subscriber.city == "Portland"

    tab.goto(served.url + path(served.link_to("new@example.net")))
    look(tab, "confirm-move")
    tab.get_by_role("button", name="Yes").click()
    look(tab, "confirmed-move")
    assert served.status("new@example.net") == {"members": "subscribed"}
    tab.goto(served.url + path(served.link_to(address(0))))
    look(tab, "confirm-settle")
    tab.get_by_role("button", name="Yes").click()
    look(tab, "confirmed-settle")
    assert served.history("new@example.net").subscriber.zip == "97212"

    tab.goto(served.url + path(links.forward))
    look(tab, "forward")
    tab.get_by_role("link", name="Look at that page").click()
    assert "Dear neighbor" in tab.content()
    tab.goto(served.url + path(links.view))
    assert "Dear Persona" in tab.content()


@pytest.mark.parametrize(
    ("link", "heading"),
    [
        ("View this e-mail in your browser", "Put clean rivers in writing"),
        ("Forward it to a friend", "Forward"),
        ("Update your information", "Update"),
        ("unsubscribe", "Unsubscribe"),
    ],
)
def test_each_link_of_the_footer_is_clicked_in_the_mail_itself(browser, sample, link, heading):
    (file,) = (sample.root / "outbox" / "river-petition").glob("*.eml")
    mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    page = browser.new_page(viewport={"width": 375, "height": 800})
    page.route(
        "https://mail.example.org/**",
        lambda route: route.fulfill(response=route.fetch(url=sample.url + path(route.request.url))),
    )
    page.set_content(mail.get_body(("html",)).get_content())
    page.get_by_role("link", name=link, exact=True).click()
    page.wait_for_url("https://mail.example.org/**")
    assert heading in page.get_by_role("heading", level=1).first.inner_text()
    page.close()


def test_signing_up_and_leaving_without_a_link(tab, served):
    tab.goto(served.url + "/join")
    look(tab, "join")
    tab.get_by_label("E-mail address").fill("ana@example.net")
    tab.get_by_role("button", name="Sign up").click()
    look(tab, "mailed")
    tab.goto(served.url + path(served.link_to("ana@example.net")))
    look(tab, "confirm-join")
    tab.get_by_role("button", name="Yes").click()
    look(tab, "confirmed-join")
    assert served.status("ana@example.net") == {"members": "subscribed"}

    tab.goto(served.url + path(served.links().unsubscribe)[:-3])
    look(tab, "lost")
    tab.get_by_label("Your e-mail address").fill("ana@example.net")
    tab.get_by_role("button").click()
    tab.goto(served.url + path(served.link_to("ana@example.net")))
    look(tab, "confirm-leave")
    tab.get_by_role("button").click()
    look(tab, "confirmed-leave")
    assert served.history("ana@example.net").suppression == "unsubscribed"
    for name, url in (("leave", "/unsubscribe"), ("proof", path(served.links(send=0).view))):
        tab.goto(served.url + url)
        look(tab, name)


def test_unsubscribing_by_keyboard_alone(tab, served):
    tab.goto(served.url + path(served.links().unsubscribe))
    for _ in range(3):  # the organisation's name, the choice, the button
        tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == "Unsubscribe"
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/u/*")
    assert tab.get_by_role("heading", level=1).inner_text() == "You are unsubscribed"


def test_a_scanner_that_opens_every_link_and_runs_the_pages_changes_nobody(tab, served):
    before = served.state()
    for person in range(3):
        for link in links_in(eml(served.root, address(person))):
            tab.goto(served.url + link)
            tab.wait_for_timeout(20)
    assert served.state() == before


@pytest.mark.parametrize("campaign", samples.CAMPAIGNS)
def test_a_sample_mail_in_the_browser_can_be_used_by_everybody(browser, campaign):
    html = samples.merger(campaign).merge(samples.difficult(campaign)["usual"]).html
    page = browser.new_page()
    page.set_content(_mail(WebVersion("", html)).body.decode())
    found = Axe().run(page)
    page.close()
    assert found.violations_count == 0, found.generate_report()
