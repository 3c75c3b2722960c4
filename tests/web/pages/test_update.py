from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from mailer.ledger.delivery import DeliveryState, Result, SendState
from mailer.lists.import_row import ImportRow
from mailer.lists.membership import SuppressionReason
from tools.projects.project import NOW, address

OLD, NEW = address(0), "new.home@example.net"


def person(site, email):
    return site.history(email).subscriber


def test_what_is_filled_in_is_changed_and_the_rest_stays(site):
    site.store.subscribers.update(1, {"last_name": "Stays"}, now=NOW)
    page = site.post(
        site.links().update, {"first_name": " Zoë ", "last_name": "", "zip": "97212-1234"}
    )
    assert page.status_code == 200
    assert "Portland, OR" in page.text
    found = person(site, OLD)
    assert (found.first_name, found.last_name) == ("Zoë", "Stays")
    assert (found.zip, found.city, found.state) == ("97212", "Portland", "OR")
    assert (found.county, found.timezone) == ("Multnomah County", "America/Los_Angeles")


@pytest.mark.parametrize(
    "field",
    [{"zip": "99999"}, {"zip": "Portland"}, {"first_name": "x" * 81}, {"email": "not an address"}],
)
def test_nothing_is_saved_while_something_is_wrong(site, field):
    before = site.state()
    page = site.post(site.links().update, {"last_name": "Kept <b>", **field})
    assert page.status_code == 422
    assert 'aria-invalid="true"' in page.text
    assert "Kept &lt;b&gt;" in page.text
    assert site.state() == before


def test_the_page_shows_nothing_that_is_stored(site):
    details = {
        "first_name": "Anneliese",
        "last_name": "Ziegler",
        "zip": "97222",
        "city": "Milwaukie",
    }
    site.store.subscribers.update(1, details, now=NOW)
    for page in (
        site.get(site.links().update),
        site.post(site.links().update, {"first_name": "Q"}),
    ):
        assert not [value for value in (*details.values(), OLD) if value in page.text]


def test_leaving_a_topic_acts_at_once_and_joining_one_asks_the_mailbox(site):
    site.post(site.links().update, {"list-members": "stop", "list-alerts": "send"})
    assert site.status(OLD) == {"members": "unsubscribed"}
    site.post(site.link_to(OLD))
    assert site.status(OLD) == {"members": "unsubscribed", "alerts": "subscribed"}


def test_a_list_that_is_not_offered_cannot_be_chosen(site):
    site.post(site.links().update, {"list-secret": "send"})
    assert site.mails() == []
    assert "secret" not in {one.name for one in site.store.subscribers.lists()}


def move(site):
    site.post(site.links().update, {"email": NEW})
    return site.post(site.link_to(NEW))


def test_a_new_address_takes_effect_when_it_is_confirmed_there(site):
    site.post(site.links().update, {"email": NEW})
    url = site.link_to(NEW)
    before = site.state()
    assert site.get(url).status_code == 200
    assert site.state() == before
    assert site.history(NEW).subscriber is None
    assert site.post(url).status_code == 200
    assert site.status(NEW) == {"members": "subscribed"}
    assert site.status(OLD) == {"members": "unsubscribed"}
    assert site.post(url).status_code == 200


def test_details_follow_only_when_the_old_address_agrees(site):
    site.store.subscribers.update(1, {"last_name": "Ziegler", "zip": "97212"}, now=NOW)
    move(site)
    assert (person(site, NEW).first_name, person(site, NEW).last_name) == ("", "")
    site.post(site.link_to(OLD), {"choice": "follow"})
    found = person(site, NEW)
    assert (found.first_name, found.last_name, found.zip) == ("Persona", "Ziegler", "97212")
    assert site.status(NEW) == {"members": "subscribed"}


def test_the_old_address_can_take_a_move_back(site):
    move(site)
    site.post(site.link_to(OLD), {"choice": "keep"})
    assert site.status(OLD) == {"members": "subscribed"}
    assert site.status(NEW) == {"members": "unsubscribed"}
    assert person(site, NEW).first_name == ""


def test_taking_a_move_back_leaves_the_other_address_what_it_had(site):
    site.store.imports.import_rows("members", [ImportRow(1, NEW)], source="", now=NOW)
    move(site)
    site.post(site.link_to(OLD), {"choice": "keep"})
    assert site.status(NEW) == {"members": "subscribed"}


def test_taking_a_move_back_ends_every_change_of_address_and_closes_the_link(site):
    update = site.links().update
    for email in (NEW, "second@example.net"):
        site.post(update, {"email": email})
    confirmations = [site.link_to(email) for email in (NEW, "second@example.net")]
    site.post(confirmations[0])
    kept = site.post(site.link_to(OLD), {"choice": "keep"})
    assert "is closed" in kept.text
    assert "Forward it to a friend" in kept.text
    assert "We cannot do this by ourselves" in site.post(confirmations[1]).text
    assert "We do not write to this address" in site.get(confirmations[0]).text
    mailed = len(site.mails())
    for form in ({"email": "third@example.net"}, {"first_name": "Third"}):
        page = site.post(update, form)
        assert (page.status_code, "This link is closed" in page.text) == (410, True)
    site.clock.ahead = timedelta(days=400)
    site.post(
        "/unsubscribe", {"email": "somebody@example.net"}
    )  # by now, old requests are forgotten
    site.mails()
    assert site.get(update).status_code == 410
    assert len(site.mails()) == mailed
    assert site.status(OLD) == {"members": "subscribed"}
    assert site.post(site.links().unsubscribe).status_code == 200


