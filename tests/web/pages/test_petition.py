"""Petitions on the pages: signed from a mail, signed by anybody, confirmed, withdrawn."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from mailer.campaigns.petition import parse
from mailer.ledger.signature import SignatureState, Signer
from mailer.lists.membership import SuppressionReason
from mailer.lists.request import RecipientRequest, RequestKind, RequestLimits
from tests.support.petitions import PATH, TEXT
from tests.web.conftest import Site, eml
from tools.projects.project import NOW, address, open_store, start

PETITION = TEXT.replace("closes: 2026-04-09\n", "")
ANA = "ana@example.com"
PAGE = "/petition/night-bus"
FORM = {"email": ANA, "first_name": "Ana", "last_name": "Ruiz", "zip": "97212"}


DETAILS = "what you added"
"""In the subject of the mail that asks to confirm what was typed beside a signature."""


def details_link(site):
    """The link in the last such mail."""
    mails = [mail for mail in site.mails(address(0)) if DETAILS in mail["Subject"]]
    return re.search(r"https://\S+/y/\S+", mails[-1].get_body(("plain",)).get_content())[0]


@pytest.fixture
def root(root):
    write(root)
    return root


def write(root, text=PETITION, name="night-bus"):
    folder = root / "campaigns" / "petitions"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.md").write_text(text, encoding="utf-8")


def link(site, subscriber=1, petition="night-bus"):
    return site.links(subscriber).sign(petition)


def wording(page):
    """The digest of the words that a page shows."""
    return re.search(r'name="wording" value="(\w+)"', page.text)[1]


def sign(site, subscriber=1):
    """What the button of a mail's page sends, also when there is no such page any more."""
    text = (site.root / PATH).read_text(encoding="utf-8")
    return site.post(link(site, subscriber), {"wording": parse(PATH, text).wording})


def counts(site):
    found = site.store.petitions.counts("night-bus")
    return found.pending, found.signed, found.withdrawn, found.invalid


def signature(site, email=ANA):
    return site.store.petitions.find("night-bus", email=email)


def withdraw_link(site, email):
    text = site.mails(email)[-1].get_body(("plain",)).get_content()
    return re.search(r"https://\S+/x/\S+", text)[0]


# ---------------------------------------------------------------- from a mail


def test_a_mails_link_shows_the_statement_and_one_button_and_no_name(site):
    page = site.get(link(site)).text
    assert "Run every trunk line until one in the morning." in page
    assert "p***@e***.org" in page
    assert page.count("<button") == 1
    assert "Add my name" in page
    assert "Persona" not in page
    assert address(0) not in page


def test_pressing_the_button_signs_once_however_often(site):
    for _ in range(3):
        page = site.press(link(site))
        assert page.status_code == 200
        assert "Thank you for signing" in page.text
    assert counts(site) == (0, 1, 0, 0)
    assert signature(site, address(0)).first_name == "Persona"
    (receipt,) = site.mails(address(0))
    assert receipt["Subject"] == "You signed: Bring back the last bus home"


def test_the_button_leads_to_a_page_that_signs_nothing_when_it_is_loaded_again(site):
    words = {"wording": wording(site.get(link(site)))}
    tabs = [site.post(link(site), words) for _ in range(2)]
    assert [answer.status_code for answer in tabs] == [303, 303]
    site.mails()
    state = site.state()
    for answer in tabs * 2:
        assert "Thank you for signing" in site.get(answer.headers["location"]).text
    assert site.state() == state
    assert counts(site) == (0, 1, 0, 0)


@pytest.mark.parametrize(
    "form", [{}, {"wording": ""}, {"wording": "x"}, {"List-Unsubscribe": "One-Click"}]
)
def test_a_program_that_posts_without_the_page_signs_nothing(site, form):
    before = site.state()
    answer = site.post(link(site), form)
    assert "Add my name" in answer.text
    assert site.state() == before


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT"])
def test_looking_signs_nothing(site, method):
    before = site.state()
    for url in (link(site), PAGE):
        site.client.request(method, url.removeprefix("https://mail.example.org"))
    assert site.state() == before


