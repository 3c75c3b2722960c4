from __future__ import annotations

import re
from datetime import timedelta

import pytest

from mailer.ledger.delivery import SendState
from mailer.lists.import_row import ImportRow
from mailer.lists.membership import SuppressionReason
from mailer.web.pages import rate_limits
from tests.web.conftest import Site, path
from tools.projects.project import NOW, address

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
ENCODINGS = {
    "urlencoded": {"data": ONE_CLICK},
    "multipart": {"files": {"List-Unsubscribe": (None, "One-Click")}},
}


def test_looking_at_any_link_changes_nothing(site):
    before = site.state()
    links = site.links()
    for url in (links.unsubscribe, links.update, links.view, links.forward):
        assert site.get(url).status_code == 200
        head = site.client.head(path(url))
        assert head.status_code == 200
        assert head.content == b""
    assert site.state() == before


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_one_click_unsubscribes_that_person_from_that_list_only(site, encoding):
    site.store.imports.import_rows("donors", [ImportRow(1, address(1))], source="", now=NOW)
    answer = site.client.post(path(site.links(2).unsubscribe), **ENCODINGS[encoding])
    assert answer.status_code == 200
    assert not answer.history
    unsubscribed = site.rows(
        "SELECT subscriber_id, how FROM memberships WHERE status = 'unsubscribed'"
    )
    assert unsubscribed == [(2, "one-click")]
    assert site.status(address(1)) == {"donors": "subscribed", "members": "unsubscribed"}
    assert site.rows("SELECT send_id, how FROM departures") == [(1, "one-click")]
    assert site.rows("SELECT count(*) FROM suppressions") == [(0,)]


@pytest.mark.parametrize("form", [ONE_CLICK, {}])
def test_leaving_by_mail_that_was_sent_after_the_backup_that_was_restored(site, form):
    """It is not known to which lists that mail went."""
    site.store.imports.import_rows("donors", [ImportRow(1, address(1))], source="", now=NOW)
    assert site.post(site.links(2, send=99).unsubscribe, form).status_code == 200
    assert site.status(address(1)) == {"donors": "unsubscribed", "members": "unsubscribed"}
    assert site.rows("SELECT address FROM suppressions") == [(address(1),)]
    again = site.post(site.links(2, send=99).unsubscribe, form)
    assert again.status_code == 200


def test_somebody_whom_the_ledger_does_not_know_is_not_told_that_it_is_done(site):
    before = site.state()
    assert site.post(site.links(9_999, send=99).unsubscribe, ONE_CLICK).status_code == 404
    assert site.state() == before


def test_the_page_names_the_list_and_masks_the_address(site):
    page = site.get(site.links().unsubscribe).text
    assert "Weekly letter" in page
    assert "p***@e***.org" in page
    assert address(0) not in page


def test_undo_restores_what_the_departure_changed(site):
    before = site.history(address(0)).memberships
    done = site.post(site.links().unsubscribe, {"scope": "list"})
    assert site.status(address(0)) == {"members": "unsubscribed"}
    assert site.post(undo_in(done)).status_code == 200
    after = site.history(address(0)).memberships
    assert [(m.list_name, m.status) for m in after] == [(m.list_name, m.status) for m in before]


def test_leaving_everything_suppresses_until_it_is_undone(site):
    done = site.post(site.links().unsubscribe, {"scope": "everything"})
    assert site.history(address(0)).suppression is SuppressionReason.UNSUBSCRIBED
    assert address(0) not in {s.email for s in site.store.subscribers.audience("members")}
    site.post(undo_in(done))
    assert site.history(address(0)).suppression is None
    assert address(0) in {s.email for s in site.store.subscribers.audience("members")}


def test_undo_lifts_no_suppression_that_was_there_before(site):
    site.store.suppressions.suppress(address(0), SuppressionReason.BOUNCED, detail="", now=NOW)
    done = site.post(site.links().unsubscribe, {"scope": "everything"})
    site.post(undo_in(done))
    assert site.history(address(0)).suppression is SuppressionReason.BOUNCED


