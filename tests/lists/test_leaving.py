"""Who left, by files as offices have them: understood, or asked about; nobody is mailed by a guess."""

import io

import pytest

from mailer.errors import ImportFileError
from mailer.lists.importing import SubscriberFile
from mailer.lists.leaving import parse_statuses
from mailer.lists.standing import Standing
from tests.support.list_files import ASKED, mailable, table


@pytest.mark.parametrize(
    ("headings", "rows", "expected"),
    [
        # words of other systems
        ("EMAIL_BLACKLISTED,SMS_BLACKLISTED", ["no,yes", "yes,no"], "a"),
        ("Email Marketing Consent", ["SUBSCRIBED", "UNSUBSCRIBED", "NEVER_SUBSCRIBED"], "a"),
        ("Accepts Email Marketing,Accepts SMS Marketing", ["yes,no", "no,yes"], "a"),
        ("Marketing contact status", ["Marketing contact", "Non-marketing contact"], "a"),
        ("Member Status", ["Subscribed", "Removed", "Bounced"], "a"),
        ("is_excluded,is_unsubscribed", ["false,false", "true,false", "false,true"], "a"),
        ("Opted out of email: News,Invalid email address", [",", "true,", ",true"], "a"),
        ("Accepts Email,Email Status", ["TRUE,Good", "FALSE,Good", "TRUE,Hard Bounce"], "a"),
        ("Requests no email,Deceased,Inactive", ["No,No,No", "Yes,No,No", "No,No,Yes"], "a"),
        ("NOMAIL,NO_EMAIL", ["N,N", "N,Y"], "a"),
        ("Email delivery disabled", ["no", "yes"], "a"),
        ("emails_disabled", ["f", "t"], "a"),
        ("Status", ["Active member", "Inactive member"], "a"),
        ("Status", ["aktiv", "inaktiv"], "a"),
        ("Status", ["Subscribed", "Unsubscribed via a form on 3/4", "Spam complaint (AOL)"], "a"),
        ("Status,Email Status", ["Active,Subscribed", "Active,Unsubscribed"], "a"),
        ("Status", ["active", "Un\u00adsubscribed"], "a"),
        ("Status", ["1", "2"], ASKED),
        ("State", ["Active", "Unsubscribed"], ASKED),
        ("member_status_id", ["a", "o", "e"], ASKED),
        ("Status", ["Subscribed", "Previously subscribed"], ASKED),
        ("Status", ["Subscribed", "subscribed; cleaned"], ASKED),
        # headings that deny
        ("Not opted in", ["0", "1"], "a"),
        ("Not subscribed", ["no", "yes"], "a"),
        ("No consent", ["no", "yes"], "a"),
        ("Unconfirmed", ["no", "yes"], "a"),
        ("Not active", ["no", "yes"], "a"),
        ("Email not valid", ["no", "yes"], "a"),
        ("Not unsubscribed", ["no", "yes"], ASKED),
        ("Never bounced", ["no", "yes"], ASKED),
        ("Don\u2019t email", ["", "x"], "a"),
        ("D\u00e9sabonn\u00e9", ["non", "oui"], "a"),
        ("activated,deactivated", ["2020-01-02,0", "2020-01-02,2021-01-01", "0,0"], "a"),
        ("ContactStatus", ["Subscribed", "Isp complained"], "a"),
        ("Take me off the list", ["", "x"], "a"),
        ("Stop sending me mail", ["", "x"], "a"),
        # yes and no
        ("Opt out", ["FAUX", "VRAI"], "a"),
        ("Opt out", ["FALSCH", "WAHR"], "a"),
        ("Opt out", ["0.0", "1.0"], "a"),
        ("Opt out", ["[ ]", "[x]"], "a"),
        ("Opt out", ["\u274c", "\u2705"], "a"),
        ("Opt out", ["0", "-1"], ASKED),
        ("Unsubscribed", ["no", "yes (by phone)"], "a"),
        ("Unsubscribed", ["", "March newsletter"], ASKED),
        ("Do Not Email", ["NO", "YES!"], "a"),
        ("May we email you?", ["Yes please", "No thanks"], "a"),
        ("Subscribed", ["x", ""], ASKED),
        # dates
        ("Unsubscribed at", ["Never", "2024-01-02"], "a"),
        ("Unsubscribed at", ["\u2014", "2024-01-02"], "a"),
        ("Unsubscribed at", ["0000-00-00 00:00:00", "2024-01-02 11:00:00"], "a"),
        ("Unsubscribed at", ["0", "1704067200"], "a"),
        ("Unsubscribed at", ["", '"Tue, 02 Jan 2024 10:00:00 GMT"'], "a"),
        ("Left on", ["", "March 3 2024"], "a"),
        ("Opt-in date", ["2024-01-02", ""], ASKED),
        ("Opt-in date", ["2024-01-02", "2024-01-03"], "ab"),
        ("Active since", ["2024", ""], "ab"),
        # reasons without a departure
        ("Unsubscribed,Bounce type", [",", "yes,", ",hard"], ASKED),
        ("Unsubscribed,Hard bounce reason", [",", "yes,NO_USER"], "a"),
        ("Unsubscribed,Unsubscribe link", [",https://example.org/u/1", "yes,"], "a"),
        # columns about mail that are not known
        ("Mailing list", ["Yes", "No"], ASKED),
        ("On mailing list", ["Yes", "No"], ASKED),
        ("E-mail ok", ["Y", "N"], ASKED),
        ("Email alerts", ["On", "Off"], ASKED),
        ("Email valid", ["yes", "no"], ASKED),
        ("Verification result", ["valid", "invalid"], ASKED),
        ("Email frequency", ["Weekly", "Never"], ASKED),
        ("Email preference", ["Send all", "None"], ASKED),
        ("Keine E-Mails", ["nein", "ja"], "a"),
        ("Returned mail", ["", "Y"], ASKED),
        ("Email 2,Email 2 opt out", ["x@example.org,yes", ","], ASKED),
        ("Preferred contact method", ["Email", "Phone"], "ab"),
        ("Email type", ["html", "text"], "ab"),
        ("Emails opened", ["0", "1"], "ab"),
        ("Left-handed", ["yes", "no"], "ab"),
        # columns about something else
        ("Notes", ["", "please unsubscribe me from all"], ASKED),
        ("Comments", ["", "DO NOT EMAIL - asked on the phone"], ASKED),
        ("Last name", ["Fern", "Fern (DECEASED)"], ASKED),
        ("First name", ["Ana", "ZZZ do not contact Bo"], ASKED),
        ("Tags", ["vip", '"vip, Email Opt-Out"'], ASKED),
        ("Group", ["vip", "OptedOut"], ASKED),
        ("Estado", ["activo", "dado de baja"], ASKED),
        ("Solicit code", ["", "Do not mail"], ASKED),
        ("Notes", ["", "took her off the mailing list"], ASKED),
        ("Notes", ["an option for now", "complained about potholes"], "ab"),
        ("Website", ["", "https://example.org/unsubscribe"], "ab"),
        ("Second contact", ["", "unsubscribe@example.org"], "ab"),
    ],
)
def test_who_left_is_understood_or_asked(headings, rows, expected):
    assert mailable(table(headings, *rows)) == expected


