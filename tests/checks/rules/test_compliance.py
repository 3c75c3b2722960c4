"""What a mail owes its reader: a way out, an address, an honest sender, a text part."""

from __future__ import annotations

import pytest

from mailer.checks.finding import Severity
from mailer.checks.rules import compliance, text_part
from mailer.errors import Place
from tests.support.rendered_mails import changed, codes, find, one, sample, settled

FOOTER = "templates/partials/footer.mjml"
MESSAGE = "templates/message.txt"
UNSUBSCRIBE = '<a href="{{ links.unsubscribe }}"><strong>unsubscribe</strong></a>'
IN_TEXT = "<{{ links.unsubscribe }}>"
IN_TEXT_ADDRESS = '(brand.name ~ ", " ~ brand.address)'
ADDRESS = "{{ brand.name | e }}, {{ brand.address | e }}"


MAY_UNSUBSCRIBE = '{{ t.may_unsubscribe(unsubscribe, "</strong></a>") }}'
# with the words of English in the footer, so that they can be changed
MAIL = changed(
    changed(sample("night-bus"), FOOTER, MAY_UNSUBSCRIBE, f"You may {UNSUBSCRIBE} at any time."),
    MESSAGE,
    "{{ t.unsubscribe }}",
    "Unsubscribe",
)
WHOLE = MAIL.files[MESSAGE]


def footer(old, new):
    return changed(MAIL, FOOTER, old, new)


def message(old, new):
    return changed(MAIL, MESSAGE, old, new)


def sender(**values):
    return settled(MAIL, sender=values)


def site(url):
    return settled(MAIL, site={"base_url": url})


def address(text):
    return settled(MAIL, brand={"address": text})


PAIRS = [
    (compliance.UNSUBSCRIBE_MISSING, footer(UNSUBSCRIBE, "unsubscribe"), footer(UNSUBSCRIBE, UNSUBSCRIBE.replace("unsubscribe</", "leave</"))),
    (compliance.UNSUBSCRIBE_MISSING, footer("links.unsubscribe", "links.update"), footer("unsubscribe</strong>", "sign off</strong>")),
    (compliance.UNSUBSCRIBE_MISSING, message(IN_TEXT, "by mail"), message("Unsubscribe <", "Leave <")),
    (compliance.UNSUBSCRIBE_HIDDEN, footer("You may <a", 'You may <a style="display: none"'), footer("You may <a", 'You may <a style="display: inline"')),
    (compliance.UNSUBSCRIBE_HIDDEN, footer("<strong>unsubscribe", '<strong style="font-size:1px">unsubscribe'), footer("<strong>unsubscribe", '<strong style="font-size:11px">unsubscribe')),
    (compliance.UNSUBSCRIBE_HIDDEN, footer("<strong>unsubscribe</strong>", ""), footer("<strong>unsubscribe</strong>", "leave")),
    (compliance.ADDRESS_MISSING, footer(ADDRESS, ""), footer(ADDRESS, "{{ brand.address | upper | e }}")),
    (compliance.ADDRESS_MISSING, message(IN_TEXT_ADDRESS, "brand.name"), message(IN_TEXT_ADDRESS, "brand.address")),
    (compliance.ADDRESS_MISSING, address(" "), address("12 Juniper Street,\nFairhaven, OR 97001")),
    (compliance.ONE_CLICK, site("http://mail.example.org"), site("https://mail.example.org/lists")),
    (compliance.SITE_LOCAL, site("http://localhost:8080"), site("https://localhost.example.org")),
    (compliance.SITE_LOCAL, site("https://192.168.0.7"), site("https://mail.example.org")),
    (compliance.FREE_MAIL, sender(email="juniperstreet@gmail.com"), sender(email="gmail@example.com")),
    (compliance.FREE_MAIL, sender(reply_to="juniperstreet@Yahoo.com"), sender(reply_to="yahoo.com@example.org")),
    (compliance.NO_REPLY, sender(reply_to="no-reply@example.org"), sender(reply_to="reply@example.org")),
    (compliance.NO_REPLY, sender(email="donotreply@example.org", reply_to=""), sender(email="donotreply@example.org", reply_to="hello@example.org")),
    (text_part.TEXT_MISSING, message(WHOLE, ""), MAIL),
    (text_part.TEXT_DIFFERENT, message("{{ body }}", ""), message("{{ brand.about", "{{ brand.legal")),
]  # fmt: skip


@pytest.mark.parametrize(("code", "bad", "good"), PAIRS)
def test_a_mail_trips_the_rule_and_another_just_does_not(code, bad, good):
    assert code in codes(bad)
    assert code not in codes(good)


def test_the_sample_settings_and_layouts_owe_nothing():
    assert [finding for finding in find(MAIL) if finding.code in vars(compliance).values()] == []


def test_a_missing_address_is_found_where_it_is_missing():
    in_mail = one(footer(ADDRESS, ""), compliance.ADDRESS_MISSING)
    assert in_mail.message == "your postal address is missing from the mail"
    assert in_mail.place == Place("templates/petition.mjml")
    in_text = one(message(IN_TEXT_ADDRESS, "brand.name"), compliance.ADDRESS_MISSING)
    assert in_text.place == Place("templates/message.txt")
    assert one(address(" "), compliance.ADDRESS_MISSING).place == Place("mailer.toml")


def test_a_hidden_link_is_found_where_it_is_and_a_missing_one_in_the_layout():
    hidden = one(
        footer("You may <a", 'You may <a style="display:none"'), compliance.UNSUBSCRIBE_HIDDEN
    )
    assert hidden.place.path == FOOTER
    missing = one(footer(UNSUBSCRIBE, "unsubscribe"), compliance.UNSUBSCRIBE_MISSING)
    assert missing.place == Place("templates/petition.mjml")


def test_a_trial_on_this_computer_is_a_warning_and_a_private_network_an_error():
    assert one(site("http://127.0.0.1:8080"), compliance.SITE_LOCAL).severity is Severity.WARNING
    assert compliance.ONE_CLICK not in codes(site("http://127.0.0.1:8080"))
    assert one(site("https://10.0.0.4"), compliance.SITE_LOCAL).severity is Severity.ERROR


def test_a_sender_at_a_free_provider_is_an_error_and_replies_there_a_warning():
    assert one(sender(email="a@gmail.com"), compliance.FREE_MAIL).severity is Severity.ERROR
    assert one(sender(reply_to="a@gmail.com"), compliance.FREE_MAIL).severity is Severity.WARNING


def test_a_different_text_part_says_what_it_lacks():
    found = one(message("{{ body }}", ""), text_part.TEXT_DIFFERENT)
    assert 'such as "petition directors every' in found.message
