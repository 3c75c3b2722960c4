"""Petitions in a real browser: from a mail of the sample send, and by anybody, seen by axe-core."""

from __future__ import annotations

import email
import email.policy
import re
import urllib.request

import pytest

from tests.support.pages_in_browser import (
    links_in,
    look,
    sample_project_sent,
    serving,
    watched_page,
)
from tests.web.conftest import path

ANA = "ana@example.com"


@pytest.fixture
def sample(tmp_path):
    """The sample project, its night bus mail sent to twelve of its people."""
    with serving(sample_project_sent(tmp_path / "project", "night-bus", people=12)) as site:
        yield site


@pytest.fixture
def tab(browser, sample):
    with watched_page(browser, sample.url) as page:
        yield page


def mails(site, folder):
    return {
        mail["To"]: mail
        for file in sorted((site.root / "outbox" / folder).glob("*.eml"))
        for mail in [email.message_from_bytes(file.read_bytes(), policy=email.policy.default)]
    }


def sign_link(mail):
    (link,) = {link for link in links_in(mail) if link.startswith("/s/")}
    return link


def ask(site, method, link):
    """The status of a request to the server that runs."""
    request = urllib.request.Request(site.url + link, method=method)
    with urllib.request.urlopen(request) as answer:
        return answer.status


def counts(site):
    found = site.store.petitions.counts("night-bus")
    return found.pending, found.signed, found.withdrawn, found.invalid


def test_sign_from_a_mail_thank_share_and_withdraw_by_the_receipt(tab, sample):
    to, mail = next(iter(mails(sample, "night-bus").items()))
    tab.goto(sample.url + sign_link(mail))
    look(tab, "petition-sign")
    tab.get_by_role("button", name="Add my name").click()
    assert tab.get_by_role("heading", level=1).inner_text() == "Thank you for signing"
    look(tab, "petition-signed")
    tab.reload()
    tab.go_back()
    tab.get_by_role("button", name="Add my name").click()
    assert tab.get_by_role("heading", level=1).inner_text() == "Thank you for signing"
    assert counts(sample) == (0, 1, 0, 0)
    assert tab.get_by_label("Copy the link").input_value().endswith("/petition/night-bus")
    shared = tab.get_by_role("link", name="Write an e-mail").get_attribute("href")
    assert shared.startswith("mailto:?subject=")
    assert "night-bus" in shared
    assert "sms:?&body=" in tab.get_by_role("link", name="text message").get_attribute("href")
    assert tab.get_by_role("link", name="Tell us about your line").is_visible()

    receipt = sample.mails(to)[-1].get_body(("plain",)).get_content()
    tab.goto(sample.url + path(re.search(r"https://\S+/x/\S+", receipt)[0]))
    look(tab, "petition-withdraw")
    tab.get_by_role("button", name="Take my name off").click()
    look(tab, "petition-withdrawn")
    assert counts(sample) == (0, 0, 1, 0)


def test_a_comment_after_signing_from_a_mail_is_confirmed_from_the_mailbox(tab, sample):
    to, mail = next(iter(mails(sample, "night-bus").items()))
    tab.goto(sample.url + sign_link(mail))
    tab.get_by_role("button", name="Add my name").click()
    tab.get_by_label("Why do you sign?").fill("My shift ends at one.")
    tab.get_by_label("Show this to everybody").check()
    tab.get_by_role("button", name="Save").click()
    assert "once you confirm it" in tab.get_by_role("status").inner_text()
    look(tab, "petition-comment-mailed")
    texts = [mail.get_body(("plain",)).get_content() for mail in sample.mails(to)]
    (link,) = re.findall(r"https://\S+/y/\S+", "".join(texts))
    tab.goto(sample.url + path(link))
    look(tab, "petition-comment-confirm")
    tab.get_by_role("button", name="Yes, I wrote this").click()
    tab.goto(f"{sample.url}/petition/night-bus")
    assert tab.get_by_text("My shift ends at one.").is_visible()


def test_anybody_signs_confirms_and_comments(tab, sample):
    for mail in list(mails(sample, "night-bus").values())[:11]:
        tab.goto(sample.url + sign_link(mail))
        tab.get_by_role("button", name="Add my name").click()
    tab.goto(f"{sample.url}/petition/night-bus")
    look(tab, "petition-page")
    tab.get_by_role("textbox", name="First name").fill("Ana")
    tab.get_by_label("Last name").fill("Visit evil.example.com")
    tab.get_by_label("E-mail address").fill(ANA)
    tab.get_by_label("ZIP code").fill("97212")
    tab.get_by_role("button", name="Sign the petition").click()
    look(tab, "petition-problem")
    tab.get_by_label("Last name").fill("Ruiz")
    tab.get_by_role("button", name="Sign the petition").click()
    look(tab, "petition-mailed")
    tab.goto(sample.url + path(sample.link_to(ANA)))
    assert counts(sample) == (1, 11, 0, 0)
    look(tab, "petition-confirm")
    tab.get_by_role("button", name="Yes, I sign").click()
    look(tab, "petition-confirmed")
    assert counts(sample) == (0, 12, 0, 0)
    tab.get_by_label("Why do you sign?").fill("My shift ends at one.")
    tab.get_by_label("Show this to everybody").check()
    tab.get_by_role("button", name="Save").click()
    assert tab.get_by_label("Why do you sign?").count() == 0

    tab.goto(f"{sample.url}/petition/night-bus")
    assert tab.get_by_text("My shift ends at one.").is_visible()
    look(tab, "petition-comments")


def test_the_page_is_used_by_keyboard_alone_and_fits_the_narrowest_screen(tab, sample):
    tab.set_viewport_size({"width": 320, "height": 640})
    tab.goto(f"{sample.url}/petition/night-bus")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 320
    for text in ("Ana", "Ruiz", ANA, "97212"):
        while tab.evaluate("document.activeElement.tagName") != "INPUT":
            tab.keyboard.press("Tab")
        tab.keyboard.type(text)
        tab.keyboard.press("Tab")
    tab.keyboard.press("Shift+Tab")
    tab.keyboard.press("Enter")
    assert "look into your mailbox" in tab.get_by_role("heading", level=1).inner_text()
    assert sample.link_to(ANA)


@pytest.mark.slow
def test_opening_links_by_whatever_program_signs_nothing(browser, sample):
    """What a scanner does: it fetches each link, and some run what is on the page."""
    links = [sign_link(mail) for mail in mails(sample, "night-bus").values()]
    page = browser.new_page()
    for link in links:
        for method in ("GET", "HEAD", "POST"):
            assert ask(sample, method, link) == 200
        page.goto(sample.url + link, wait_until="networkidle")
    page.close()
    assert counts(sample) == (0, 0, 0, 0)
    assert sample.rows("SELECT count(*) FROM signatures") == [(0,)]