def test_a_token_of_another_petition_purpose_or_test_mail_signs_nothing(site):
    write(site.root, name="rivers")
    token = link(site).rpartition("/")[2]
    before = site.state()
    others = [
        site.links().unsubscribe.rpartition("/")[2],
        site.links().view.rpartition("/")[2],
        site.keys.passing("withdraw", 1, site.clock()),
        token[:-1] + ("A" if token[-1] != "A" else "B"),
    ]
    for path in [f"/s/rivers/{token}", f"/s/other/{token}", *(f"/s/night-bus/{t}" for t in others)]:
        assert site.post(path).status_code == 404
    for purpose in "upjmlownytkx":
        assert site.post(f"/{purpose}/{token}").status_code == 404
    assert "This is a test e-mail" in site.post(site.links(send=0).sign("night-bus")).text
    assert site.state() == before


def test_a_damaged_link_is_repaired_as_others_are(site):
    assert "Thank you" in site.press(link(site) + ">.").text
    assert counts(site) == (0, 1, 0, 0)


def test_the_receipt_takes_the_name_off_and_the_forwarded_link_cannot_put_it_back(site):
    site.press(link(site))
    url = withdraw_link(site, address(0))
    assert "Take your name off?" in site.get(url).text
    assert counts(site) == (0, 1, 0, 0)
    for _ in range(2):
        assert "Your name is off the petition" in site.post(url).text
    assert counts(site) == (0, 0, 1, 0)
    page = site.press(link(site)).text
    assert "Your name is not on the petition" in page
    assert counts(site) == (0, 0, 1, 0)


def test_missing_details_are_asked_for_after_signing_and_nothing_stored_is_shown(site):
    page = site.press(link(site)).text
    assert "Persona" not in page
    assert 'name="first_name"' not in page
    assert 'name="last_name"' in page
    action = re.search(r'action="(/t/[^"]+)"', page)[1]
    changed = site.post(action, {"last_name": "Ruiz", "zip": "97212", "first_name": "Eve"})
    assert changed.status_code == 200
    site.post(details_link(site))
    found = signature(site, address(0))
    assert (found.first_name, found.last_name, found.city) == ("Persona", "Ruiz", "Portland")
    site.post(action, {"last_name": "Other", "zip": "97201"})
    site.post(details_link(site))
    assert signature(site, address(0)) == found
    assert site.post(action, {"last_name": "x"}).status_code == 200
    site.clock.ahead = timedelta(hours=25)
    assert site.post(action).status_code == 404


def test_a_name_and_a_place_typed_with_a_forwarded_mail_wait_for_the_mailbox(site):
    action = re.search(r'action="(/t/[^"]+)"', site.press(link(site)).text)[1]
    answer = site.post(action, {"last_name": "Friend", "zip": "97212"}).text
    assert "counts once you confirm it there" in answer
    assert 'name="last_name"' not in answer
    assert 'name="comment"' in answer
    bare = signature(site, address(0))
    assert (bare.last_name, bare.zip, bare.city, bare.state) == ("", "", "", "")
    (mail,) = [mail for mail in site.mails(address(0)) if DETAILS in mail["Subject"]]
    assert "Friend" not in mail.as_string()
    confirm = site.get(details_link(site)).text
    assert "Friend" in confirm
    assert "97212" in confirm
    assert "Portland, OR" in confirm
    assert signature(site, address(0)) == bare
    assert "Thank you for signing" in site.post(details_link(site)).text
    signed = signature(site, address(0))
    assert (signed.last_name, signed.zip, signed.state) == ("Friend", "97212", "OR")
    assert counts(site) == (0, 1, 0, 0)


def test_a_comment_by_somebody_with_a_forwarded_mail_is_not_shown_until_the_mailbox_confirms_it(
    site,
):
    page = site.press(link(site)).text
    action = re.search(r'action="(/t/[^"]+)"', page)[1]
    typed = {"comment": "I never wrote this.", "comment_public": "yes"}
    answer = site.post(action, typed).text
    assert "counts once you confirm it there" in answer
    assert 'name="comment"' not in answer
    assert signature(site, address(0)).comment == ""
    assert "I never wrote this." not in site.get(PAGE).text
    (mail,) = [mail for mail in site.mails(address(0)) if DETAILS in mail["Subject"]]
    text = mail.get_body(("plain",)).get_content()
    assert "I never wrote this." not in text
    url = re.search(r"https://\S+/y/\S+", text)[0]
    confirm = site.get(url).text
    assert "I never wrote this." in confirm
    assert "is shown to everybody" in confirm
    assert signature(site, address(0)).comment == ""
    assert "Thank you for signing" in site.post(url).text
    assert "I never wrote this." in site.get(PAGE).text
    assert counts(site) == (0, 1, 0, 0)


