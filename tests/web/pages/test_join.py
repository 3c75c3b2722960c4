from __future__ import annotations

import pytest

from mailer.lists.membership import SuppressionReason
from tools.projects.project import NOW, address

ANA = "ana@example.com"
FORM = {"email": ANA, "first_name": "Ana", "zip": "97212", "list-members": "yes"}


def test_signing_up_takes_a_form_a_mail_and_a_button(site):
    assert site.post("/join", FORM).status_code == 200
    assert site.history(ANA).subscriber is None
    url = site.link_to(ANA)
    assert "Weekly letter" in site.get(url).text
    assert site.history(ANA).subscriber is None
    site.post(url)
    found = site.history(ANA)
    assert site.status(ANA) == {"members": "subscribed"}
    assert (found.subscriber.first_name, found.subscriber.city) == ("Ana", "Portland")
    assert found.consent_source.startswith("sign-up page, confirmed 20")


def test_the_same_is_said_of_an_address_that_is_known(site):
    new = site.post("/join", FORM)
    known = site.post("/join", FORM | {"email": address(0)})
    complained = "former@example.net"
    site.store.suppressions.suppress(complained, SuppressionReason.COMPLAINED, detail="", now=NOW)
    refused = site.post("/join", FORM | {"email": complained})
    said = {
        page.text.replace(who, "*")
        for page, who in [(new, ANA), (known, address(0)), (refused, complained)]
    }
    assert len(said) == 1
    assert {mail["To"] for mail in site.mails()} == {ANA, address(0)}


@pytest.mark.parametrize("leave", ["erase", "unsubscribed", "bounced"])
def test_whoever_comes_back_is_welcome(site, leave):
    if leave == "erase":
        site.store.subscribers.erase(address(0), now=NOW)
    else:
        site.store.suppressions.suppress(address(0), SuppressionReason(leave), detail="", now=NOW)
    site.post("/join", FORM | {"email": address(0)})
    site.post(site.link_to(address(0)))
    assert site.history(address(0)).suppression is None
    assert address(0) in {s.email for s in site.store.subscribers.audience("members")}


def test_a_complaint_in_between_is_not_lifted(site):
    site.post("/join", FORM)
    url = site.link_to(ANA)
    site.store.suppressions.suppress(ANA, SuppressionReason.COMPLAINED, detail="", now=NOW)
    assert "We cannot do this by ourselves" in site.post(url).text
    assert site.history(ANA).suppression is SuppressionReason.COMPLAINED


@pytest.mark.parametrize(
    "wrong", [{"email": ""}, {"email": "ana"}, {"zip": "99999"}, {"list-members": ""}]
)
def test_a_form_with_a_mistake_comes_back_with_what_was_typed(site, wrong):
    before = site.state()
    page = site.post("/join", FORM | wrong)
    assert page.status_code == 422
    assert 'role="alert"' in page.text
    assert 'value="Ana"' in page.text
    assert site.state() == before


def test_a_used_link_says_how_things_are(site):
    site.post("/join", FORM)
    url = site.link_to(ANA)
    assert "You are subscribed" in site.post(url).text
    assert "You are subscribed" in site.get(url).text
    site.store.subscribers.unsubscribe("members", ANA, how="form", now=NOW)
    for page in (site.get(url), site.post(url)):
        assert "You are not subscribed" in page.text
    assert site.status(ANA) == {"members": "unsubscribed"}


def test_a_confirmation_is_no_list_mail(site):
    site.post("/join", FORM)
    (mail,) = site.mails()
    assert mail["Auto-Submitted"] == "auto-generated"
    assert not [name for name in mail if name.startswith("List-")]
    html, text = (mail.get_body((kind,)).get_content() for kind in ("html", "plain"))
    assert html.startswith("<!doctype html>")
    assert site.link_to(ANA) in html
    assert site.link_to(ANA) in text
    assert not mail.defects


def test_markup_in_a_form_stays_text(site):
    page = site.post("/join", FORM | {"first_name": '"><script>alert(1)</script>', "zip": "x"})
    assert "<script" not in page.text