def test_undo_brings_back_nobody_who_has_left_again_since(site):
    first = site.post(site.links().unsubscribe)
    site.post(undo_in(first))
    site.clock.ahead = timedelta(minutes=5)
    site.post(site.links().unsubscribe)
    site.post(undo_in(first))
    assert site.status(address(0)) == {"members": "unsubscribed"}


def test_undo_works_for_a_day(site):
    done = site.post(site.links().unsubscribe)
    site.clock.ahead = timedelta(hours=25)
    assert site.post(undo_in(done)).status_code == 404
    assert site.status(address(0)) == {"members": "unsubscribed"}


def test_an_old_departure_is_not_undone_by_pressing_the_button_again(site):
    site.post(site.links().unsubscribe)
    site.clock.ahead = timedelta(hours=25)
    again = site.post(site.links().unsubscribe)
    assert again.status_code == 200
    assert "/undo/" not in again.text


def test_pressing_twice_is_one_departure_that_can_be_undone(site):
    form = hidden(site.get(site.links().unsubscribe))
    for _ in range(2):
        done = site.post(site.links().unsubscribe, form)
    assert site.rows("SELECT count(*) FROM departures") == [(1,)]
    site.post(undo_in(done))
    assert site.status(address(0)) == {"members": "subscribed"}


def test_a_second_visitor_is_handed_nobodys_undo(site):
    """The mail was forwarded: whoever has the link is not whoever left."""
    url = site.links().unsubscribe
    site.post(url, ONE_CLICK)
    assert "/undo/" not in site.post(url, hidden(site.get(url))).text
    site.post(site.links(2).unsubscribe, hidden(site.get(site.links(2).unsubscribe)))
    for form in (hidden(site.get(site.links(2).unsubscribe)), {}, {"visit": ""}, ONE_CLICK):
        again = site.post(site.links(2).unsubscribe, form)
        assert "/undo/" not in again.text
    assert site.status(address(0)) == site.status(address(1)) == {"members": "unsubscribed"}


def test_the_limit_of_an_undo_is_the_departures_age_whatever_its_token_says(site):
    site.post("/unsubscribe", {"email": address(0)})
    url = site.link_to(address(0))
    first = undo_in(site.post(url))
    site.clock.ahead = timedelta(hours=23)
    assert "/undo/" in site.get(url).text
    site.clock.ahead = timedelta(hours=25)
    for page in (site.get(url), site.post(url)):
        assert page.status_code == 200
        assert "/undo/" not in page.text
    (departure,) = site.rows("SELECT id FROM departures")
    fresh = f"/undo/{site.keys.passing('undo', departure[0], site.clock())}"
    assert "You are not subscribed" in site.get(fresh).text
    assert "You are not subscribed" in site.post(fresh).text
    assert site.post(first).status_code == 404
    assert site.history(address(0)).suppression is SuppressionReason.UNSUBSCRIBED


def test_a_mailed_link_to_leave_can_be_used_again_after_an_undo(site):
    site.post("/unsubscribe", {"email": address(0)})
    url = site.link_to(address(0))
    for _ in range(3):
        site.post(undo_in(site.post(url)))
        assert site.history(address(0)).suppression is None
        assert "<button>Unsubscribe" in site.get(url).text
    assert "You are unsubscribed" in site.post(url).text
    assert "You are unsubscribed" in site.get(url).text
    assert site.history(address(0)).suppression is SuppressionReason.UNSUBSCRIBED


def test_an_undo_used_up_says_how_things_are(site):
    done = site.post(site.links().unsubscribe, hidden(site.get(site.links().unsubscribe)))
    assert "<button>Undo" in site.get(undo_in(done)).text
    assert "You are subscribed again" in site.post(undo_in(done)).text
    site.clock.ahead = timedelta(minutes=5)
    site.post(site.links().unsubscribe)
    for page in (site.get(undo_in(done)), site.post(undo_in(done))):
        assert "You are not subscribed" in page.text
        assert "<button>" not in page.text