def test_a_comment_from_a_mail_is_shown_only_where_that_was_ticked(site):
    action = re.search(r'action="(/t/[^"]+)"', site.press(link(site)).text)[1]
    site.post(action, {"comment": "For you only."})
    (mail,) = [mail for mail in site.mails(address(0)) if DETAILS in mail["Subject"]]
    url = re.search(r"https://\S+/y/\S+", mail.get_body(("plain",)).get_content())[0]
    assert "is for us alone" in site.get(url).text
    site.post(url)
    assert signature(site, address(0)).comment == "For you only."
    assert "For you only." not in site.get(PAGE).text


@pytest.mark.parametrize("purpose", ["signed", "confirmed"])
def test_nothing_can_be_added_to_a_signature_that_was_withdrawn(site, purpose):
    site.press(link(site))
    site.mails()
    id_ = signature(site, address(0)).id
    site.store.petitions.withdraw(id_, now=NOW)
    path = f"/{'t' if purpose == 'signed' else 'k'}/{site.keys.passing(purpose, id_, site.clock())}"
    before = site.state()
    answer = site.post(path, {"last_name": "Ruiz", "comment": "My line.", "consent": "yes"})
    assert "Your name is not on the petition" in answer.text
    assert site.state() == before


def test_a_comment_beside_a_signature_that_was_withdrawn_counts_for_nothing(site):
    action = re.search(r'action="(/t/[^"]+)"', site.press(link(site)).text)[1]
    site.post(action, {"comment": "My line.", "comment_public": "yes"})
    url = next(
        found[0]
        for mail in site.mails(address(0))
        if (found := re.search(r"https://\S+/y/\S+", mail.get_body(("plain",)).get_content()))
    )
    site.store.petitions.withdraw(signature(site, address(0)).id, now=NOW)
    site.post(url)
    assert (signature(site, address(0)).comment, counts(site)) == ("", (0, 0, 1, 0))


def test_the_link_in_a_forwarded_mail_adds_no_comment_to_a_signature_from_the_page(site):
    site.post(PAGE, FORM | {"email": address(0)})
    site.post(site.link_to(address(0)))
    assert signature(site, address(0)).how == "page"
    action = re.search(r'action="(/t/[^"]+)"', site.press(link(site)).text)[1]
    site.post(action, {"comment": "I never wrote this.", "comment_public": "yes"})
    assert signature(site, address(0)).comment == ""


def test_a_wrong_detail_comes_back_with_what_was_typed(site):
    action = re.search(r'action="(/t/[^"]+)"', site.press(link(site)).text)[1]
    page = site.post(action, {"last_name": "Ruiz", "zip": "00000"})
    assert page.status_code == 422
    assert 'value="Ruiz"' in page.text
    assert signature(site, address(0)).last_name == ""


def test_somebody_on_the_list_is_not_asked_to_join_it(site):
    assert "write to me about buses" not in site.press(link(site)).text


def test_somebody_who_left_may_choose_to_join_and_confirms_that_by_mail(site):
    site.store.subscribers.unsubscribe("members", address(0), how="form", now=NOW)
    page = site.press(link(site)).text
    assert "write to me about buses" in page
    assert "checked" not in page
    assert len(site.mails(address(0))) == 1
    action = re.search(r'action="(/t/[^"]+)"', page)[1]
    site.post(action, {"consent": "yes"})
    assert site.status(address(0)) == {"members": "unsubscribed"}
    kept = site.history(address(0)).elsewhere["signatures"][0]
    assert kept["consent"] == "Yes, write to me about buses."
    joins = [mail for mail in site.mails(address(0)) if "Please confirm" in mail["Subject"]]
    url = re.search(r"https://\S+/j/\S+", joins[0].get_body(("plain",)).get_content())[0]
    site.post(url)
    assert site.status(address(0)) == {"members": "subscribed"}


def test_somebody_who_was_erased_is_led_to_the_public_page(site):
    site.store.subscribers.erase(address(0), now=NOW)
    for answer in (site.get(link(site)), sign(site)):
        assert answer.status_code == 303
        assert answer.headers["location"] == "https://mail.example.org/petition/night-bus"
    assert counts(site) == (0, 0, 0, 0)


# ---------------------------------------------------------------- by anybody