@pytest.mark.parametrize(
    "path", ["unsubscribed.csv", "removed_people.csv", "Do not email list.csv", "bajas 2024.csv"]
)
def test_a_file_called_after_people_who_left_is_asked_about(path):
    assert mailable("Email\na@example.org\n", path) is ASKED


@pytest.mark.parametrize("title", ["Unsubscribed members - May 2026", "People who left"])
def test_a_title_above_the_headings_is_heeded(title):
    assert mailable(f"{title}\n\nEmail,Name\na@example.org,Ana\n") is ASKED


def test_a_column_of_states_that_holds_statuses_is_counted_once_and_can_be_mapped():
    text = table("State", "active", "bounced", "cancelled")
    with pytest.raises(ImportFileError, match=r'"bounced" \(1\)') as caught:
        list(SubscriberFile(io.BytesIO(text.encode()), "people.csv").rows())
    assert '--map "State=list_status"' in caught.value.hint
    assert mailable(text, mapping=["State=list_status"]) == "a"


def test_what_a_blank_cell_means_is_said_of_columns_that_need_it():
    text = table("Status,Unsubscribed at", "active,", ",", "active,2024-01-02")
    assert mailable(text) is ASKED
    assert mailable(text, statuses=parse_statuses(["blank=subscribed"])) == "ab"
    assert mailable(text, statuses=parse_statuses(["blank=unsubscribed"])) == "a"


# ---------------------------------------------------------------- rows that cannot be read


@pytest.mark.parametrize(
    "row",
    [
        "b@example.org,Portland, OR,unsubscribed",
        'b@example.org,"Bo" Lunt,unsubscribed',
        '"b@example.org, bo@example.org",Salem,unsubscribed',
        "b@example.org,Salem,active,please unsubscribe",
    ],
)
def test_a_row_that_cannot_be_read_and_says_somebody_left_stops_the_import(row):
    file = SubscriberFile(
        io.BytesIO(f"Email,City,Status\na@example.org,Salem,active\n{row}\n".encode()), "x.csv"
    )
    with pytest.raises(ImportFileError, match="seems to say that somebody left") as raised:
        list(file.rows())
    assert str(raised.value).startswith("x.csv:3: ")


@pytest.mark.parametrize(
    "row",
    ["b@example.org,Portland, OR,active", "nobody,Portland,unsubscribed", "b@,Salem,unsubscribed"],
)
def test_other_rows_that_cannot_be_read_are_rejected(row):
    assert mailable(f"Email,City,Status\na@example.org,Salem,active\n{row}\n") == "a"


def test_no_row_of_a_list_of_leavers_is_lost():
    text = "Email,City\na@example.org,Salem\nb@example.org,Portland, OR\n"
    assert mailable(text) == "a"
    assert mailable(text, everybody=Standing.BOUNCED) is ASKED
