"""The pages and mails that a campaign leads to show its own brand and sender."""

from __future__ import annotations

import re

import pytest

from mailer.links import Links
from tests.support.petitions import TEXT
from tests.web.conftest import PAGES, Site
from tools.projects.project import SETTINGS, VOTE, address, make_project, start

MORE = """
[senders.bo]
name = "Bo Lund"
email = "bo@river.example.org"

[brands.river]
name = "River Watch"
website = "https://river.example.org"
address = "PO Box 7, Lakeside, OR 97449"
[brands.river.colors]
primary = "#123456"
"""


@pytest.fixture(scope="module")
def branded(tmp_path_factory):
    root = make_project(tmp_path_factory.mktemp("brands") / "project", people=2)
    (root / "mailer.toml").write_text(SETTINGS + MORE + PAGES)
    text = VOTE.replace("list: members", "list: members\nsender: bo\nbrand: river")
    (root / "campaigns" / "river.md").write_text(text)
    for campaign in ("vote", "river"):
        said, _ = start(root, "send", campaign, "--yes").communicate()
        assert len(list((root / "outbox" / campaign).glob("*.eml"))) == 2, said
    return root


@pytest.fixture
def site(branded):
    site = Site(branded)
    with site.client:
        yield site
    site.store.close()


def links(site, campaign):
    send = site.store.sends.find(campaign, "members")
    return Links("https://mail.example.org", site.keys, campaign, send.id, 1)


def is_rivers(page):
    assert page.status_code in {200, 404, 410, 422}, page.status_code
    rivers, usual = "River Watch" in page.text, "Juniper Street Action" in page.text
    assert rivers != usual
    return rivers


@pytest.mark.parametrize("purpose", ["unsubscribe", "update"])
def test_the_pages_behind_a_mails_links_have_its_brand(site, purpose):
    assert is_rivers(site.get(getattr(links(site, "river"), purpose)))
    assert not is_rivers(site.get(getattr(links(site, "vote"), purpose)))


def test_the_page_to_forward_a_campaign_has_its_brand(site):
    assert is_rivers(site.get("/f/river"))
    assert not is_rivers(site.get("/f/vote"))


def test_pages_that_no_mail_led_to_have_the_usual_brand(site):
    assert not is_rivers(site.get("/join"))
    assert not is_rivers(site.get("/unsubscribe"))


def test_each_brand_has_its_own_style(site):
    page = site.get(links(site, "river").unsubscribe).text
    style = re.search(r'href="(/style\.css[^"]*)"', page)[1].replace("&amp;", "&")
    assert "brand=river" in style
    assert "#123456" in site.get(style).text
    usual = re.search(r'href="(/style\.css[^"]*)"', site.get("/join").text)[1]
    assert "#123456" not in site.get(usual).text
    assert site.get("/style.css?brand=nobody").text == site.get(usual).text


def test_leaving_undoing_and_giving_a_reason_stay_with_the_brand(site):
    left = site.post(links(site, "river").unsubscribe, {"visit": "here"})
    assert is_rivers(left)
    undo = re.search(r'action="(/undo/[^"/]+)"', left.text)[1]
    assert is_rivers(site.get(undo))
    assert is_rivers(site.post(f"{undo}/reason", {"reason": "too-many"}))
    assert is_rivers(site.post(undo))
    assert is_rivers(site.get(undo))


def test_a_confirmation_comes_from_the_sender_and_the_brand_of_the_mail(site):
    new = "moved@example.net"
    assert is_rivers(site.post(links(site, "river").update, {"email": new}))
    mail = site.mails(new)[-1]
    assert mail["From"] == "Bo Lund <bo@river.example.org>"
    assert "List-Unsubscribe" not in mail
    assert "List-Id" not in mail
    for kind in ("plain", "html"):
        text = mail.get_body((kind,)).get_content()
        assert "River Watch" in text
        assert "Juniper" not in text
    assert is_rivers(site.get(site.link_to(new)))


def test_signing_commenting_and_withdrawing_stay_with_the_brand(site):
    folder = site.root / "campaigns" / "petitions"
    folder.mkdir(exist_ok=True)
    (folder / "night-bus.md").write_text(TEXT.replace("closes: 2026-04-09\n", ""))
    link = links(site, "river").sign("night-bus")
    assert is_rivers(site.get(link))
    thanks = site.press(link)
    assert is_rivers(thanks)
    details = re.search(r'action="(/t/[^"]+)"', thanks.text)[1]
    assert is_rivers(site.post(details, {"comment": "My line."}))
    mails = site.mails(address(0))
    assert {mail["From"] for mail in mails} == {"Bo Lund <bo@river.example.org>"}
    texts = "".join(mail.get_body(("plain",)).get_content() for mail in mails)
    for purpose in "yx":
        url = re.search(rf"https://\S+/{purpose}/\S+", texts)[0]
        assert is_rivers(site.get(url))
        assert is_rivers(site.post(url))
    again = site.press(links(site, "vote").sign("night-bus"))
    assert not is_rivers(again)
    url = str(again.url)
    for page in (site.client.get(url), site.client.post(url, data={"zip": "97212"})):
        assert not is_rivers(page)
    for wrong in ("x", "-1", "f" * 14, "", "0"):
        assert site.client.get(f"{url.partition('?')[0]}?mail={wrong}").status_code == 200


def test_a_confirmation_that_no_mail_led_to_comes_from_the_usual_sender(site):
    site.post("/join", {"email": "new@example.net", "list-members": "on"})
    mail = site.mails("new@example.net")[-1]
    assert mail["From"] == "Juniper Street Action <news@example.org>"
    assert "River Watch" not in mail.get_body(("plain",)).get_content()


def test_a_brand_that_mailer_toml_no_longer_has_is_shown_as_the_usual_one(branded):
    site = Site(branded)
    removed = branded / "mailer.toml"
    kept = removed.read_text()
    removed.write_text(SETTINGS + PAGES)
    later = Site(branded)
    removed.write_text(kept)
    with later.client:
        assert not is_rivers(later.get(links(site, "river").update))
    for each in (site, later):
        each.store.close()


def test_a_petitions_own_page_and_mails_have_the_brand_and_sender_that_it_names(site):
    folder = site.root / "campaigns" / "petitions"
    folder.mkdir(exist_ok=True)
    text = TEXT.replace("closes: 2026-04-09\n", "brand: river\nsender: bo\n")
    (folder / "river-bus.md").write_text(text, encoding="utf-8")
    page = site.get("/petition/river-bus")
    assert is_rivers(page)
    assert "brand=river" in page.text
    form = {"first_name": "Eve", "last_name": "Lind", "zip": "97212", "email": "eve@example.com"}
    assert is_rivers(site.post("/petition/river-bus", {}))
    assert is_rivers(site.post("/petition/river-bus", form))
    (mail,) = site.mails("eve@example.com")
    assert mail["From"] == "Bo Lund <bo@river.example.org>"
    assert "River Watch" in mail.get_body(("plain",)).get_content()
    assert is_rivers(site.get(site.link_to("eve@example.com")))
    assert is_rivers(site.post(site.link_to("eve@example.com")))
    (receipt,) = [mail for mail in site.mails("eve@example.com") if "You signed" in mail["Subject"]]
    assert receipt["From"] == "Bo Lund <bo@river.example.org>"