def test_signing_by_anybody_takes_a_form_a_mail_and_a_button(site):
    page = site.post(PAGE, FORM | {"comment": "My line was cut.", "comment_public": "yes"})
    assert page.status_code == 200
    assert "look into your mailbox" in page.text
    url = site.link_to(ANA)
    assert counts(site) == (1, 0, 0, 0)
    confirm = site.get(url).text
    assert "a***@e***.com" in confirm
    assert "Ruiz" not in confirm
    assert counts(site) == (1, 0, 0, 0)
    for _ in range(2):
        assert "Thank you for signing" in site.post(url).text
    assert "Thank you for signing" in site.get(url).text
    assert counts(site) == (0, 1, 0, 0)
    assert (signature(site).public_name, signature(site).place) == ("Ana R.", "Portland, OR")
    assert site.history(ANA).subscriber is None
    shown = site.get(PAGE).text
    assert "My line was cut." in shown
    assert "Ana, Portland" in shown
    assert "Ruiz" not in shown


def test_a_comment_is_shown_only_where_that_was_ticked(site):
    site.post(PAGE, FORM | {"comment": "For you only."})
    site.post(site.link_to(ANA))
    assert signature(site).comment == "For you only."
    assert "For you only." not in site.get(PAGE).text


def test_a_comment_can_be_added_after_confirming(site):
    site.post(PAGE, FORM)
    page = site.post(site.link_to(ANA)).text
    action = re.search(r'action="(/k/[^"]+)"', page)[1]
    assert site.post(action, {"comment": "see evil.example.com"}).status_code == 422
    site.post(action, {"comment": "My line.", "comment_public": "yes"})
    assert "My line." in site.get(PAGE).text


def test_the_choice_to_join_is_separate_and_not_ticked(site):
    page = site.get(PAGE).text
    assert "Yes, write to me about buses." in page
    assert "checked" not in page
    site.post(PAGE, FORM | {"consent": "yes"})
    assert site.history(ANA).subscriber is None
    site.post(site.link_to(ANA))
    assert site.status(ANA) == {"members": "subscribed"}
    kept = site.history(ANA).elsewhere["signatures"][0]
    assert kept["consent_how"] == "petition page, confirmed by mail"


def test_the_same_is_said_of_an_address_that_is_known(site):
    site.press(link(site, 2))
    complained = "former@example.net"
    site.store.suppressions.suppress(complained, SuppressionReason.COMPLAINED, detail="", now=NOW)
    who = [ANA, address(0), address(1), complained]
    pages = [site.post(PAGE, FORM | {"email": email}) for email in who]
    said = {page.text.replace(email, "*") for page, email in zip(pages, who, strict=True)}
    assert len(said) == 1
    assert {mail["To"] for mail in site.mails()} == {ANA, address(0), address(1)}


@pytest.mark.parametrize("email", [ANA, address(1)])
def test_the_answer_takes_the_same_statements_for_every_address(site, email):
    """What depends on the address is done by the thread that mails."""
    site.press(link(site, 2))
    site.mails()
    seen = []
    connection = site.store.database.connection
    connection.set_trace_callback(seen.append)
    wish = RecipientRequest(
        RequestKind.SIGN, email, details={"petition": "night-bus", "wording": "w"}
    )
    site.store.requests.add(wish, limits=RequestLimits(3, 9, 9), now=NOW)
    connection.set_trace_callback(None)
    assert not any("signatures" in statement or "subscribers" in statement for statement in seen)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"email": "ana"}, "e-mail address"),
        ({"first_name": ""}, "Please write your first name."),
        ({"last_name": ""}, "Please write your last name."),
        ({"zip": ""}, "Please write your ZIP code."),
        ({"zip": "99999"}, "do not know this ZIP code"),
        ({"first_name": "Visit evil.example.com"}, "name only"),
        ({"comment": "buy at https://evil.example"}, "without links"),
        ({"comment": "x" * 501}, "500 characters"),
    ],
)
def test_a_form_with_a_mistake_comes_back_with_what_was_typed(site, wrong, message):
    before = site.state()
    page = site.post(PAGE, FORM | wrong)
    assert page.status_code == 422
    assert message in page.text
    assert 'role="alert"' in page.text
    assert site.state() == before


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ({"zip": "\uff19\uff17\uff12\uff11\uff12"}, {"zip": "97212"}),
        ({"zip": "\u0669\u0667\u0662\u0661\u0662"}, {"zip": "97212"}),
        ({"zip": "\u202a97212\u202c\u200b"}, {"zip": "97212"}),
        ({"first_name": "\ufeffAna\u200b"}, {"first_name": "Ana"}),
        ({"first_name": "\u0645\u06cc\u0631\u200c\u062d\u0633\u06cc\u0646"}, {}),
        ({"email": "\u200bana@example.com\u00ad"}, {"email": ANA}),
        ({"comment": "My\u200b line \u202ewas cut."}, {"comment": "My line was cut."}),
        ({"comment": "\u3164 \u2800\u200b"}, {"comment": ""}),
        ({"comment": f"Cut{chr(0x336) * 40}."}, {"comment": "Cut."}),
        ({"comment": "\U0001f600"}, {}),
    ],
)
def test_what_pasting_and_other_keyboards_write_is_understood(site, typed, kept):
    assert site.post(PAGE, FORM | typed).status_code == 200
    site.post(site.link_to(ANA))
    signed = signature(site)
    assert {name: getattr(signed, name) for name in typed} == typed | kept


