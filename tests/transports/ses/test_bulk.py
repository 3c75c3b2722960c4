"""A bulk call gives the recipient the message that a raw call would give, or is not made."""

from __future__ import annotations

import email
import json
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from email import policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.config import Ses
from mailer.ledger.delivery import DeliveryState
from mailer.lists.subscriber import Subscriber
from mailer.mail.merge import Merger
from mailer.mail.message import Envelope
from mailer.transports.base import OutgoingMessage
from mailer.transports.ses import bulk
from mailer.transports.ses.transport import SesTransport
from tests.support.campaigns import ANA, BO, KEYS, UMA, make_merger, make_sources
from tools.fake_ses import FakeSes
from tools.projects import samples

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
CONTENT = make_sources("Hello").content
SENDER = CONTENT.sender.model_copy(
    update={
        "name": "Jüniper Street Action",
        "reply_to": "hello@example.org",
        "unsubscribe_email": "leave@example.org",
    }
)
ENVELOPE = Envelope.of(CONTENT.model_copy(update={"sender": SENDER}), list_name="members")
EVERYWHERE = """
Dear {{ recipient.first_name }}, **{{ recipient.last_name }}** of {{ recipient.city }}.

[A link](https://example.org/{{ recipient.city }}?who={{ recipient.first_name }}) and
<a href="{{ recipient.fields.gifts }}" title="{{ recipient.last_name }}">yours</a>,
[mail](mailto:{{ recipient.last_name }}@example.org).

{{ button("For " ~ recipient.first_name, "https://example.org/?" ~ recipient.last_name) }}

Twice: {{ recipient.first_name }} {{ recipient.first_name }}{{ recipient.last_name }}.[^1]

[^1]: For {{ recipient.first_name }}.
"""
SET_BY_SES = {"message-id", "date", "content-type", "mime-version"}


@pytest.fixture(scope="module")
def fake():
    with FakeSes(rate=1e6, quota=-1, identities=("example.org",)) as ses:
        yield ses


