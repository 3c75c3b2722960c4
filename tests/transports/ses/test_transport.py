"""The transport against the pretended SES: what is called, and what comes of it."""

from __future__ import annotations

import email
import json
import re
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from email import policy

import pytest
from moto import mock_aws
from moto.ses import ses_backends

from mailer.config import Ses
from mailer.errors import TransportError
from mailer.ledger.delivery import Claim, DeliveryState
from mailer.mail.message import Envelope, message_id
from mailer.transports.base import Allowance, OutgoingMessage
from mailer.transports.in_flight import InFlightMarks, Progress
from mailer.transports.ses.client import Purpose
from mailer.transports.ses.transport import SesTransport
from tests.support.campaigns import ANA, BO, UMA, make_merger, make_sources
from tools.fake_ses import FakeSes
from tools.fake_ses.faults import GARBLED

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ENVELOPE = Envelope.of(make_sources("Hello").content, list_name="members")
ACCEPTED, PENDING, FAILED, UNCERTAIN = (
    DeliveryState.ACCEPTED,
    DeliveryState.PENDING,
    DeliveryState.FAILED,
    DeliveryState.UNCERTAIN,
)
BODY = "Dear {{ recipient.first_name | default('neighbor') }}, it is Tuesday."


@pytest.fixture(autouse=True)
def credentials(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "fake")
    for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def fake(monkeypatch):
    with FakeSes(rate=1000) as ses:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", ses.endpoint)
        yield ses


@pytest.fixture
def make(fake):  # noqa: ARG001 - it must be there before a client is made
    def make(method="raw", *, read_timeout=30.0, marks=None, **ses):
        settings = Ses(
            **{"region": "us-east-1", "configuration_set": "mailer", **ses}, method=method
        )
        return SesTransport(
            settings,
            campaign="vote",
            list_name="members",
            envelope=ENVELOPE,
            clock=lambda: NOW,
            marks=marks,
            read_timeout=read_timeout,
        )

    return make


@pytest.fixture
def messages():
    merger = make_merger(BODY, subject="{{ recipient.first_name }}, news")
    return [OutgoingMessage(n, merger.merge(person)) for n, person in enumerate((ANA, BO, UMA), 7)]


def states(batch_result):
    return {result.delivery_id: result.state for result in batch_result.results}


def calls(fake):
    return Counter(call.operation for call in fake.requests)


# ---------------------------------------------------------------- what is called


def test_raw_is_one_call_for_each_recipient(make, fake, messages):
    transport = make()
    assert transport.batch_size(14) == 1
    batches = transport.batches(messages, 1)
    assert [len(batch) for batch in batches] == [1, 1, 1]
    receipts = [transport.deliver(batch) for batch in batches]
    assert calls(fake) == {"SendEmail": 3}
    assert [m.to for m in fake.accepted] == [(outgoing.merged.email,) for outgoing in messages]
    assert [r.results[0].message_id for r in receipts] == [m.message_id for m in fake.accepted]
    assert all(states(batch_result) == {n: ACCEPTED} for n, batch_result in enumerate(receipts, 7))


def test_bulk_is_one_call_for_many_of_one_variant(make, fake, messages):
    transport = make("bulk")
    assert transport.batch_size(14) == 50
    (batch,) = transport.batches(messages, 50)
    batch_result = transport.deliver(batch)
    assert calls(fake) == {"SendBulkEmail": 1}
    assert states(batch_result) == {7: ACCEPTED, 8: ACCEPTED, 9: ACCEPTED}
    assert [r.message_id for r in batch_result.results] == [m.message_id for m in fake.accepted]
    assert [m.tags["delivery"] for m in fake.accepted] == ["7", "8", "9"]


def test_a_bulk_call_holds_no_more_than_it_may_and_never_two_variants(make):
    merger = make_merger("{% if recipient.state == 'OR' %}Oregon{% else %}Elsewhere{% endif %}")
    messages = [OutgoingMessage(n, merger.merge(ANA if n % 3 else UMA)) for n in range(150)]
    batches = make("bulk").batches(messages, 40)
    assert sorted(len(batch) for batch in batches) == [10, 20, 40, 40, 40]
    assert all(len({outgoing.merged.variant for outgoing in batch}) == 1 for batch in batches)
    assert sorted(outgoing.delivery_id for p in batches for outgoing in p) == list(range(150))


@pytest.mark.parametrize(("rate", "size"), [(14, 1), (300, 1), (301, 50), (None, 50)])
def test_auto_takes_bulk_for_rates_that_raw_calls_do_not_reach(make, rate, size):
    assert make("auto").batch_size(rate) == size