def test_what_the_old_mailbox_answered_is_said_as_it_is_now(site):
    move(site)
    url = site.link_to(OLD)
    assert "as before" in site.post(url, {"choice": "keep"}).text
    site.post(site.links().unsubscribe)
    for page in (site.get(url), site.post(url)):
        assert "as before" not in page.text
        assert "not on our lists at the moment" in page.text


def test_changed_details_are_told_to_the_mailbox_and_put_back_from_there(site):
    site.store.subscribers.update(1, {"last_name": "Ziegler", "zip": "97212"}, now=NOW)
    before = person(site, OLD)
    site.post(site.links().update, {"first_name": "Friend", "zip": "10001"})
    site.post(site.links().update, {"first_name": "Foe", "last_name": "Other"})
    (mail,) = site.mails(OLD)
    assert "changed" in mail["Subject"]
    assert not [text for text in ("Friend", "Foe", "10001") if text in mail.as_string()]
    url = site.link_to(OLD)
    assert person(site, OLD).first_name == "Foe"
    assert "put back" in site.post(url, {"choice": "keep"}).text.lower()
    assert person(site, OLD) == before
    assert site.post(site.links().update, {"first_name": "Foe"}).status_code == 410
    assert person(site, OLD) == before


def test_a_change_that_was_the_readers_own_stays(site):
    site.post(site.links().update, {"first_name": "Zoë"})
    url = site.link_to(OLD)
    site.post(url, {"choice": "follow"})
    site.post(url, {"choice": "keep"})
    assert person(site, OLD).first_name == "Zoë"
    site.post(site.links().update, {"first_name": "Zoë"})  # nothing new, so nothing to tell
    assert len(site.mails()) == 1


def test_mail_still_to_go_out_goes_to_the_new_address_once(site):
    send, _ = site.store.sends.freeze(
        "next", "members", [1], query="", snapshot=b"", digest="", transport="outbox", now=NOW
    )
    move(site)
    (remaining,) = site.store.deliveries.remaining(send.id, now=NOW)
    assert (remaining.claim.subscriber.email, remaining.left_out) == (NEW, "")
    assert site.store.sends.counts(send.id).balanced


@pytest.mark.parametrize("moves", [[NEW], ["between@example.net", NEW]])
def test_a_campaign_that_came_to_the_old_address_does_not_come_to_the_new_one(site, moves):
    frozen = {"query": "", "snapshot": b"", "digest": "", "transport": "outbox", "now": NOW}
    send, _ = site.store.sends.freeze("next", "members", [1], **frozen)
    site.store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    (claim,) = site.store.deliveries.claim(send.id, 1, now=NOW)
    site.store.deliveries.record([Result(claim.delivery_id, DeliveryState.ACCEPTED)], now=NOW)
    for before, after in pairwise([OLD, *moves]):
        site.post(site.links(person(site, before).id).update, {"email": after})
        site.post(site.link_to(after))
    moved = person(site, NEW).id
    assert moved in set(site.store.deliveries.already_delivered("next"))
    assert site.store.sends.freeze("next", "members", [moved], **frozen)[1] == 0
    assert site.store.sends.freeze("another", "members", [moved], **frozen)[1] == 1


def test_a_move_asked_for_by_the_address_itself_changes_nothing(site):
    site.post(site.links().update, {"email": OLD})
    site.post(site.link_to(OLD))
    assert site.status(OLD) == {"members": "subscribed"}


def test_a_link_to_confirm_a_move_works_for_two_days(site):
    site.post(site.links().update, {"email": NEW})
    url = site.link_to(NEW)
    site.clock.ahead = timedelta(days=3)
    assert site.post(url).status_code == 404
    assert site.status(OLD) == {"members": "subscribed"}


def test_one_subscribers_link_mails_three_new_addresses_a_day(site):
    for number in range(5):
        site.post(site.links().update, {"email": f"victim{number}@example.net"})
    assert len(site.mails()) == 3


@pytest.mark.parametrize("reason", [SuppressionReason.COMPLAINED, SuppressionReason.MANUAL])
def test_an_address_that_wants_no_mail_gets_none(site, reason):
    site.store.suppressions.suppress(NEW, reason, detail="", now=NOW)
    page = site.post(site.links().update, {"email": NEW})
    assert page.status_code == 200
    assert site.mails() == []


def test_erasing_a_person_deletes_what_the_pages_keep(site):
    done = site.post(site.links().unsubscribe)
    site.post(
        done.text.partition('action="')[2].partition('"')[0] + "/reason", {"words": "private words"}
    )
    site.post("/unsubscribe", {"email": OLD})
    site.mails()
    site.store.subscribers.erase(OLD, now=NOW)
    assert OLD not in site.state()
    assert "private words" not in site.state()
    assert site.rows("SELECT count(*) FROM copies WHERE delivery_id = 1") == [(0,)]
    assert site.get(site.links().view).status_code == 404
