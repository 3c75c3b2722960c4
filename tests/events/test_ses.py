"""What Amazon SES reports, in the shapes of its developer guide; and whatever else may come."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.events.ses import NotAnEventError, read
from mailer.ledger.event import EventOutcome, delivery_tag
from tests.support.ses_events import ANYTHING, SAMPLES, damaged, sample

DANA = "dana.field@example.com"
MESSAGE = "0101018f7c3e5a2b-1c0ffee0-4d2a-4f55-9f3a-b1d2c3e4f5a6-000000"


def one(event):
    (found,) = read(json.dumps(event))
    return found


UNDERSTOOD = {
    "bounce": ("Bounce", "bounced", "12:00:41", "Permanent", "General", "5.1.1", "smtp; 550 5.1.1 user unknown"),
    "bounce-mailbox-full": ("Bounce", "returned", "02:11:09", "Transient", "MailboxFull", "4.2.2", "smtp; 452 4.2.2 mailbox full"),
    "bounce-content-rejected": ("Bounce", "declined", "12:00:41", "Transient", "ContentRejected", "5.7.1", "smtp; 554 5.7.1 content refused"),
    "bounce-undetermined": ("Bounce", "returned", "12:03:11", "Undetermined", "Undetermined", "", ""),
    "bounce-out-of-office": ("Bounce", "", "12:00:44", "Transient", "General", "", ""),
    "bounce-on-suppression-list": ("Bounce", "not tried", "12:00:01", "Permanent", "OnAccountSuppressionList", "5.1.1", "Amazon SES did not send the message to this address because it is on the suppression list for your account."),
    "complaint": ("Complaint", "complained", "18:30:08", "abuse", "", "", ""),
    "complaint-without-report": ("Complaint", "complained", "18:30:08", "", "", "", ""),
    "complaint-not-spam": ("Complaint", "", "18:30:08", "not-spam", "", "", ""),
    "delivery": ("Delivery", "delivered", "12:00:02", "", "", "", "250 2.6.0 Message received"),
    "send": ("Send", "", "12:00:00", "", "", "", ""),
    "reject": ("Reject", "never sent", "12:00:00", "", "", "", "Bad content"),
    "open": ("Open", "", "13:00:19", "", "", "", ""),
    "click": ("Click", "", "13:01:02", "", "", "", ""),
    "rendering-failure": ("Rendering Failure", "never sent", "12:00:00", "", "", "", "Attribute 's0' is not present in the rendering data."),
    "delivery-delay": ("DeliveryDelay", "", "12:45:00", "MailboxFull", "", "4.2.2", "smtp; 452 4.2.2 mailbox full"),
    "subscription": ("Subscription", "", "13:05:00", "", "", "", ""),
    "notification-bounce": ("Bounce", "bounced", "12:00:41", "Permanent", "General", "5.1.1", "smtp; 550 5.1.1 user unknown"),
    "notification-complaint": ("Complaint", "complained", "18:30:08", "abuse", "", "", ""),
    "notification-delivery": ("Delivery", "delivered", "12:00:02", "", "", "", "250 2.6.0 Message received"),
    "envelope": ("Bounce", "bounced", "12:00:41", "Permanent", "General", "5.1.1", "smtp; 550 5.1.1 user unknown"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(UNDERSTOOD))
def test_every_kind_of_the_developer_guide_is_understood(name):
    found = one(sample(name))
    words = (found.type, found.subtype, found.status, found.diagnostic)
    assert (found.kind, found.outcome, found.at[11:19], *words) == UNDERSTOOD[name]
    assert (found.message_id, found.recipient, found.alone) == (MESSAGE, DANA, True)
    tagged = not name.startswith("notification")
    assert (found.campaign, found.delivery) == (("council-vote", 41) if tagged else ("", 0))


def test_there_is_a_test_for_each_sample():
    assert {path.stem for path in SAMPLES.iterdir()} == {*UNDERSTOOD, "notification-subscribed"}


@pytest.mark.parametrize(
    "text",
    [
        "Successfully validated SNS topic for Amazon SES event publishing.",
        json.dumps(sample("notification-subscribed")),
        json.dumps(
            sample("envelope")
            | {"Message": "Successfully validated SNS topic for Amazon SES event publishing.\n"}
        ),
        "\n",
    ],
)
def test_what_amazon_says_about_itself_is_no_event_and_no_junk(text):
    assert read(text) == []


# ---------------------------------------------------------------- the same event


def turned(value):
    """The same with the fields of every object in the other order."""
    if isinstance(value, list):
        return list(map(turned, value))
    if isinstance(value, dict):
        return {name: turned(inner) for name, inner in reversed(value.items())}
    return value


@pytest.mark.parametrize("name", sorted(UNDERSTOOD))
def test_an_event_has_the_same_key_however_it_is_written(name):
    event = sample(name)
    again = json.dumps(turned(event), indent=1)
    envelope = sample("envelope") | {"Message": json.dumps(event), "MessageId": "another"}
    assert one(event).key == read(again)[0].key == one(envelope).key


def test_event_and_notification_of_the_same_bounce_are_one():
    assert one(sample("bounce")).key == one(sample("notification-bounce")).key


def test_different_events_have_different_keys():
    names = set(UNDERSTOOD) - {"envelope"} - {n for n in UNDERSTOOD if n.startswith("notification")}
    keys = {one(sample(name)).key for name in names if not name.startswith(("bounce", "complaint"))}
    assert len(keys) == len([n for n in names if not n.startswith(("bounce", "complaint"))])


@pytest.mark.parametrize("name", ["bounce", "complaint"])
def test_another_bounce_or_complaint_has_another_feedback_id(name):
    event = sample(name)
    before = one(event).key
    event[name]["feedbackId"] += "1"
    assert one(event).key != before


@pytest.mark.parametrize("name", ["open", "click", "delivery-delay"])
def test_what_happens_again_at_another_time_is_another_event(name):
    event = sample(name)
    before = one(event).key
    section = "deliveryDelay" if name == "delivery-delay" else name
    event[section]["timestamp"] = "2026-05-06T12:00:00.000Z"
    assert one(event).key != before


@pytest.mark.parametrize("name", ["send", "delivery", "rendering-failure"])
def test_what_happens_once_is_the_same_with_new_fields(name):
    event = sample(name)
    before = one(event).key
    event["newField"] = event["mail"]["newField"] = ["…"]
    assert one(event).key == before


# ---------------------------------------------------------------- kept, and not kept


def test_an_unknown_kind_is_kept_with_all_its_fields():
    event = sample("send") | {"eventType": "Teleport", "teleport": {"to": "the Moon"}}
    found = one(event)
    assert (found.kind, found.outcome) == ("Teleport", EventOutcome.NOTHING)
    assert json.loads(found.raw)["teleport"] == {"to": "the Moon"}


def test_the_headers_of_our_own_mail_are_not_kept():
    raw = one(sample("delivery")).raw
    assert "https://mail.example.org/u/" not in raw
    assert "Dana, the vote" not in raw
    assert json.loads(raw)["delivery"] == sample("delivery")["delivery"]


def test_each_recipient_of_a_mail_is_an_event():
    event = sample("bounce")
    event["mail"]["destination"].append("lee@example.com")
    event["bounce"]["bouncedRecipients"].append({"emailAddress": "Lee@EXAMPLE.com"})
    found = read(json.dumps(event))
    assert [each.recipient for each in found] == [DANA, "lee@example.com"]
    assert not any(each.alone for each in found)
    assert found[0].key != found[1].key


def test_what_cannot_be_a_delivery_of_ours_names_none():
    for value in (["x"], ["-1"], ["1" * 19], [7], ["1", "2"], "", None, ["٣"]):
        event = sample("send")
        event["mail"]["tags"]["delivery"] = value
        assert one(event).delivery == 0


def test_a_name_in_a_tag_comes_back_as_it_went_out():
    assert delivery_tag("rents & räume") == "rents___r_ume"
    assert delivery_tag("council-vote_2") == "council-vote_2"
    assert len(delivery_tag("x" * 300)) == 256


# ---------------------------------------------------------------- junk


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("{", "not JSON"),
        ("<xml/>", "not JSON"),
        ("[]", "not a JSON object"),
        ('"text"', "not a JSON object"),
        ("{}", "what kind"),
        ('{"eventType": 7}', "what kind"),
        ('{"mail": {}}', "what kind"),
        ('{"eventType": "Send", "x": NaN}', "not JSON"),
        ('{"eventType": ' + "[" * 100_000, "nested too deeply"),
        ('{"Type": "SubscriptionConfirmation", "TopicArn": "arn:x", "Message": "m"}', "envelope"),
        ('{"Type": "Notification", "TopicArn": "arn:x", "Message": 7}', "envelope"),
        ('{"Type": "Notification", "TopicArn": 7, "Message": "{}"}', "envelope"),
        ('{"Type": "Notification", "TopicArn": "arn:x", "Message": "hello"}', "not JSON"),
    ],
)
def test_junk_is_told_from_events(body, why):
    with pytest.raises(NotAnEventError, match=why):
        read(body)


@given(damaged() | st.text() | ANYTHING.map(json.dumps))
def test_whatever_comes_is_an_event_or_junk(body):
    try:
        found = read(body)
    except NotAnEventError:
        return
    for event in found:
        assert len(event.key) == 16
        assert event.kind
        texts = [getattr(event, name) for name in event.__slots__]
        for text in texts:
            if isinstance(text, str):
                text.encode()  # no half of a surrogate pair, which no database takes
                assert "\0" not in text
        assert 0 <= event.delivery < 2**63


@pytest.mark.parametrize(("said", "kept"), [("a\0b", "ab"), ("half \ud83d", "half ?")])
def test_no_text_comes_out_that_a_database_does_not_take(said, kept):
    event = sample("reject")
    event["mail"]["messageId"] = event["reject"]["reason"] = said
    found = one(event)
    assert (found.message_id, found.diagnostic) == (kept, kept)
    found.raw.encode()