@pytest.mark.parametrize(("method", "operation"), [("bulk", "SendBulkEmail"), ("auto", "SendEmail"), ("raw", "SendEmail")])  # fmt: skip
def test_a_letter_by_itself_goes_as_the_method_says(make, fake, messages, method, operation):
    make(method).deliver(messages[:1])
    assert calls(fake) == {operation: 1}


@pytest.mark.parametrize("method", ["raw", "bulk"])
def test_tags_name_the_campaign_and_the_delivery_and_never_an_address(make, fake, messages, method):
    make(method).deliver(messages[:1])
    (message,) = fake.accepted
    assert message.tags == {
        "campaign": "vote",
        "delivery": "7",
        "ses:feedback-id-a": "vote",
        "ses:feedback-id-b": "members",
    }
    assert message.configuration_set == "mailer"
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,256}", value) for value in message.tags.values())


@pytest.mark.parametrize("method", ["raw", "bulk"])
def test_identity_and_return_path_come_from_the_settings(make, messages, method):
    seen = []
    arn = "arn:aws:ses:us-east-1:123456789012:identity/example.org"
    transport = make(method, identity_arn=arn, return_path="bounces@example.org")
    client = transport._clients.client(Purpose.SENDING)
    client.meta.events.register(
        "before-call.sesv2.*", lambda params, **_: seen.append(params["body"])
    )
    assert states(transport.deliver(messages[:1])) == {7: ACCEPTED}
    assert f'"FromEmailAddressIdentityArn": "{arn}"'.encode() in seen[0]
    assert b'"FeedbackForwardingEmailAddress": "bounces@example.org"' in seen[0]
    assert b"ListManagementOptions" not in seen[0]


@pytest.mark.parametrize("method", ["raw", "bulk"])
def test_tracking_by_ses_is_off_and_a_tenant_comes_from_the_settings(make, messages, method):
    transport = make(method, configuration_set="mailer", tenant="north")
    options = transport._options()
    assert options["ConfigurationOverrides"] == {
        "Tracking": {"OpenTrackingEnabled": "DISABLED", "ClickTrackingEnabled": "DISABLED"}
    }
    seen = []
    client = transport._clients.client(Purpose.SENDING)
    client.meta.events.register(
        "before-call.sesv2.*", lambda params, **_: seen.append(json.loads(params["body"]))
    )
    transport.deliver(messages[:1])
    assert seen[0]["ConfigurationOverrides"] == options["ConfigurationOverrides"]
    assert seen[0]["TenantName"] == "north"
    assert "EndpointId" not in seen[0]
    assert "ConfigurationOverrides" not in make(method, configuration_set="")._options()


def test_the_client_that_sends_never_tries_twice_whatever_the_environment_says(make, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "7")
    monkeypatch.setenv("AWS_RETRY_MODE", "adaptive")
    config = make()._clients.client(Purpose.SENDING).meta.config
    assert config.retries == {"mode": "standard", "total_max_attempts": 1}
    assert (config.connect_timeout, config.max_pool_connections) == (5, 64)


def test_the_raw_message_is_whole_and_right_by_anothers_reading():
    with mock_aws():
        transport = SesTransport(
            Ses(region="us-east-1"), campaign="vote", list_name="members", envelope=ENVELOPE,
            clock=lambda: NOW,
        )  # fmt: skip
        transport._clients.client(Purpose.READING).create_email_identity(
            EmailIdentity="example.org"
        )
        merged = make_merger(BODY, subject="Ünïcode & more").merge(ANA)
        batch_result = transport.deliver([OutgoingMessage(7, merged)])
        (kept,) = ses_backends["123456789012"]["us-east-1"].sent_messages
    assert batch_result.results[0].message_id == kept.id
    message = email.message_from_string(kept.raw_data, policy=policy.default)
    assert message.defects == []
    assert message["From"] == "Juniper Street Action <news@example.org>"
    assert message["To"] == "ana@example.org"
    assert message["Subject"] == "Ünïcode & more"
    assert message["Message-ID"] == f"<{message_id('vote', 7)}@example.org>"
    assert message["Date"].datetime == NOW
    assert message["List-Id"] == "Juniper Street Action members <members.mail.example.org>"
    assert message["List-Unsubscribe"] == f"<{merged.links.unsubscribe}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Precedence"] == "bulk"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    html = message.get_body(("html",)).get_content()
    assert html.startswith("<!doctype html>")
    assert "Dear Ana" in html
    assert "Dear Ana" in message.get_body(("plain",)).get_content()
    assert max(map(len, kept.raw_data.split("\r\n"))) <= 998


# ---------------------------------------------------------------- what comes of it