@pytest.mark.parametrize(
    "typed",
    [
        "\U0001f600",
        "9\ufe0f\u20e37\ufe0f\u20e32\ufe0f\u20e31\ufe0f\u20e32\ufe0f\u20e3",
        "9721\u00b2",
    ],
)
def test_what_is_no_zip_code_is_told_so(site, typed):
    page = site.post(PAGE, FORM | {"zip": typed})
    assert (page.status_code, "do not know this ZIP code" in page.text) == (422, True)
    assert site.mails() == []


def test_mail_to_strangers_is_limited(site):
    for number in range(9):
        site.post(PAGE, FORM | {"email": f"ana+{number}@example.com"})
    assert len(site.mails("ana")) == 3
    assert site.post(PAGE, FORM).status_code == 200
    assert site.post(PAGE, FORM).status_code == 429


def test_a_stranger_who_never_confirms_is_set_aside_and_forgotten(site):
    site.post(PAGE, FORM)
    site.mails(ANA)
    site.store.petitions.expire(site.clock() + timedelta(days=1), now=NOW)
    assert counts(site) == (0, 0, 0, 1)
    assert signature(site) is None


# ---------------------------------------------------------------- the page


def test_the_page_shows_targets_progress_why_and_sources(site):
    site.press(link(site))
    page = site.get(PAGE)
    assert page.headers["x-robots-tag"] == "all"
    for part in (
        "<strong>To:</strong> The governors; State transit directors",
        "<strong>1</strong> signature of 50,000",
        "Why is this important?",
        'href="#source-1"',
        '<li id="source-1">',
        '<meta property="og:title" content="Bring back the last bus home">',
        '<meta property="og:url" content="https://mail.example.org/petition/night-bus">',
    ):
        assert part in page.text
    assert "<script" not in page.text
    assert "Allow: /petition/" in site.get("/robots.txt").text


def test_the_goal_rises_by_itself(site):
    write(site.root, PETITION.replace("50,000", "2"))
    site.press(link(site))
    page = site.get(PAGE).text
    assert "of 2<" in page
    assert "reached" not in page
    site.press(link(site, 2))
    page = site.get(PAGE).text
    assert "<strong>2</strong> signatures of 3<" in page
    assert "2 signatures reached" in page


@pytest.mark.parametrize("how", ["staff", "date"])
def test_a_closed_petition_is_shown_and_takes_no_more(site, how):
    site.post(PAGE, FORM)
    url = site.link_to(ANA)
    site.press(link(site))
    if how == "staff":
        site.store.petitions.close("night-bus", now=NOW)
    else:
        write(site.root, TEXT.replace("2026-04-09", "2020-04-09"))
    page = site.get(PAGE).text
    assert "This petition is closed." in page
    assert "<button" not in page
    assert site.get(link(site, 2)).status_code == 303
    assert sign(site, 2).status_code == 303
    site.post(PAGE, FORM | {"email": "b@example.com"})
    site.post(url)
    assert counts(site) == (1, 1, 0, 0)
    assert "off the petition" in site.post(withdraw_link(site, address(0))).text


def test_a_petition_that_is_not_open_yet_says_when(site):
    write(site.root, PETITION.replace("goal:", "opens: 2099-05-04\ngoal:"))
    page = site.get(PAGE).text
    assert "opens on May 4, 2099" in page
    assert sign(site).status_code == 303
    assert counts(site) == (0, 0, 0, 0)


def test_a_petition_that_does_not_exist_is_answered_like_any_wrong_link(site):
    for path in ("/petition/other", "/petition/..%2fvote", "/petition/Night-bus"):
        assert site.get(path).status_code == 404


def test_while_a_file_is_broken_its_last_version_is_shown(site):
    before = site.get(PAGE).text
    write(site.root, "---\ntitle: broken")
    assert site.get(PAGE).text == before
    write(site.root, PETITION.replace("last bus home", "first bus out"))
    assert "first bus out" in site.get(PAGE).text