def test_a_reason_is_kept_with_the_departure(site):
    done = site.post(site.links().unsubscribe)
    answer = site.post(
        undo_in(done) + "/reason", {"reason": "too-many", "words": "two\r\na day" + "!" * 900}
    )
    assert answer.status_code == 200
    ((reason,),) = site.rows("SELECT reason FROM departures")
    assert reason.startswith("Too many e-mails: two a day!")
    assert len(reason) < 600


def test_whoever_leaves_in_the_middle_of_a_send_is_not_claimed_any_more(site):
    send, _ = site.store.sends.freeze(
        "next", "members", [1, 2, 3], query="", snapshot=b"", digest="", transport="outbox", now=NOW
    )
    site.store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    assert [c.subscriber.id for c in site.store.deliveries.claim(send.id, 1, now=NOW)] == [1]
    site.post(site.links(2).unsubscribe, ONE_CLICK)
    assert [c.subscriber.id for c in site.store.deliveries.claim(send.id, 5, now=NOW)] == [3]


def test_somebody_erased_is_told_so_and_can_press_the_button_all_the_same(site):
    url = site.links().unsubscribe
    site.store.subscribers.erase(address(0), now=NOW)
    assert "no longer on any of our lists" in site.get(url).text
    assert site.post(url, ONE_CLICK).status_code == 200
    assert site.rows("SELECT count(*) FROM departures") == [(0,)]


@pytest.mark.parametrize("subscriber", [0, 1])
def test_a_proof_changes_nothing(site, subscriber):
    before = site.state()
    links = site.links(subscriber, send=0)
    for url in (links.unsubscribe, links.update, links.view):
        assert "This is a test e-mail" in site.get(url).text
    assert site.post(links.unsubscribe, {"scope": "everything"}).status_code == 200
    assert site.post(links.unsubscribe, ONE_CLICK).status_code == 200
    assert site.post(links.update, {"first_name": "X"}).status_code == 200
    assert site.state() == before


@pytest.mark.parametrize(
    "added", [">", ".", "%0A", "%3E", ")", "%20", "=", "%E2%80%9D", "/", "?utm=1"]
)
def test_what_mail_programs_add_to_a_link_is_taken_off(site, added):
    assert "Weekly letter" in site.get(site.links().unsubscribe + added).text


@pytest.mark.parametrize("broken", ["=%0A", "%0D%0A", "=%0D%0A%20", "%20", "%C2%AD"])
def test_a_link_broken_in_two_is_put_together(site, broken):
    url = site.links().unsubscribe
    page = site.get(url[:-20] + broken + url[-20:])
    assert "Weekly letter" in page.text
    assert f'action="{path(url)}"' in page.text


def test_a_link_that_leads_nowhere_lets_people_unsubscribe_by_address(site):
    url = site.links().unsubscribe
    for bad in (
        url[:-1],
        url.replace("/u/", "/v/"),
        "/u/x",
        "/nothing/here",
        "/%00",
        "/u/" + "a" * 5000,
    ):
        page = site.get(bad)
        assert page.status_code == 404
        assert 'action="/unsubscribe"' in page.text


def test_typing_an_address_mails_a_link_that_unsubscribes_from_everything(site):
    site.post("/unsubscribe", {"email": " Person0@Example.org "})
    assert site.status(address(0)) == {"members": "subscribed"}
    url = site.link_to(address(0))
    before = site.state()
    assert "p***@e***.org" in site.get(url).text
    assert site.state() == before
    done = site.post(url)
    assert site.history(address(0)).suppression is SuppressionReason.UNSUBSCRIBED
    site.post(undo_in(done))
    assert site.history(address(0)).suppression is None


def test_the_same_is_said_of_an_address_that_nobody_has(site):
    known = site.post("/unsubscribe", {"email": address(0)})
    unknown = site.post("/unsubscribe", {"email": "someone@example.net"})
    assert known.status_code == unknown.status_code
    assert known.text.replace(address(0), "*") == unknown.text.replace("someone@example.net", "*")
    assert [mail["To"] for mail in site.mails()] == [address(0)]