@pytest.mark.parametrize("method", ["raw", "bulk"])
def test_an_answer_that_takes_too_long_is_uncertain(make, fake, messages, method):
    fake.inject("hang", seconds=2, times=1)
    batch_result = make(method, read_timeout=0.2).deliver(messages[:1])
    assert states(batch_result) == {7: UNCERTAIN}
    assert "it may have been sent" in batch_result.results[0].detail
    assert "ReadTimeoutError" in batch_result.results[0].detail
    assert len(fake.accepted) == 1
    assert sum(calls(fake).values()) == 1


def test_a_lost_bulk_answer_makes_the_whole_call_uncertain(make, fake, messages):
    fake.inject("drop", times=1)
    assert states(make("bulk").deliver(messages)) == {7: UNCERTAIN, 8: UNCERTAIN, 9: UNCERTAIN}


def test_each_entry_of_a_bulk_call_has_its_own_outcome(make, fake, messages):
    statuses = ["SUCCESS", "MESSAGE_REJECTED", "TRANSIENT_FAILURE"]
    fake.inject("partial", statuses=statuses, times=1)
    batch_result = make("bulk").deliver(messages)
    assert states(batch_result) == {7: ACCEPTED, 8: FAILED, 9: PENDING}
    assert "MESSAGE_REJECTED" in batch_result.results[1].detail
    assert "TRANSIENT_FAILURE" in batch_result.slow_down
    assert batch_result.stop is None


@pytest.mark.parametrize("method", ["raw", "bulk"])
@pytest.mark.parametrize("kind", GARBLED)
def test_an_answer_that_is_not_whole_is_uncertain(make, fake, messages, method, kind):
    fake.inject(kind, times=1)
    batch = messages if method == "bulk" else messages[:1]
    batch_result = make(method).deliver(batch)
    assert set(states(batch_result).values()) == {UNCERTAIN}
    assert "it may have been sent" in batch_result.results[0].detail
    assert len(fake.accepted) == len(batch)


@pytest.mark.parametrize("kind", GARBLED)
def test_an_answer_about_the_account_that_is_not_whole_is_said(make, fake, kind):
    fake.inject(kind, operations=["GetAccount"])
    with pytest.raises(
        TransportError, match="cannot be asked what this account may send: the answer"
    ):
        make().allowance()


def test_an_incomplete_bulk_answer_is_uncertain(make, messages, monkeypatch):
    transport = make("bulk")
    answer = {"BulkEmailEntryResults": [{"Status": "SUCCESS", "MessageId": "x"}]}
    monkeypatch.setattr(
        transport._clients.client(Purpose.SENDING), "send_bulk_email", lambda **_: answer
    )
    assert set(states(transport.deliver(messages)).values()) == {UNCERTAIN}


def test_part_of_a_bulk_call_over_the_quota_keeps_what_was_accepted(make, fake, messages):
    fake.change(quota=2)
    batch_result = make("bulk").deliver(messages)
    assert states(batch_result) == {7: ACCEPTED, 8: ACCEPTED, 9: PENDING}
    assert "daily quota of Amazon SES is used up" in str(batch_result.stop)