def test_markup_in_what_people_type_is_shown_as_text(site):
    site.post(PAGE, FORM | {"comment": "<b>bold</b> & 'x'", "comment_public": "yes"})
    site.post(site.link_to(ANA))
    assert "&lt;b&gt;bold&lt;/b&gt; &amp;" in site.get(PAGE).text


def test_a_signature_that_staff_set_aside_is_not_thanked_for(site):
    site.press(link(site))
    site.store.petitions.invalidate([signature(site, address(0)).id], "test", now=NOW)
    assert "We cannot count this signature" in site.press(link(site)).text
    assert signature(site, address(0)).status is SignatureState.INVALID


def test_a_mail_in_a_browser_shows_the_count_of_now(root):
    path = root / "campaigns" / "buses.md"
    path.write_text(
        '---\nsubject: Sign\npreheader: x\nlist: members\npublic: true\n---\n{{ petition("night-bus") }}\n'
    )
    store = open_store(root)
    ids = [subscriber.id for subscriber in store.subscribers.audience("members")]
    for subscriber in ids[:2]:
        signer = Signer("night-bus", "w", subscriber_id=subscriber, send_id=1)
        store.petitions.sign(signer, now=NOW)
    start(root, "send", "buses", "--yes").communicate()
    for subscriber in ids[2:5]:
        signer = Signer("night-bus", "w", subscriber_id=subscriber, send_id=1)
        store.petitions.sign(signer, now=NOW)
    send = store.sends.all("buses")[0].id
    store.close()
    site = Site(root)
    mail = eml(root, address(0), "buses").get_body(("html",)).get_content()
    with site.client:
        assert re.search(r">2</strong> signatures of 50,000", mail)
        for url in (site.links(ids[0], send).view, "/c/buses"):
            assert re.search(r">5</strong> signatures of 50,000", site.get(url).text)
    site.store.close()


def edited(site):
    write(site.root, PETITION.replace("Bring back the last bus home", "Bring back two buses"))


def test_words_that_change_while_a_page_is_open_are_shown_before_anybody_signs_them(site):
    for url, typed in ((link(site), {}), (PAGE, FORM)):
        write(site.root)
        read = wording(site.get(url))
        edited(site)
        answer = site.post(url, typed | {"wording": read})
        assert answer.status_code == 409
        assert "have changed since you opened it" in answer.text
        assert "Bring back two buses" in answer.text
        assert counts(site) == (0, 0, 0, 0)
        assert site.mails() == []
    assert 'value="Ana"' in answer.text
    site.post(link(site), {"wording": wording(answer)})
    assert counts(site) == (0, 1, 0, 0)


def test_words_that_change_before_the_mail_is_confirmed_are_not_confirmed(site):
    site.post(PAGE, FORM)
    url = site.link_to(ANA)
    edited(site)
    for answer in (site.get(url), site.post(url)):
        assert answer.status_code == 409
        assert "have changed since you opened it" in answer.text
    assert counts(site) == (1, 0, 0, 0)
    site.post(PAGE, FORM)
    assert "Thank you for signing" in site.post(site.link_to(ANA)).text
    assert signature(site).status is SignatureState.SIGNED
    assert site.store.petitions.wordings("night-bus").keys() == {wording(site.get(PAGE))}


def test_a_name_can_be_taken_off_after_the_petition_s_file_is_gone(site):
    site.press(link(site))
    url = withdraw_link(site, address(0))
    (site.root / "campaigns" / "petitions" / "night-bus.md").unlink()
    assert "Take your name off?" in site.get(url).text
    assert "Your name is off the petition" in site.post(url).text
    assert counts(site) == (0, 0, 1, 0)
    for gone in (PAGE, link(site)):
        assert site.get(gone).status_code == 404


def test_the_mails_keep_a_long_address_in_one_line_and_link_to_it(root):
    base = "https://letters-and-petitions.the-long-name-of-an-organization.example.org"
    settings = (root / "mailer.toml").read_text(encoding="utf-8")
    (root / "mailer.toml").write_text(settings.replace("https://mail.example.org", base))
    site = Site(root)
    with site.client:
        site.press(link(site))
        (receipt,) = site.mails(address(0))
    site.store.close()
    text, html = (receipt.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert f"{base}{PAGE}" in text.splitlines()
    assert f'href="{base}{PAGE}"' in html