@pytest.fixture(scope="module")
def deliver(fake):
    """Sends a outgoing by a method and returns what the fake has kept of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_SESV2", fake.endpoint)
        patch.setenv("AWS_ACCESS_KEY_ID", "fake")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "fake")

        def deliver(merged, method, envelope=ENVELOPE):
            batch_result = transports[method, envelope].deliver([OutgoingMessage(7, merged)])
            assert batch_result.results[0].state is DeliveryState.ACCEPTED, batch_result
            return fake.accepted[-1]

        class Transports(dict):
            def __missing__(self, key):
                method, envelope = key
                self[key] = SesTransport(
                    Ses(region="us-east-1", configuration_set="mailer", method=method),
                    campaign="vote",
                    list_name="members",
                    envelope=envelope,
                    clock=lambda: NOW,
                )
                return self[key]

        transports = Transports()
        yield deliver


def parse(kept):
    message = email.message_from_bytes(kept.mime, policy=policy.default)
    headers = [(n.lower(), v) for n, v in message.items() if n.lower() not in SET_BY_SES]
    parts = [(part.get_content_type(), part.get_content()) for part in message.iter_parts()]
    return {"headers": sorted(headers), "parts": parts, "defects": message.defects}


def assert_same(deliver, merged, envelope=ENVELOPE):
    assert bulk.headers_fit(merged, envelope)
    assert bulk.fits(merged)
    raw, templated = deliver(merged, "raw", envelope), deliver(merged, "bulk", envelope)
    assert (raw.operation, templated.operation) == ("SendEmail", "SendBulkEmail")
    assert parse(templated) == parse(raw)
    assert parse(raw)["defects"] == []
    assert templated.tags == raw.tags
    assert templated.to == raw.to


@pytest.mark.parametrize("person", [ANA, BO, UMA], ids=lambda person: person.email)
def test_part_by_part_and_header_by_header(deliver, person):
    merged = make_merger(EVERYWHERE, subject="{{ recipient.first_name }} & {{ recipient.city }}")
    assert_same(deliver, merged.merge(person))


@pytest.mark.parametrize("name", samples.CAMPAIGNS)
def test_the_samples_are_the_same_both_ways(deliver, name):
    found = samples.load(name)
    merger = Merger(found, fields=frozenset({"chapter"}), keys=KEYS, send_id=7)
    envelope = Envelope.of(found.content, list_name="members")
    for person in (ANA, BO, replace(UMA, first_name="Zoë <b>&{{s0}}", city="Saint-Étienne")):
        assert_same(deliver, merger.merge(person), envelope)


hostile = st.text(max_size=40) | st.sampled_from(
    [
        "",
        "{{s0}}",
        "{{",
        "}}",
        "}",
        "{",
        "\\",
        '"',
        "'",
        "&amp;",
        "<b>",
        "%7B",
        "a\r\nBcc: b@c",
        "=?",
    ]
)


@settings(max_examples=60)
@given(first=hostile, last=hostile, city=hostile, gifts=hostile)
def test_whatever_the_values_are(deliver, first, last, city, gifts):
    person = Subscriber(
        7, "ana@example.org", first, last, city=city, fields={"chapter": "", "gifts": gifts}
    )
    merger = make_merger(EVERYWHERE, subject="To {{ recipient.first_name }}")
    merged = merger.merge(person)
    if "=?" in merged.subject:
        assert not bulk.fits(merged)
    else:
        assert_same(deliver, merged)


def test_a_proofs_mark_is_in_both(deliver):
    merged = make_merger("Hello").merge(ANA)._replace(mark="[TEST] ")
    assert_same(deliver, merged)
    assert ("subject", "[TEST] News") in parse(deliver(merged, "bulk"))["headers"]


# ---------------------------------------------------------------- the template


def test_a_slot_is_a_variable_for_each_context_it_stands_in():
    merged = make_merger(
        "{{ recipient.first_name }} {{ recipient.first_name }} "
        "[x](https://example.org/?{{ recipient.first_name }})",
        subject="{{ recipient.first_name }}",
    ).merge(replace(ANA, first_name="A&B"))
    made = bulk.template(merged.variant, "")
    values = json.loads(bulk.data(merged))
    assert sorted(values.values()) == ["A%26B", "A&B", "A&B", "A&amp;B", "A&amp;B"]
    assert {part: filled(text, values) for part, text in made.content.items()} == {
        "Subject": merged.subject,
        "Text": merged.text,
        "Html": merged.html,
    }


def filled(template, values):
    return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], template)


def test_every_variable_is_always_supplied():
    merged = make_merger(EVERYWHERE).merge(BO)
    made = bulk.template(merged.variant, "")
    assert set(json.loads(bulk.data(merged))) == set(
        re.findall(r"\{\{(\w+)\}\}", "".join(made.content.values()))
    )


@pytest.mark.parametrize(
    "body",
    [
        "Literally {% raw %}{{name}}{% endraw %}.",
        "A brace before: {% raw %}{{% endraw %}{{ recipient.first_name }}.",
        "A brace after: {{ recipient.first_name }}{% raw %}}{% endraw %}.",
        "A backslash before: \\\\{{ recipient.first_name }}.",
    ],
)
def test_what_a_template_could_take_for_more_goes_raw(deliver, body):
    merged = make_merger(body).merge(ANA)
    assert not bulk.fits(merged)
    assert deliver(merged, "bulk").operation == "SendEmail"


def test_braces_that_no_template_knows_are_no_reason():
    body = "A { brace } and }} more, \\ and {{ recipient.first_name }}"
    assert bulk.fits(make_merger(body).merge(ANA))


def test_headers_that_ses_would_refuse_in_a_bulk_call_do_not_fit():
    merged = make_merger("Hello").merge(ANA)
    sender = SENDER.model_copy(update={"unsubscribe_email": f"{'leave' * 200}@example.org"})
    envelope = Envelope.of(CONTENT.model_copy(update={"sender": sender}), list_name="members")
    assert not bulk.headers_fit(merged, envelope)
    assert bulk.headers_fit(merged, ENVELOPE)


def person(number, name):
    return replace(ANA, id=number, email=f"person{number}@example.org", first_name=name)


@pytest.fixture
def operations(fake):
    before = len(fake.requests)
    return lambda: Counter(call.operation for call in fake.requests[before:])


@pytest.fixture
def transport(deliver):  # noqa: ARG001 - it sets the environment
    return SesTransport(
        Ses(region="us-east-1", method="bulk"), campaign="vote", list_name="members",
        envelope=ENVELOPE, clock=lambda: NOW,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("length", "wanted"),
    [
        (100, {"SendBulkEmail": 1}),
        (2_000, {"SendBulkEmail": 1}),
        (30_000, {"SendEmail": 50}),
    ],
)
def test_values_too_long_for_one_call_go_raw(transport, operations, length, wanted):
    merger = make_merger("{{ recipient.first_name }}" + "wörd " * 20_000)
    messages = [OutgoingMessage(n, merger.merge(person(n, "é" * (length // 6)))) for n in range(50)]
    batch_result = transport.deliver(messages)
    assert operations() == wanted
    assert {result.delivery_id for result in batch_result.results} == set(range(50))
    assert {result.state for result in batch_result.results} == {DeliveryState.ACCEPTED}


def test_one_persons_values_too_long_for_a_call_go_raw(transport, operations):
    merged = make_merger("{{ recipient.first_name }}").merge(person(7, "n" * 140_000))
    transport.deliver([OutgoingMessage(7, merged)])
    assert operations() == {"SendEmail": 1}


def test_what_stops_the_send_stops_it_there_too(transport, fake, operations):
    merger = make_merger("{{ recipient.first_name }}")
    messages = [OutgoingMessage(n, merger.merge(person(n, "n" * 30_000))) for n in range(50)]
    fake.inject("exception", code="AccountSuspendedException", to="person3@example.org")
    batch_result = transport.deliver(messages)
    fake.clear()
    assert operations() == {"SendEmail": 4}
    states = [result.state for result in batch_result.results]
    assert states == [DeliveryState.ACCEPTED] * 3 + [DeliveryState.PENDING] * 47
    assert [result.delivery_id for result in batch_result.results] == list(range(50))
    assert "suspended" in str(batch_result.stop)


def test_a_variant_too_long_for_a_request_goes_raw():
    body = "{% for _ in range(4) %}" + "word " * 40_000 + "{% endfor %}"
    assert not bulk.fits(make_merger(body).merge(ANA))