def test_the_quota_says_when_it_can_go_on(make, fake, messages, monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    fake.change(quota=0)
    batch_result = make().deliver(messages[:1])
    assert re.search(
        r"at the latest on Tuesday, May 5, \d\d:\d\d \S+ \(Daily", str(batch_result.stop)
    )
    assert "last 24 hours" in batch_result.stop.hint


def test_whatever_a_dead_process_left_is_uncertain(make):
    (result,) = make().settle([Claim(7, ANA)])
    assert (result.delivery_id, result.state) == (7, UNCERTAIN)
    assert "may have been sent" in result.detail


def test_settling_needs_neither_region_nor_network():
    transport = SesTransport(
        Ses(), campaign="vote", list_name="members", envelope=ENVELOPE, clock=lambda: NOW
    )
    assert len(transport.settle([Claim(7, ANA)])) == 1


# ---------------------------------------------------------------- what the account allows


def test_the_rate_leaves_a_little_to_spare_and_the_quota_says_what_is_left(make, fake):
    fake.change(rate=14, quota=50_000, sent=12_000)
    assert make().allowance() == Allowance(rate=14 * 0.95, daily=50_000, left=38_000)


def test_what_is_reserved_is_left_to_other_mail(make, fake, messages):
    fake.change(quota=1_010.0, sent=8.0)
    transport = make(reserve=1_000)
    assert transport.allowance().left == 2
    assert states(transport.deliver(messages[:1])) == {7: ACCEPTED}
    assert states(transport.deliver(messages[1:2])) == {8: ACCEPTED}
    batch_result = transport.deliver(messages[2:])
    assert states(batch_result) == {9: PENDING}
    assert "1,000, is reserved for other mail" in batch_result.stop.message
    assert calls(fake)["SendEmail"] == 2


def test_when_ses_cannot_be_asked_what_is_left_nothing_is_sent(make, fake, messages):
    transport = make(reserve=49_999)
    fake.change(sent=0.0)
    transport.allowance()
    transport.deliver(messages[:1])
    fake.change(denied=("GetAccount",))
    batch_result = transport.deliver(messages[1:2])
    assert states(batch_result) == {8: PENDING}
    assert batch_result.stop


def test_an_account_may_have_no_quota(make, fake):
    fake.change(rate=500, quota=-1)
    assert make().allowance() == Allowance(rate=475)


def test_more_than_the_quota_may_have_been_sent(make, fake):
    fake.change(quota=200, sent=250)
    assert make().allowance().left == 0


@pytest.mark.parametrize(
    ("setup", "said"),
    [
        ("sending-disabled", "does not let this account send (it is HEALTHY)"),
        ("shutdown", "does not let this account send (it is SHUTDOWN)"),
        (
            "bad-credentials",
            "cannot be asked what this account may send: .*UnrecognizedClientException",
        ),
        (
            "expired-credentials",
            "cannot be asked what this account may send: .*ExpiredTokenException",
        ),
        ("access-denied-to-read", "not authorized to perform: ses:GetAccount"),
    ],
)
def test_an_account_that_cannot_send_says_so_and_what_to_do(make, fake, setup, said):
    fake.change(setup=setup)
    with pytest.raises(TransportError) as refusal:
        make().allowance()
    assert re.search(said.replace("(", r"\(").replace(")", r"\)"), refusal.value.message)
    assert "mailer doctor" in refusal.value.hint


def test_without_credentials_it_says_so(make, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    with pytest.raises(TransportError, match="There are no AWS credentials") as refusal:
        make().allowance()
    assert "mailer doctor" in refusal.value.hint


def test_without_a_region_it_says_where_to_write_it(make):
    with pytest.raises(TransportError, match="You must specify a region") as refusal:
        make(region="").allowance()
    assert "[ses] in mailer.toml" in refusal.value.hint


def test_reading_is_tried_again(make, fake):
    fake.inject("unavailable", times=2, operations=["GetAccount"])
    assert make().allowance().rate == 950


def test_an_account_that_cannot_be_asked_says_so(make, fake):
    fake.inject("unavailable", operations=["GetAccount"])
    with pytest.raises(TransportError, match="cannot be asked what this account may send") as err:
        make().allowance()
    assert "Try again" in err.value.hint
    assert "may have been sent" not in str(err.value)


# ---------------------------------------------------------------- what a killed process leaves


@pytest.fixture
def marks(tmp_path):
    return InFlightMarks(tmp_path / "marks", boot="this boot")


@pytest.mark.parametrize("method", ["raw", "bulk"])
@pytest.mark.parametrize(
    ("kind", "settled"),
    [
        (None, ACCEPTED),
        ("throttle", PENDING),
        ("drop", UNCERTAIN),
        ("cut", UNCERTAIN),
        ("error", UNCERTAIN),
    ],
)
def test_marks_tell_the_next_process_what_is_known(
    make, fake, messages, marks, *, method, kind, settled
):
    if kind:
        fake.inject(kind)
    transport = make(method, marks=marks)
    claims = [Claim(message.delivery_id, ANA) for message in messages]
    transport.expect(claims)
    transport.deliver(messages if method == "bulk" else messages[:1])
    other = make(marks=InFlightMarks(marks._path, boot="this boot"))
    states = [result.state for result in other.settle(claims)]
    # the others of a raw call were claimed and never left
    assert states == ([settled] * 3 if method == "bulk" else [settled, PENDING, PENDING])


def test_the_mark_is_there_before_the_request_leaves(make, fake, messages, marks):
    """Whenever SES has it, the mark says so: else a kill in between would mail somebody twice."""
    fake.inject("slow", seconds=1)
    transport = make(marks=marks)
    transport.expect([Claim(7, ANA)])
    thread = threading.Thread(target=transport.deliver, args=(messages[:1],))
    thread.start()
    while marks.get(7) is Progress.CLAIMED:
        time.sleep(0.01)
    assert marks.get(7) is Progress.LEFT
    thread.join()
    assert marks.get(7) is Progress.ACCEPTED


def test_without_marks_of_this_boot_everything_in_flight_is_uncertain(make, marks):
    claims = [Claim(7, ANA)]
    assert make().settle(claims)[0].state is UNCERTAIN
    make(marks=marks).expect(claims)
    later = make(marks=InFlightMarks(marks._path, boot="another boot"))
    assert later.settle(claims)[0].state is UNCERTAIN
