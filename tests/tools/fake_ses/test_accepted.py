"""Mail that the fake SES accepts, and how it keeps it."""

from __future__ import annotations

import email
import email.policy
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.ses_requests import FROM, RAW, TO, bulk, entry, mail, parts, results, templated
from tools.fake_ses.mime import Content, Envelope, build

pytestmark = pytest.mark.slow


def test_a_raw_message_is_kept_byte_for_byte(ses, client):
    before = time.time()
    answer = client.send_email(
        **mail(
            FromEmailAddress="news@example.org",
            EmailTags=[{"Name": "campaign", "Value": "vote"}],
            ConfigurationSetName="mailer",
        )
    )
    [kept] = ses.accepted
    assert kept.mime == RAW
    assert kept.message_id == answer["MessageId"]
    assert kept.to == (TO,)
    assert kept.tags == {"campaign": "vote"}
    assert kept.configuration_set == "mailer"
    assert before <= kept.at <= time.time()


def test_a_raw_message_without_destination_goes_to_its_headers_addresses(ses, client):
    data = RAW.replace(b"To: ana@example.com", b"To: Ana <ana@example.com>\r\nCc: bo@example.net")
    client.send_email(Content={"Raw": {"Data": data}})
    assert ses.accepted[0].to == ("ana@example.com", "bo@example.net")


def test_simple_content_becomes_a_message(ses, client):
    client.send_email(
        FromEmailAddress=FROM,
        Destination={"ToAddresses": [TO]},
        ReplyToAddresses=["office@example.org"],
        Content={
            "Simple": {
                "Subject": {"Data": "Ça va"},
                "Body": {"Text": {"Data": "Oui.\n"}, "Html": {"Data": "<p>Oui.</p>"}},
                "Headers": [{"Name": "List-Id", "Value": "<members.example.org>"}],
            }
        },
    )
    data = ses.accepted[0].mime
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert (message["subject"], message["from"], message["to"]) == ("Ça va", FROM, TO)
    assert (message["reply-to"], message["list-id"]) == (
        "office@example.org",
        "<members.example.org>",
    )
    assert parts(data) == {"text/plain": "Oui.\n", "text/html": "<p>Oui.</p>"}


def test_a_template_is_filled_without_escaping(ses, client):
    data = json.dumps({"s0": "<b>&amp;"})
    template = templated(Text="{{ s0 }}!") | {"TemplateData": data}
    client.send_email(
        FromEmailAddress=FROM,
        Destination={"ToAddresses": [TO]},
        Content={"Template": template},
    )
    [kept] = ses.accepted
    assert parts(kept.mime) == {"text/plain": "<b>&amp;!", "text/html": "<p><b>&amp;</p>"}
    assert b"Subject: Hello <b>&amp;\r\n" in kept.mime


def test_bulk_entries_get_their_own_values_headers_and_tags(ses, client):
    template = templated() | {
        "TemplateData": '{"s0": "friend"}',
        "Headers": [{"Name": "X-A", "Value": "all"}, {"Name": "X-B", "Value": "all"}],
    }
    answer = client.send_bulk_email(
        **bulk(
            entry("ana@example.com", data={}),
            entry(
                "bo@example.com",
                data={"s0": "Bo", "unused": 1},
                ReplacementHeaders=[{"Name": "x-a", "Value": "own"}],
                ReplacementTags=[{"Name": "delivery", "Value": "2"}],
            ),
            template=template,
            DefaultEmailTags=[
                {"Name": "campaign", "Value": "vote"},
                {"Name": "delivery", "Value": "0"},
            ],
        )
    )
    assert results(answer) == ["SUCCESS", "SUCCESS"]
    first, second = (email.message_from_bytes(kept.mime) for kept in ses.accepted)
    assert (first["subject"], first["x-a"], first["x-b"]) == ("Hello friend", "all", "all")
    assert (second["subject"], second["x-a"], second["x-b"]) == ("Hello Bo", "own", "all")
    assert [kept.tags["delivery"] for kept in ses.accepted] == ["0", "2"]
    assert ses.accepted[1].tags["campaign"] == "vote"
    ids = [result["MessageId"] for result in answer["BulkEmailEntryResults"]]
    assert ids == [kept.message_id for kept in ses.accepted]


def test_a_missing_variable_gets_a_message_id_but_no_mail(ses, client):
    answer = client.send_bulk_email(**bulk(entry(data={"other": "x"}), entry(data={"s0": None})))
    assert results(answer) == ["SUCCESS", "SUCCESS"]
    assert ses.accepted == []
    assert [event["eventType"] for event in ses.events] == ["Rendering Failure"] * 2
    assert "'s0' is not present" in ses.events[0]["failure"]["errorMessage"]
    ids = [result["MessageId"] for result in answer["BulkEmailEntryResults"]]
    assert [event["mail"]["messageId"] for event in ses.events] == ids


text = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=200)


@given(subject=text, plain=text, html=text, name=text)
def test_a_built_message_says_what_the_template_said(subject, plain, html, name):
    content = Content(subject + "-", plain + "\n" + name, html)
    data = build(Envelope(FROM, (TO,), (), ()), content, [], message_id="x@y", at=0.0)
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert parts(data) == {"text/plain": content.text, "text/html": content.html}
    assert " ".join(message["subject"].split()) == " ".join(content.subject.split())
    assert max(map(len, data.split(b"\r\n"))) <= 998
