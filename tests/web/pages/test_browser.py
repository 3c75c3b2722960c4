"""The pages in a real browser: every link of a mail, by mouse and by keyboard, seen by axe-core."""

from __future__ import annotations

import email
import email.policy

import pytest
from axe_playwright_python.sync_playwright import Axe

from mailer.mail.web_version import WebVersion
from mailer.web.pages.web_version import _mail
from tests.support.pages_in_browser import (
    links_in,
    look,
    sample_project_sent,
    serving,
    watched_page,
)
from tests.web.conftest import eml, path
from tools.projects import samples
from tools.projects.project import address


@pytest.fixture
def served(root):
    with serving(root) as site:
        yield site


@pytest.fixture
def sample(tmp_path):
    """The sample project, its petition sent to one of its people."""
    with serving(sample_project_sent(tmp_path / "project", "river-petition", people=1)) as site:
        yield site


@pytest.fixture
def tab(browser, served):
    with watched_page(browser, served.url) as page:
        yield page


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
    for _ in range(3):  # the organization's name, the choice, the button
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