def test_links_in_mails_expire(site):
    site.post("/unsubscribe", {"email": address(0)})
    url = site.link_to(address(0))
    site.clock.ahead = timedelta(days=31)
    assert site.post(url).status_code == 404
    assert site.history(address(0)).suppression is None


def test_one_address_gets_three_mails_a_day(site):
    for _ in range(5):
        assert site.post("/unsubscribe", {"email": address(0)}).status_code == 200
    assert len(site.mails(address(0))) == 3
    site.clock.ahead = timedelta(hours=25)
    site.post("/unsubscribe", {"email": address(0)})
    assert len(site.mails(address(0))) == 4


@pytest.mark.parametrize(
    "spelling", ["stranger+{}@example.net", "stranger@example.net", "Stranger+{}@EXAMPLE.net"]
)
def test_sub_addresses_are_one_mailbox(site, monkeypatch, spelling):
    monkeypatch.setattr(rate_limits, "BURST", 1000)
    for number in range(8):
        form = {"email": spelling.format(number), "list-members": "yes"}
        assert site.post("/join", form).status_code == 200
    assert len(site.mails()) == 3


@pytest.mark.parametrize(
    ("addresses", "mailed"),
    [("a{}@one.example.com", 4), ("a{0}@host{0}.example.com", 6)],
)
def test_a_domain_and_all_together_have_limits_that_servers_share(
    root, monkeypatch, addresses, mailed
):
    monkeypatch.setattr(rate_limits, "BURST", 1000)
    settings = (root / "mailer.toml").read_text()
    (root / "mailer.toml").write_text(
        settings.replace(
            "[pages]\n", "[pages]\nconfirmations_per_hour = 6\nconfirmations_per_domain = 4\n"
        )
    )
    servers = [Site(root), Site(root)]
    with servers[0].client, servers[1].client:
        answers = [
            servers[n % 2].post("/join", {"email": addresses.format(n), "list-members": "yes"})
            for n in range(9)
        ]
        assert [a.status_code for a in answers] == [200] * mailed + [503] * (9 - mailed)
        assert len(servers[0].mails()) == mailed
        assert servers[0].post(servers[0].links().unsubscribe, ONE_CLICK).status_code == 200
        servers[0].clock.ahead = timedelta(minutes=61)
        form = {"email": "late@one.example.com", "list-members": "yes"}
        assert servers[0].post("/join", form).status_code == 200
    for server in servers:
        server.store.close()


def test_a_stranger_can_end_mail_that_others_ask_for(site):
    join = {"email": "stranger+a@example.net", "list-members": "yes"}
    site.post("/join", join)
    (mail,) = site.mails()
    never = re.search(r"https://\S+/n/\S+", mail.get_body(("plain",)).get_content())[0]
    assert never in mail.get_body(("html",)).get_content()
    before = site.state()
    assert "stranger" not in site.get(never).text
    assert site.state() == before
    assert "no more such e-mail" in site.post(never).text
    for form in (join, join | {"email": "stranger+b@example.net"}):
        assert site.post("/join", form).status_code == 200
    assert len(site.mails()) == 1
    assert "stranger" not in str(site.rows("SELECT * FROM blocked_mailboxes"))
    assert "no more such e-mail" in site.get(never).text
    site.post(never, {"choice": "allow"})
    site.clock.ahead = timedelta(hours=25)
    site.post("/join", join)
    assert len(site.mails()) == 2


def test_one_client_is_stopped_from_asking_for_many(site):
    answers = [
        site.post("/unsubscribe", {"email": f"nobody{i}@example.net"}).status_code
        for i in range(12)
    ]
    assert answers == [200] * 10 + [429] * 2
    assert site.post(site.links().unsubscribe, ONE_CLICK).status_code == 200
    site.clock.ahead = timedelta(minutes=4)
    assert site.post("/unsubscribe", {"email": "a@example.net"}).status_code == 200


def hidden(page):
    """The form of a page to unsubscribe, as a browser sends it."""
    return {
        "scope": "list",
        "visit": page.text.partition('name="visit" value="')[2].partition('"')[0],
    }


def undo_in(page):
    return "/undo/" + page.text.partition('action="/undo/')[2].partition('"')[0]
