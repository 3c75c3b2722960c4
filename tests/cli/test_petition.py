"""`mailer petition`: check, status, export, invalidate, close."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from mailer.campaigns.petition import parse
from mailer.compiler import page_words
from mailer.errors import UsageError
from mailer.ledger.signature import SignatureState, Signer
from mailer.lists.membership import SuppressionReason
from mailer.lists.request import ConfirmationState, RequestKind
from mailer.reports import pdf
from mailer.reports.petition import line
from mailer.store.sql.petitions import MISCOUNTED
from tests.support.petitions import TEXT
from tests.support.ses_events import sample
from tools.projects.project import NOW, address, make_project

PETITION = TEXT.replace("closes: 2026-04-09\n", "")
WORDING = parse("campaigns/petitions/night-bus.md", PETITION).wording


@pytest.fixture
def root(tmp_path):
    root = make_project(tmp_path / "project", 12)
    folder = root / "campaigns" / "petitions"
    folder.mkdir()
    (folder / "night-bus.md").write_text(PETITION)
    return root


def sign(store, number, *, wording=WORDING, **details):
    subscriber = store.subscribers.history(address(number)).subscriber.id
    if details:
        store.subscribers.update(subscriber, details, now=NOW)
    return store.petitions.sign(
        Signer("night-bus", wording, subscriber_id=subscriber, send_id=1), now=NOW
    )


def edit(root, old, new):
    path = root / "campaigns" / "petitions" / "night-bus.md"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_status_counts_and_warns_of_another_wording(mailer, store):
    for number in range(3):
        sign(store, number, wording="w1")
    store.petitions.withdraw(store.petitions.find("night-bus", email=address(0)).id, now=NOW)
    code, output = mailer("petition", "status")
    assert code == 0
    assert [word for word in output.split() if word.isdigit()][:5] == ["3", "0", "2", "1", "0"]
    assert "2 people signed other words" in output
    _, output = mailer("petition", "status", "night-bus", "--json")
    (row,) = json.loads(output)
    assert (row["received"], row["signed"], row["state"]) == (3, 2, "open")


def test_a_new_petition_is_a_file_to_fill_in_and_never_written_over(root, mailer):
    code, output = mailer("petition", "new", "rivers")
    assert (code, "campaigns/petitions/rivers.md" in output) == (0, True)
    code, output = mailer("petition", "check", "rivers")
    assert code == 1
    assert '"TODO" is still to be written' in output
    path = root / "campaigns" / "petitions" / "rivers.md"
    path.write_text(path.read_text().replace("TODO ", ""))
    assert mailer("petition", "check", "rivers")[0] == 0
    path.write_text("Ours.")
    code, output = mailer("petition", "new", "rivers")
    assert (code, "is there already" in output, path.read_text()) == (2, True, "Ours.")


@pytest.mark.parametrize("name", ["Rivers", "../rivers", "a" * 25, "1-river"])
def test_a_name_that_cannot_stand_in_a_link_is_refused(root, mailer, name):
    before = sorted(root.rglob("*.md"))
    code, output = mailer("petition", "new", name)
    assert (code, "cannot be a petition's name" in output) == (2, True)
    assert sorted(root.rglob("*.md")) == before


def test_check_names_what_is_wrong_with_its_line(root, mailer):
    code, output = mailer("petition", "check", "night-bus")
    assert (code, "night-bus can be signed: no error" in output) == (0, True)
    edit(root, "A night bus", "TODO A [night bus](www.example.org)")
    code, output = mailer("petition", "check", "night-bus")
    assert code == 1
    assert 'petitions/night-bus.md:16: "TODO" is still to be written' in output
    assert "link-relative" in output


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("Run every trunk", "Run every " + "trunk " * 150, "petition-long"),
        ("title: Bring back", "title: Bring back " + "the bus " * 12, "petition-title"),
        ("list: members", "list: riders", "petition-list"),
        ("goal: 50,000", "goal: 50,000\ncloses: 2020-01-01", "petition-ended"),
    ],
)
def test_findings_of_a_petition(root, mailer, old, new, code):
    edit(root, old, new)
    assert f"[{code}]" in mailer("petition", "check", "night-bus")[1]


@pytest.mark.parametrize(
    ("dates", "summary"),
    [
        ("closes: 2020-01-01", "night-bus is closed: no error"),
        ("opens: 2099-05-04", "night-bus opens 2099-05-04: no error"),
    ],
)
def test_check_and_status_say_whether_a_petition_can_be_signed(root, mailer, dates, summary):
    edit(root, "goal: 50,000", f"goal: 50,000\n{dates}")
    code, output = mailer("petition", "check", "night-bus")
    assert (code, summary in output) == (0, True)
    state = json.loads(mailer("petition", "status", "--json")[1])[0]["state"]
    assert summary.startswith((f"night-bus is {state}:", f"night-bus {state}:"))


def test_a_petition_without_a_reason_is_warned_of(root, mailer):
    path = root / "campaigns" / "petitions" / "night-bus.md"
    path.write_text(path.read_text().partition("## Why")[0])
    assert "[petition-no-why]" in mailer("petition", "check", "night-bus")[1]


def test_a_petition_is_not_taken_for_a_campaign(root, mailer):
    path = "campaigns/petitions/night-bus.md"
    for command in ("check", "build", "send"):
        code, output = mailer(command, str(root / path))
        assert code == 2
        assert f"{path} is a petition, not a campaign" in output
        assert "mailer petition check night-bus" in output
    assert "night-bus" not in mailer("status")[1]
    code, output = mailer("petition", "check", "nihgt-bus")
    assert (code, 'Did you mean "night-bus"?' in output) == (2, True)


def test_the_csv_holds_no_address_and_no_formula(root, mailer, store):
    sign(store, 1, first_name="=HYPERLINK(1)", last_name="Ruiz", city="Salem", zip="97301")
    sign(store, 2)
    store.petitions.withdraw(sign(store, 3).id, now=NOW)
    code, output = mailer("petition", "export", "night-bus", "--csv")
    assert (code, "2 signatures to build/night-bus.csv" in output) == (0, True)
    text = (root / "build" / "night-bus.csv").read_text("utf-8-sig")
    assert "@" not in text
    rows = sorted(csv.DictReader(text.splitlines()), key=lambda row: row["name"])
    assert rows[0]["name"] == "'=HYPERLINK(1) R."
    assert (rows[0]["city"], rows[0]["zip"]) == ("Salem", "97301")


def test_only_comments_that_may_be_shown_are_handed_over(root, mailer, store):
    store.petitions.complete(sign(store, 1).id, {"comment": "secret"}, now=NOW)
    shown = {"comment": "shown", "comment_public": "yes"}
    store.petitions.complete(sign(store, 2).id, shown, now=NOW)
    mailer("petition", "export", "night-bus", "--csv")
    text = (root / "build" / "night-bus.csv").read_text("utf-8-sig")
    assert "shown" in text
    assert "secret" not in text


def test_the_pdf_is_a_document_of_all_signatures(root, mailer, store):
    pytest.importorskip("weasyprint", exc_type=OSError)
    sign(store, 1, first_name="Žofie", last_name="Černá", city="Salem", zip="97301")
    code, output = mailer("petition", "export", "night-bus", "--pdf", "--out", str(root / "x.pdf"))
    assert code == 0, output
    assert (root / "x.pdf").read_bytes().startswith(b"%PDF-")


def test_letters_without_a_font_are_an_error_and_no_empty_boxes(monkeypatch):
    fonts = [range(0x20, 0x7F), range(0x400, 0x500)]
    assert pdf.without_font("Ana Ольга \u200d", fonts) == set()
    assert pdf.without_font("Ana 王小", fonts) == {"王", "小"}
    pytest.importorskip("weasyprint", exc_type=OSError)
    monkeypatch.setattr(pdf, "covered", lambda: fonts)
    with pytest.raises(UsageError, match="no font on this machine has 小 王"):
        pdf.write("<p>王小", "王小")


@pytest.mark.parametrize("kind", ["--csv", "--pdf"])
def test_signatures_of_other_words_are_not_handed_over_under_these(root, mailer, store, kind):
    sign(store, 1)
    sign(store, 2, wording="another")
    code, output = mailer("petition", "export", "night-bus", kind)
    assert code == 2
    assert "signatures of other words than those" in output
    assert not list((root / "build").glob("night-bus.*"))
    code, output = mailer("petition", "export", "night-bus", "--csv", "--any-wording")
    assert (code, "Wrote 2 signatures" in output) == (0, True)


def test_export_asks_what_to_write(mailer):
    assert mailer("petition", "export", "night-bus")[0] == 2


def test_a_name_is_handed_over_as_first_name_initial_and_place(store):
    words = page_words.load(Path("nowhere"))
    full = sign(store, 1, first_name="Ana", last_name="Ruiz", city="Portland", zip="97212")
    assert line(full, words.get("en")) == "Ana R., Portland, WA 97212"
    nameless = sign(store, 2, first_name="", state="")
    assert line(nameless, words.get("en")) == "Name not given"
    assert line(nameless, words.get("es")) == "Sin nombre"


def test_signatures_are_set_aside_by_a_condition(mailer, store):
    for number in range(4):
        sign(store, number, zip="" if number else "97212")
    where = ("--where", 'recipient.zip == ""')
    code, output = mailer("petition", "invalidate", "night-bus", *where, "--dry-run")
    assert (code, "3 signatures are meant." in output) == (0, True)
    assert store.petitions.counts("night-bus").invalid == 0
    assert mailer("petition", "invalidate", "night-bus", *where)[0] == 2
    assert mailer("petition", "invalidate", "night-bus", *where, answers=["n"])[0] == 2
    assert store.petitions.counts("night-bus").signed == 4
    code, output = mailer("petition", "invalidate", "night-bus", *where, "--yes")
    assert (code, "3 set aside; 1 count." in output) == (0, True)
    assert store.petitions.counts("night-bus").invalid == 3
    for condition in ("", "recipient.phone == 1"):
        assert mailer("petition", "invalidate", "night-bus", "--where", condition)[0] == 2


def test_comments_are_hidden_and_their_signatures_count(mailer, store):
    for number, comment in enumerate(["Win at the casino", "My line was cut.", ""]):
        signature = sign(store, number)
        details = {"comment": comment, "comment_public": "yes"}
        store.petitions.complete(signature.id, details, now=NOW)
    arguments = ("petition", "hide-comments", "night-bus", "--where")
    where = "'casino' in recipient.fields.comment"
    code, output = mailer(*arguments, where, "--dry-run")
    assert (code, "Win at the casino" in output) == (0, True)
    assert len(store.petitions.comments("night-bus", 9)) == 2
    assert "1 comment is hidden" in mailer(*arguments, where)[1]
    (shown,) = store.petitions.comments("night-bus", 9)
    assert shown.comment == "My line was cut."
    again = json.loads(mailer(*arguments, where, "--json")[1])
    assert (again["chosen"], again["hidden"]) == (1, 0)
    assert store.petitions.counts("night-bus").signed == 3


def test_a_petition_is_closed_for_good(mailer, store):
    sign(store, 1)
    assert mailer("petition", "close", "night-bus")[0] == 2
    code, output = mailer("petition", "close", "night-bus", "--yes")
    assert (code, "closed, with 1 signature" in output) == (0, True)
    assert sign(store, 2) is None
    assert '"closed"' in mailer("petition", "status", "--json")[1]


def test_erasing_a_person_says_what_becomes_of_the_count(mailer, store):
    signature = sign(store, 1)
    assert "night-bus" in mailer("subscriber", "show", address(1))[1]
    assert json.loads(mailer("subscriber", "export", address(1))[1])["elsewhere"]["signatures"]
    code, output = mailer("subscriber", "erase", address(1), "--yes")
    assert code == 0
    assert "The signature is withdrawn, and counts no more, of: night-bus." in output
    assert store.petitions.get(signature.id).status is SignatureState.WITHDRAWN


def test_the_count_of_a_send_is_that_of_the_moment_it_was_frozen(root, mailer, store):
    campaign = (root / "campaigns" / "vote.md").read_text()
    (root / "campaigns" / "vote.md").write_text(campaign + '\n{{ petition("night-bus") }}\n')
    for number in range(4):
        sign(store, number)
    mailer("send", "vote", "--yes", "--limit", "3")
    sign(store, 5)
    code, output = mailer("send", "vote", "--yes", "--limit", "100")
    assert code == 0, output
    assert "has changed" not in output
    mails = list((root / "outbox" / "vote").glob("*.eml"))
    assert len(mails) == 12
    assert all("4 signatures of 50,000" in mail.read_text() for mail in mails)


def test_doctor_compares_the_counts_with_the_signatures(mailer, store):
    assert "petitions" not in mailer("doctor")[1]
    for number in range(3):
        sign(store, number)
    store.petitions.invalidate([sign(store, 4).id], "test", now=NOW)
    assert "1 petition, counted as their signatures are" in " ".join(mailer("doctor")[1].split())
    store.database.execute("UPDATE petitions SET signed = signed - 1, invalid = invalid + 1")
    code, output = mailer("doctor")
    assert code == 1
    assert "the counts of night-bus are not those of their rows" in " ".join(output.split())
    store.database.execute("DELETE FROM petitions")
    assert mailer("doctor")[0] == 1
    store.database.execute("INSERT INTO petitions (name) VALUES ('rivers')")
    assert store.database.rows(MISCOUNTED) == [("night-bus",)]


def test_an_audience_asks_who_has_signed(root, mailer, store):
    for number in (1, 2):
        sign(store, number)
    store.petitions.withdraw(sign(store, 3).id, now=NOW)
    path = root / "campaigns" / "vote.md"
    campaign = path.read_text()
    audience = 'list: members\naudience: not recipient.signed("night-bus")'
    path.write_text(campaign.replace("list: members", audience))
    code, output = mailer("send", "vote", "--dry-run", "--json")
    assert code == 0, output
    assert json.loads(output)["recipients"] == 10
    path.write_text(campaign)
    where = ("--where", 'recipient.signed("night-bus")', "--dry-run", "--json")
    assert json.loads(mailer("send", "vote", *where)[1])["recipients"] == 2


def test_a_petition_that_nobody_signed_yet_can_be_asked_about_in_the_campaign(root, mailer):
    path = root / "campaigns" / "vote.md"
    audience = 'list: members\naudience: not recipient.signed("night-bus")'
    path.write_text(path.read_text().replace("list: members", audience))
    _, output = mailer("send", "vote", "--dry-run", "--json")
    assert json.loads(output)["recipients"] == 12


def test_a_misspelled_petition_is_no_answer(mailer, store):
    sign(store, 1)
    code, output = mailer(
        "send", "vote", "--where", 'not recipient.signed("nihgt-bus")', "--dry-run"
    )
    assert code == 2
    assert 'nobody has signed "nihgt-bus"' in output
    assert 'Did you mean "night-bus"?' in output


def test_the_text_of_a_mail_cannot_ask_who_has_signed(root, mailer):
    path = root / "campaigns" / "vote.md"
    path.write_text(path.read_text() + '{% if recipient.signed("night-bus") %}x{% endif %}')
    code, output = mailer("send", "vote", "--dry-run")
    assert (code, "Conditions can ask for it" in output) == (2, True)


@pytest.mark.parametrize("how", ["closed", "closes", "opens"])
def test_a_mail_that_asks_to_sign_what_nobody_can_sign_is_refused(root, mailer, store, how):
    path = root / "campaigns" / "vote.md"
    path.write_text(path.read_text() + '\n{{ petition("night-bus") }}\n')
    assert "petition-closed" not in mailer("check", "vote")[1]
    if how == "closed":
        store.petitions.close("night-bus", now=NOW)
    else:
        edit(root, "goal:", f"{how}: {'2099' if how == 'opens' else '2020'}-01-01\ngoal:")
    code, output = mailer("check", "vote")
    assert code == 1
    assert 'campaigns/vote.md:16: the petition "night-bus"' in output
    assert "[petition-closed]" in output


def test_a_receipt_that_bounces_suppresses_the_address_and_leaves_the_signature(
    mailer, store, tmp_path
):
    signature = sign(store, 0)
    (receipt,) = store.requests.take_mails(1, now=NOW, stale=NOW)
    assert (receipt.wish.kind, receipt.wish.email) == (RequestKind.RECEIPT, address(0))
    store.requests.mails_ended({receipt.id: ConfirmationState.SENT}, now=NOW)
    bounced = {"emailAddress": address(0), "status": "5.1.1"}
    event = sample("bounce")
    event["mail"] |= {"messageId": "of-the-receipt", "destination": [address(0)], "tags": {}}
    event["bounce"] |= {"bounceType": "Permanent", "bouncedRecipients": [bounced]}
    file = tmp_path / "events.jsonl"
    file.write_text(json.dumps(event))
    code, output = mailer("events", "import", str(file))
    assert (code, "1 address suppressed" in output) == (0, True)
    assert store.suppressions.reason(address(0)) is SuppressionReason.BOUNCED
    assert store.petitions.find("night-bus", email=address(0)) == signature
    assert store.petitions.counts("night-bus").signed == 1
    # and no mail of the pages goes there any more
    other = Signer("rivers", "w1", subscriber_id=signature.subscriber_id, send_id=1)
    store.petitions.sign(other, now=NOW)
    assert store.requests.take_mails(9, now=NOW, stale=NOW) == []


def test_the_doctor_names_a_petition_whose_file_is_gone(root, mailer, store):
    sign(store, 1)
    (root / "campaigns" / "petitions" / "night-bus.md").unlink()
    output = " ".join(mailer("doctor")[1].split())
    assert "people have signed what has no file: campaigns/petitions/night-bus.md" in output


def test_a_mail_may_wait_for_the_first_signatures_of_a_place(root, mailer):
    """The first mail about a petition goes out while nobody has signed."""
    campaign = root / "campaigns" / "vote.md"
    count = '{% set here = petitions["night-bus"].states[recipient.state] %}'
    campaign.write_text(
        f"{campaign.read_text()}\n{count}{{% if here %}}{{{{ here }}}} of you.{{% endif %}}\n"
        "{% if recipient.state == 'Oregon' %}Rain.{% endif %}\n"
    )
    output = mailer("check", "vote")[1]
    assert "(recipient.state == 'Oregon'): it is true for none" in output
    assert (output.count("nobody sees"), "mappingproxy" in output) == (1, False)
