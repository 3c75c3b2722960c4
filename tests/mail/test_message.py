"""Merged messages as bytes on the wire."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.compiler.compile import CutText, Variant
from mailer.config import Content
from mailer.links import Keys
from mailer.mail.message import Envelope, encode, message_id
from tests.support.campaigns import ANA, CONTENT, KEYS, make_merger

DATE = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
BODY = (
    """Dear {{ recipient.first_name | default("friend") }},

Grüße aus {{ recipient.city }} — [more](https://example.org/?n={{ recipient.first_name }}).

"""
    + "A long line that goes on and on, = and . and all. " * 40
    + "\n\n.\n\nFrom here{{ recipient.zip }}\n"
)
ENVELOPE = Envelope.of(Content.model_validate(CONTENT), list_name="members")
MERGER = make_merger(
    BODY, subject='{{ recipient.first_name | default("Friend") }}, the vote is Tuesday'
)
VALUES = st.text() | st.sampled_from(
    ["Rob\r\nBcc: victim@example.net", "é" * 300, "x" * 10_000, "=?utf-8?q?x?=", "\r\n.\r\n", "=20"]
)


def encoded(subscriber, envelope=ENVELOPE):
    return encode(MERGER.merge(subscriber), envelope, message_id="sample.1", date=DATE)


def parsed(data):
    return email.message_from_bytes(data, policy=email.policy.default)


@given(VALUES, VALUES, VALUES)
def test_any_value_makes_a_message_that_says_it_and_no_more(first_name, city, zip_code):
    person = replace(ANA, first_name=first_name, city=city, zip=zip_code)
    data = encoded(person)
    mail = parsed(data)
    merged = MERGER.merge(person)
    assert [part.defects for part in mail.walk()] == [[], [], []]
    assert mail["Subject"].split() == merged.subject.split()
    assert content(mail.get_body("plain")) == merged.text
    assert content(mail.get_body("html")) == merged.html
    assert sorted(mail.keys()) == sorted(parsed(encoded(ANA)).keys())
    headers, _, body = data.partition(b"\r\n\r\n")
    assert max(map(len, headers.split(b"\r\n"))) <= 120  # a URL cannot be folded
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert b"\n" not in data.replace(b"\r\n", b"")
    data.decode("ascii")


def content(part):
    return part.get_payload(decode=True).decode().replace("\r\n", "\n")


def test_the_headers_are_those_of_a_bulk_mail():
    mail = parsed(encoded(ANA))
    token = KEYS.token("unsubscribe", ANA.id, 7)
    assert dict(mail.items()) | {"Content-Type": ""} == {
        "From": "Juniper Street Action <news@example.org>",
        "To": "ana@example.org",
        "Subject": "Ana, the vote is Tuesday",
        "Date": "Tue, 03 Nov 2026 09:30:00 +0000",
        "Message-ID": "<sample.1@example.org>",
        "List-Id": "Juniper Street Action members <members.mail.example.org>",
        "List-Unsubscribe": f"<https://mail.example.org/u/{token}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Precedence": "bulk",
        "MIME-Version": "1.0",
        "Content-Type": "",
    }
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


def test_reply_to_and_a_mailto_for_unsubscribing_come_from_the_settings():
    sender = {
        "name": "Jüniper, “Street”",
        "email": "news@example.org",
        "reply_to": "hello@example.org",
        "unsubscribe_email": "stop@example.org",
    }
    envelope = Envelope.of(Content.model_validate(CONTENT | {"sender": sender}), list_name="")
    mail = parsed(encoded(ANA, envelope))
    assert mail["From"].addresses[0].display_name == "Jüniper, “Street”"
    assert mail["Reply-To"] == "hello@example.org"
    token = KEYS.token("unsubscribe", ANA.id, 7)
    assert mail["List-Unsubscribe"] == (
        f"<https://mail.example.org/u/{token}>, <mailto:stop@example.org?subject={token}>"
    )


def test_a_key_signs_the_links():
    merged = MERGER.merge(ANA)
    token = merged.links.view.rpartition("/")[2]
    assert KEYS.read("view", token) == (ANA.id, 7)
    assert Keys(["another key that is long enough"]).read("view", token) is None


def test_a_proof_is_marked():
    merged = MERGER.merge(ANA)._replace(mark="[TEST] ")
    mail = parsed(encode(merged, ENVELOPE, message_id="x", date=DATE))
    assert mail["Subject"] == "[TEST] Ana, the vote is Tuesday"


@pytest.mark.parametrize("length", range(60, 90))
def test_a_value_after_any_column_keeps_the_line_short(length):
    merger = make_merger("y" * length + "{{ recipient.zip }}")
    data = encode(merger.merge(ANA), ENVELOPE, message_id="x", date=DATE)
    assert max(len(line) for line in data.partition(b"\r\n\r\n")[2].split(b"\r\n")) <= 76


@pytest.mark.parametrize("length", range(60, 160))
def test_a_value_of_any_length_keeps_the_line_short(length):
    merger = make_merger("Dear {{ recipient.first_name }},")
    merged = merger.merge(replace(ANA, first_name="y" * (length - 1) + "é"))
    data = encode(merged, ENVELOPE, message_id="x", date=DATE)
    assert max(len(line) for line in data.partition(b"\r\n\r\n")[2].split(b"\r\n")) <= 76
    assert content(parsed(data).get_body("html")) == merged.html


@pytest.mark.parametrize("length", range(70, 80))
def test_a_plain_value_of_any_length_keeps_the_line_short(length):
    merged = make_merger("{{ recipient.zip }}").merge(replace(ANA, zip="9" * length))
    data = encode(merged, ENVELOPE, message_id="x", date=DATE)
    assert max(len(line) for line in data.partition(b"\r\n\r\n")[2].split(b"\r\n")) <= 76


@pytest.mark.parametrize("blank", [" ", "\t"])
@pytest.mark.parametrize("length", range(70, 80))
def test_a_blank_at_the_end_of_a_line_keeps_it_short(length, blank):
    line = "y" * length + blank
    cuts = [CutText((f"{line}\n{line}",), ()) for _ in range(2)]
    variant = Variant(1, CutText(("Hello",), ()), *cuts, (), ())
    merged = MERGER.merge(ANA)._replace(variant=variant, fillings=())
    data = encode(merged, ENVELOPE, message_id="x", date=DATE)
    assert max(len(line) for line in data.partition(b"\r\n\r\n")[2].split(b"\r\n")) <= 76
    assert content(parsed(data).get_body("plain")) == f"{line}\n{line}"


def test_a_message_id_is_the_same_at_each_try_and_does_not_count():
    first, second = (message_id("vote", number) for number in (1, 2))
    assert message_id("vote", 1) == first
    assert sum(a == b for a, b in zip(first, second, strict=True)) < 12
    assert message_id("other", 1) != first
