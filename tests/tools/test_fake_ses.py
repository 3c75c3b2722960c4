"""The pretended Amazon SES, driven by real boto3: what it accepts, refuses, breaks and remembers."""

from __future__ import annotations

import contextlib
import email
import email.policy
import gzip
import json
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import botocore
import pytest
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from hypothesis import given
from hypothesis import strategies as st

from tools.fake_ses import SETUPS, FakeSes, RemoteSes
from tools.fake_ses import errors as fake_errors
from tools.fake_ses.bucket import Bucket
from tools.fake_ses.mime import Content, Envelope, build
from tools.fake_ses.template import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
FROM = "Juniper Street Action <news@example.org>"
TO = "ana@example.com"
RAW = (
    b"From: Juniper Street Action\r\n <news@example.org>\r\nTo: ana@example.com\r\n"
    b"Subject: Tuesday\r\nMIME-Version: 1.0\r\n\r\nThe vote is Tuesday.\r\n"
)


@pytest.fixture(scope="module")
def session() -> boto3.Session:
    return boto3.Session("fake", "fake", region_name="us-east-1")


@pytest.fixture
def connect(session) -> Iterator[Callable[[str], Any]]:
    """A client as the mailer's: one attempt, no retries."""
    with contextlib.ExitStack() as stack:

        def client(endpoint: str, *, connect_timeout: float = 5, read_timeout: float = 30):
            config = Config(
                retries={"mode": "standard", "total_max_attempts": 1},
                connect_timeout=connect_timeout,
                read_timeout=read_timeout,
            )
            made = session.client("sesv2", endpoint_url=endpoint, config=config)
            return stack.enter_context(contextlib.closing(made))

        yield client


@pytest.fixture
def ses() -> Iterator[FakeSes]:
    with FakeSes(rate=1000) as server:
        yield server


@pytest.fixture
def client(ses, connect):
    return connect(ses.endpoint)


def mail(to: str = TO, data: bytes = RAW, **changes: Any) -> dict[str, Any]:
    request = {"Destination": {"ToAddresses": [to]}, "Content": {"Raw": {"Data": data}}}
    return request | changes


def templated(**content: Any) -> dict[str, Any]:
    return {
        "TemplateContent": {"Subject": "Hello {{s0}}", "Html": "<p>{{s0}}</p>"} | content,
        "TemplateData": "{}",
    }


def entry(to: str = TO, data: Any = None, **changes: Any) -> dict[str, Any]:
    text = data if isinstance(data, str) else json.dumps({"s0": "Ana"} if data is None else data)
    content = {"ReplacementTemplate": {"ReplacementTemplateData": text}}
    return {
        "Destination": {"ToAddresses": [to]},
        "ReplacementEmailContent": content,
        **changes,
    }


def bulk(*entries: dict[str, Any], template: dict[str, Any] | None = None, **changes: Any):
    return {
        "FromEmailAddress": FROM,
        "DefaultContent": {"Template": template or templated()},
        "BulkEmailEntries": list(entries) or [entry()],
        **changes,
    }


def results(answer: dict[str, Any]) -> list[str]:
    return [result["Status"] for result in answer["BulkEmailEntryResults"]]


def error(call: Callable[[], Any]) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as caught:
        call()
    answer = caught.value.response
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    return answer["Error"]["Code"], status, answer["Error"]["Message"]


def wire_to(ses: FakeSes) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(ses.endpoint.rpartition(":")[2])), timeout=10)


def in_threads(work: Callable[[int], None], workers: int) -> None:
    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def parts(data: bytes) -> dict[str, str]:
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert not message.defects
    return {
        part.get_content_type(): part.get_content().replace("\r\n", "\n")
        for part in message.walk()
        if not part.is_multipart()
    }


# ---------------------------------------------------------------- the model is the oracle


@pytest.fixture(scope="module")
def shapes() -> dict[str, Any]:
    path = Path(botocore.__file__).parent / "data/sesv2/2019-09-27/service-2.json.gz"
    model: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    return model["shapes"]


def test_errors_have_the_http_status_of_the_api_model(shapes):
    modelled = {
        code: status
        for code, status in fake_errors.STATUS.items()
        if "error" in shapes.get(code, {})
    }
    assert len(modelled) >= 8
    assert modelled == {code: shapes[code]["error"]["httpStatusCode"] for code in modelled}


def test_bulk_statuses_are_those_of_the_api_model(shapes):
    assert set(fake_errors.BULK_STATUS.values()) <= set(shapes["BulkEmailStatus"]["enum"])


# ---------------------------------------------------------------- what is accepted


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


# ---------------------------------------------------------------- what is refused

LONG = b"x" * 999
HEADERS = [{"Name": f"X-{n}", "Value": "v"} for n in range(16)]


def with_header(name: str, value: str) -> dict[str, Any]:
    return {"ReplacementHeaders": [{"Name": name, "Value": value}]}


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (mail(data=RAW + LONG + b"\r\n"), "a line is longer than 1000"),
        (mail(data=b"A" * (30 * 1024 * 1024 + 1)), "Message length is more than 41943040"),
        (mail(data=b"Subject: no sender\r\n\r\n"), "must have From"),
        (mail(data=b"From: news@example.org\r\n"), "end with a blank line"),
        (mail(data=b"Subject: again\r\n" + RAW), "Duplicate header 'subject'"),
        (mail("añá@example.com"), "non-ASCII"),
        (mail("ana@exämple.com"), "Domain contains illegal character"),
        (mail("ana"), "Missing final '@domain'"),
        (mail("ana maria@example.com"), "Local address contains control or whitespace"),
        (mail(Destination={"ToAddresses": [f"a{n}@example.com" for n in range(51)]}), "exceeds 50"),
        (mail(Destination={"ToAddresses": []}), "At least one recipient"),
        (mail(EmailTags=[{"Name": "who", "Value": "ana@example.com"}]), "Invalid tag value <ana@"),
        (mail(EmailTags=[{"Name": "a b", "Value": "c"}]), "Invalid tag name <a b>"),
        (mail(EmailTags=[{"Name": "a", "Value": "v" * 257}]), "longer than 256"),
        (mail(FromEmailAddress="Añá <news@example.org>"), "RFC 2047"),
        (mail(Content={}), "Exactly one of"),
        (mail(ListManagementOptions={"ContactListName": "x"}), "no contact lists"),
    ],
)
def test_send_email_refuses(ses, client, request_, said):
    code, status, message = error(lambda: client.send_email(**request_))
    assert (code, status) == ("BadRequestException", 400)
    assert said in message
    assert ses.accepted == []
    assert (ses.requests[-1].status, ses.requests[-1].code) == (400, "BadRequestException")


def test_the_limits_themselves_are_allowed(ses, client):
    line = b"x" * 998 + b"\r\n"
    tag = {"Name": "n" * 256, "Value": "v" * 256}
    feedback = {"Name": "ses:feedback-id-a", "Value": "vote"}
    client.send_email(**mail(data=RAW + line, EmailTags=[tag, feedback]))
    headers = [{"Name": "X" * 126, "Value": "v" * 870}, *HEADERS[:14]]
    entries = [entry(ReplacementHeaders=headers) for _ in range(50)]
    style = "<style>@media print{p{color:red}}</style>"
    client.send_bulk_email(**bulk(*entries, template=templated(Html=style)))
    assert len(ses.accepted) == 51


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (bulk(*[entry()] * 51), "1 to 50"),
        (bulk(entry(ReplacementHeaders=HEADERS)), "Header count exceeds 15"),
        (bulk(entry(**with_header("X" * 127, "v"))), "Header name"),
        (bulk(entry(**with_header("X:Y", "v"))), "Header name"),
        (bulk(entry(**with_header("X", "v" * 996))), "value of header <X>"),
        (bulk(entry(**with_header("X" * 10, "v" * 990))), "longer than 996"),
        (bulk(entry(**with_header("X", "é"))), "value of header <X>"),
        (bulk(entry(**with_header("X", "a\r\nBcc: x@example.net"))), "value of header <X>"),
        (bulk(entry(**with_header("Reply-To", "x@example.net"))), "not allowed as a custom header"),
        (bulk(entry(data=json.dumps({"s0": "x" * 262_144}))), "less than or equal to 262144"),
        (bulk(template=templated(Html="{{#if s0}}x{{/if}}")), "unsupported operations"),
        (bulk(template=templated(Html="{{a.b}}")), "unsupported operations"),
        (bulk(template=templated(Html="{{first_name}}")), "unsupported operations"),
        (bulk(template=templated(Html="{{{s0}}}")), "unsupported operations"),
        (bulk(template=templated(Subject="{{s0")), "unsupported operations"),
        (bulk(template=templated(Html="x" * 1024 * 1024)), "may have 1048576 bytes"),
        (bulk(template={"TemplateContent": {"Subject": "x"}}), "text or an HTML part"),
        (bulk(template={"TemplateData": "{}"}), "is required"),
        (bulk(DefaultEmailTags=[{"Name": "a@b", "Value": "c"}]), "Invalid tag name"),
    ],
)
def test_send_bulk_email_refuses_the_call(ses, client, request_, said):
    code, status, message = error(lambda: client.send_bulk_email(**request_))
    assert (code, status) == ("BadRequestException", 400)
    assert said in message
    assert ses.accepted == []


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (entry(data="not json"), "template data is invalid"),
        (entry(data="[]"), "template data is invalid"),
        ({"Destination": {"ToAddresses": [TO]}}, "template data is invalid"),
        (entry(data={"s0": "a\r\nBcc: x@example.net"}), "control characters"),
        (entry("añá@example.com"), "non-ASCII"),
        (entry(ReplacementTags=[{"Name": "a", "Value": "b c"}]), "Invalid tag value"),
        (entry(ReplacementHeaders=HEADERS[:15]), "Header count exceeds 15"),
    ],
)
def test_a_bad_bulk_entry_fails_alone(ses, client, bad, said):
    template = templated() | {"Headers": [{"Name": "X-Z", "Value": "v"}]}
    answer = client.send_bulk_email(**bulk(entry(), bad, entry(), template=template))
    assert results(answer) == ["SUCCESS", "INVALID_PARAMETER", "SUCCESS"]
    assert said in answer["BulkEmailEntryResults"][1]["Error"]
    assert len(ses.accepted) == 2


def test_an_unknown_configuration_set_or_template_is_not_found(client):
    unknown = mail(ConfigurationSetName="other")
    assert error(lambda: client.send_email(**unknown))[:2] == ("NotFoundException", 404)
    unknown = bulk(template={"TemplateName": "other", "TemplateData": "{}"})
    assert error(lambda: client.send_bulk_email(**unknown))[:2] == ("NotFoundException", 404)


def test_only_verified_identities_may_send(client):
    other = RAW.replace(b"news@example.org", b"news@example.net")
    code, _, message = error(lambda: client.send_email(**mail(data=other)))
    assert code == "MessageRejected"
    assert message == (
        "Email address is not verified. The following identities failed the check in region "
        "US-EAST-1: news@example.net"
    )
    request = bulk(FromEmailAddress="news@example.net")
    assert error(lambda: client.send_bulk_email(**request))[0] == "MessageRejected"
    subdomain = RAW.replace(b"news@example.org", b"news@mail.example.org")
    client.send_email(**mail(data=subdomain))


@given(st.text("ab{} s0_#./", max_size=30))
def test_template_syntax_is_accepted_or_refused_never_lost(source):
    try:
        template = parse(source)
    except fake_errors.ApiError:
        assert "{{" in source
    else:
        names = "".join(template.names)
        assert names.isalnum() or not names
        text = "".join(template.pieces).replace(" ", "")
        assert text == source.replace("{{", "").replace(" ", "") or "{{" in source


# ---------------------------------------------------------------- rate, quota, sandbox


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def test_the_rate_is_enforced_and_comes_back(connect):
    clock = Clock()
    with FakeSes(rate=10, clock=clock) as ses:
        client = connect(ses.endpoint)
        for _ in range(11):  # the documented burst: 1.1 seconds' worth
            client.send_email(**mail())
        refused = error(lambda: client.send_email(**mail()))
        assert refused == ("TooManyRequestsException", 429, "Maximum sending rate exceeded.")
        clock.now += 0.11
        client.send_email(**mail())
        assert error(lambda: client.send_email(**mail()))[1] == 429
        assert Counter(call.status for call in ses.requests) == {200: 12, 429: 2}


def test_the_rate_counts_recipients(connect):
    both = {"ToAddresses": ["a@example.com"], "BccAddresses": ["b@example.com"]}
    with FakeSes(rate=4, clock=Clock()) as ses:
        client = connect(ses.endpoint)
        client.send_email(**mail(Destination=both))
        client.send_email(**mail(Destination=both))
        assert error(lambda: client.send_email(**mail()))[1] == 429


def test_bulk_entries_over_the_rate_are_throttled_and_then_the_call(connect):
    with FakeSes(rate=10, clock=Clock()) as ses:
        client = connect(ses.endpoint)
        answer = client.send_bulk_email(**bulk(*[entry()] * 13))
        assert results(answer) == ["SUCCESS"] * 11 + ["ACCOUNT_THROTTLED"] * 2
        assert error(lambda: client.send_bulk_email(**bulk()))[1] == 429
        assert [call.recipients for call in ses.requests] == [11, 0]


def test_throttling_may_be_called_otherwise(connect):
    with FakeSes(rate=1, rate_error="ThrottlingException", clock=Clock()) as ses:
        client = connect(ses.endpoint)
        client.send_email(**mail())
        assert error(lambda: client.send_email(**mail()))[:2] == ("ThrottlingException", 400)


@given(
    st.floats(1, 100),
    st.lists(st.tuples(st.floats(0, 2), st.integers(1, 20)), max_size=60),
)
def test_no_window_holds_more_than_the_rate_and_the_burst(rate, attempts):
    bucket, now, taken = Bucket(), 0.0, []
    for pause, recipients in attempts:
        now += pause
        if bucket.fits(recipients, rate=rate, burst=1.1, now=now):
            bucket.take(recipients)
            taken.append((now, recipients))
    for i, (start, _) in enumerate(taken):
        for j in range(i, len(taken)):
            amount = sum(recipients for _, recipients in taken[i : j + 1])
            assert amount <= rate * (taken[j][0] - start + 1.1) + 1e-6


def test_the_daily_quota_is_enforced(connect):
    with FakeSes(rate=100, quota=1000, sent=997) as ses:
        client = connect(ses.endpoint)
        client.send_email(**mail())
        assert client.get_account()["SendQuota"]["SentLast24Hours"] == 998
        answer = client.send_bulk_email(**bulk(*[entry()] * 3))
        assert results(answer) == ["SUCCESS", "SUCCESS", "ACCOUNT_DAILY_QUOTA_EXCEEDED"]
        refused = ("TooManyRequestsException", 429, "Daily message quota exceeded.")
        assert error(lambda: client.send_email(**mail())) == refused
        assert error(lambda: client.send_bulk_email(**bulk())) == refused
        ses.change(quota=-1)
        client.send_email(**mail())


def test_the_sandbox_knows_verified_recipients_and_the_simulator_only(connect):
    with FakeSes(setup="sandbox", rate=100) as ses:
        client = connect(ses.endpoint)
        client.send_email(**mail("staff@example.org"))
        client.send_email(**mail("success@simulator.amazonses.com"))
        code, _, message = error(lambda: client.send_email(**mail()))
        assert (code, TO in message) == ("MessageRejected", True)
        answer = client.send_bulk_email(**bulk(entry(), entry("staff@example.org")))
        assert results(answer) == ["MESSAGE_REJECTED", "SUCCESS"]


# ---------------------------------------------------------------- the account's state


def account(client):
    return client.get_account()


def identity(client):
    return client.get_email_identity(EmailIdentity="example.org")


def configuration_set(client):
    return client.get_configuration_set(ConfigurationSetName="mailer")


def destinations(client):
    name = "mailer"
    answer = client.get_configuration_set_event_destinations(ConfigurationSetName=name)
    return answer["EventDestinations"]


SIGHT = {
    "healthy": lambda c: (
        account(c)["EnforcementStatus"] == "HEALTHY"
        and account(c)["ProductionAccessEnabled"]
        and account(c)["SendingEnabled"]
        and identity(c)["VerifiedForSendingStatus"]
        and identity(c)["DkimAttributes"]["Status"] == "SUCCESS"
        and identity(c)["DkimAttributes"]["SigningEnabled"]
        and identity(c)["MailFromAttributes"]["MailFromDomain"] == "bounce.example.org"
        and identity(c)["MailFromAttributes"]["MailFromDomainStatus"] == "SUCCESS"
        and configuration_set(c)["SendingOptions"]["SendingEnabled"]
        and "BOUNCE" in destinations(c)[0]["MatchingEventTypes"]
        and destinations(c)[0]["SnsDestination"]["TopicArn"].startswith("arn:aws:sns:")
    ),
    "sandbox": lambda c: (
        not account(c)["ProductionAccessEnabled"]
        and account(c)["SendQuota"]
        == {"Max24HourSend": 200.0, "MaxSendRate": 1.0, "SentLast24Hours": 0.0}
    ),
    "sending-disabled": lambda c: not account(c)["SendingEnabled"],
    "probation": lambda c: account(c)["EnforcementStatus"] == "PROBATION",
    "shutdown": lambda c: account(c)["EnforcementStatus"] == "SHUTDOWN",
    "identity-unverified": lambda c: identity(c)["VerificationStatus"] == "PENDING",
    "identity-missing": lambda c: error(lambda: identity(c))[:2] == ("NotFoundException", 404),
    "dkim-pending": lambda c: identity(c)["DkimAttributes"]["Status"] == "PENDING",
    "dkim-failed": lambda c: identity(c)["DkimAttributes"]["Status"] == "FAILED",
    "dkim-unsigned": lambda c: not identity(c)["DkimAttributes"]["SigningEnabled"],
    "mail-from-unset": lambda c: "MailFromDomain" not in identity(c)["MailFromAttributes"],
    "mail-from-failed": lambda c: (
        identity(c)["MailFromAttributes"]["MailFromDomainStatus"] == "FAILED"
    ),
    "mail-from-required": lambda c: (
        identity(c)["MailFromAttributes"]["BehaviorOnMxFailure"] == "REJECT_MESSAGE"
    ),
    "configuration-set-missing": lambda c: (
        error(lambda: configuration_set(c))[1] == error(lambda: destinations(c))[1] == 404
    ),
    "configuration-set-paused": lambda c: (
        not configuration_set(c)["SendingOptions"]["SendingEnabled"]
    ),
    "no-event-destination": lambda c: destinations(c) == [],
    "quota-nearly-used": lambda c: account(c)["SendQuota"]["SentLast24Hours"] == 49_990,
    "message-insights": lambda c: account(c)["VdmAttributes"]["VdmEnabled"] == "ENABLED",
    "bad-credentials": lambda c: (
        error(lambda: account(c))[:2] == ("UnrecognizedClientException", 403)
    ),
    "expired-credentials": lambda c: (
        error(lambda: account(c))[:2] == ("ExpiredTokenException", 403)
    ),
    "access-denied": lambda c: (
        error(lambda: c.send_email(**mail()))[:2] == ("AccessDeniedException", 403)
    ),
    "access-denied-to-read": lambda c: (
        error(lambda: account(c))[:2] == ("AccessDeniedException", 403)
        and c.send_email(**mail())["MessageId"]
    ),
}


@pytest.mark.parametrize("setup", SETUPS)
def test_every_set_up_can_be_seen(connect, setup):
    with FakeSes(setup=setup) as ses:
        assert SIGHT[setup](connect(ses.endpoint))


REFUSES_TO_SEND = {
    "sending-disabled": "SendingPausedException",
    "shutdown": "AccountSuspendedException",
    "identity-unverified": "MessageRejected",
    "identity-missing": "MessageRejected",
    "mail-from-required": "MailFromDomainNotVerifiedException",
    "configuration-set-missing": "NotFoundException",
    "configuration-set-paused": "SendingPausedException",
    "bad-credentials": "UnrecognizedClientException",
    "expired-credentials": "ExpiredTokenException",
    "access-denied": "AccessDeniedException",
}


@pytest.mark.parametrize("setup", SETUPS)
def test_set_ups_that_do_not_allow_it_refuse_to_send(connect, setup):
    single = mail("success@simulator.amazonses.com", ConfigurationSetName="mailer")
    many = bulk(entry("success@simulator.amazonses.com"), ConfigurationSetName="mailer")
    with FakeSes(setup=setup, rate=5) as ses:
        client = connect(ses.endpoint)
        if code := REFUSES_TO_SEND.get(setup):
            assert error(lambda: client.send_email(**single))[0] == code
            assert error(lambda: client.send_bulk_email(**many))[0] == code
            assert ses.accepted == []
        else:
            client.send_email(**single)
            client.send_bulk_email(**many)
            assert len(ses.accepted) == 2


def test_a_call_without_a_signature_is_refused(ses):
    with wire_to(ses) as wire:
        for _ in range(2):  # over one connection
            wire.sendall(b"GET /v2/email/account HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = wire.recv(4096)
            assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
            assert b"x-amzn-ErrorType: MissingAuthenticationTokenException" in answer


def test_an_operation_it_does_not_have_is_refused(client):
    refused = error(client.list_email_identities)
    assert refused[:2] == ("UnknownOperationException", 404)


def test_the_suppression_list_is_kept_and_paged(client):
    for name in ("ana", "bo", "cy"):
        client.put_suppressed_destination(EmailAddress=f"{name}@example.com", Reason="BOUNCE")
    client.put_suppressed_destination(EmailAddress="bo@example.com", Reason="COMPLAINT")
    first = client.list_suppressed_destinations(PageSize=2)
    rest = client.list_suppressed_destinations(PageSize=2, NextToken=first["NextToken"])
    found = [*first["SuppressedDestinationSummaries"], *rest["SuppressedDestinationSummaries"]]
    assert [row["EmailAddress"].partition("@")[0] for row in found] == ["ana", "bo", "cy"]
    assert found[0]["LastUpdateTime"].timestamp() == pytest.approx(time.time(), abs=60)
    assert "NextToken" not in rest
    [complained] = client.list_suppressed_destinations(Reasons=["COMPLAINT"])[
        "SuppressedDestinationSummaries"
    ]
    assert complained["EmailAddress"] == "bo@example.com"
    client.delete_suppressed_destination(EmailAddress="bo@example.com")
    missing = error(lambda: client.delete_suppressed_destination(EmailAddress="bo@example.com"))
    assert missing[0] == "NotFoundException"


# ---------------------------------------------------------------- faults

FAULTS = ("throttle", "error", "unavailable", "hang", "drop", "drop-before", "refuse")


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        ("throttle", "TooManyRequestsException", 429),
        ("error", "InternalFailure", 500),
        ("unavailable", "ServiceUnavailable", 503),
    ],
)
def test_an_error_on_command_strikes_the_next_calls_only(ses, client, kind, code, status):
    ses.inject(kind, times=2)
    assert error(lambda: client.send_email(**mail()))[:2] == (code, status)
    client.get_account()
    assert error(lambda: client.send_bulk_email(**bulk()))[:2] == (code, status)
    assert ses.accepted == []
    client.send_email(**mail())
    assert len(ses.accepted) == 1


@pytest.mark.parametrize("kind", ["error", "unavailable"])
def test_a_server_error_may_come_after_accepting(ses, client, kind):
    ses.inject(kind, times=1, accepted=True)
    assert error(lambda: client.send_email(**mail()))[1] >= 500
    assert len(ses.accepted) == 1
    assert ses.requests[-1].recipients == 1


def test_accept_then_hang(ses, connect):
    client = connect(ses.endpoint, read_timeout=0.3)
    ses.inject("hang", seconds=30, times=1)
    with pytest.raises(ReadTimeoutError):
        client.send_email(**mail())
    assert len(ses.accepted) == 1
    assert (ses.requests[-1].status, ses.requests[-1].code) == (0, "hang")


def test_a_hang_ends_without_an_answer(ses, client):
    ses.inject("hang", seconds=0.1, times=1)
    with pytest.raises(ConnectionClosedError):
        client.send_email(**mail())


@pytest.mark.parametrize(("kind", "accepted"), [("drop", 50), ("drop-before", 0)])
def test_dropping_the_socket(ses, client, kind, accepted):
    ses.inject(kind, times=1)
    with pytest.raises(ConnectionClosedError):
        client.send_bulk_email(**bulk(*[entry()] * 50))
    assert len(ses.accepted) == accepted


def test_refused_connections_come_back_on_the_same_port(ses, client):
    ses.inject("refuse", seconds=0.4, times=1)
    client.send_email(**mail())
    refused = 0
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            client.send_email(**mail())
            break
        except EndpointConnectionError:
            refused += 1
            time.sleep(0.05)
    assert refused
    assert len(ses.accepted) == 2


def test_refusing_ends_the_connection_that_was_just_answered(ses):
    ses.inject("refuse", seconds=60, operations=["GetAccount"])
    with wire_to(ses) as wire:
        wire.sendall(b"GET /v2/email/account HTTP/1.1\r\n\r\n")
        assert b"Connection: close" in wire.recv(4096)
        assert wire.recv(4096) == b""


def test_connections_can_be_refused_at_once(ses, client):
    client.send_email(**mail())
    ses.refuse(60)
    with pytest.raises(EndpointConnectionError):
        client.send_email(**mail())


def test_connections_can_be_ignored(ses, connect):
    client = connect(ses.endpoint, connect_timeout=0.2)
    ses.inject("ignore", seconds=1, times=1)
    client.send_email(**mail())
    with pytest.raises(ConnectTimeoutError):
        client.send_email(**mail())
    time.sleep(1)
    client.send_email(**mail())
    assert len(ses.accepted) == 2


def test_a_slow_answer_goes_with_another_fault(ses, client):
    ses.inject("slow", seconds=0.2, times=2)
    ses.inject("throttle", times=1)
    start = time.monotonic()
    assert error(lambda: client.send_email(**mail()))[1] == 429
    client.send_email(**mail())
    assert time.monotonic() - start >= 0.4


def test_slow_answers_do_not_hold_up_others(ses, client):
    ses.inject("slow", seconds=60, operations=["GetAccount"])
    with wire_to(ses) as waiting:
        waiting.sendall(b"GET /v2/email/account HTTP/1.1\r\n\r\n")
        client.send_email(**mail())
        assert [call.operation for call in ses.requests] == ["SendEmail"]


def test_bulk_entries_fail_as_commanded(ses, client):
    statuses = ["TRANSIENT_FAILURE", "SUCCESS", "ACCOUNT_THROTTLED", "MESSAGE_REJECTED"]
    ses.inject("partial", statuses=statuses, times=1)
    client.send_email(**mail())  # is not a bulk call: not struck, not counted
    answer = client.send_bulk_email(**bulk(*[entry(f"a{n}@example.com") for n in range(5)]))
    assert results(answer) == [*statuses, "SUCCESS"]
    assert [kept.to[0] for kept in ses.accepted[1:]] == ["a1@example.com", "a4@example.com"]
    assert results(client.send_bulk_email(**bulk())) == ["SUCCESS"]


def test_bulk_entries_fail_by_chance(ses, client):
    ses.inject("partial", statuses=["TRANSIENT_FAILURE", "FAILED"], share=0.5, seed=3)
    answer = client.send_bulk_email(**bulk(*[entry()] * 50))
    counts = Counter(results(answer))
    assert set(counts) == {"SUCCESS", "TRANSIENT_FAILURE", "FAILED"}
    assert len(ses.accepted) == counts["SUCCESS"]


def test_chance_repeats_with_its_seed(connect):
    def outcomes(seed: int) -> list[int]:
        with FakeSes(rate=1000) as ses:
            client = connect(ses.endpoint)
            ses.inject("throttle", probability=0.3, seed=seed)
            for _ in range(40):
                with contextlib.suppress(ClientError):
                    client.send_email(**mail())
            return [call.status for call in ses.requests]

    first = outcomes(1)
    assert first == outcomes(1) != outcomes(2)
    assert 3 <= first.count(429) <= 25


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("AccountSuspendedException", "ACCOUNT_SUSPENDED"),
        ("SendingPausedException", "ACCOUNT_SENDING_PAUSED"),
        ("MailFromDomainNotVerifiedException", "MAIL_FROM_DOMAIN_NOT_VERIFIED"),
        ("NotFoundException", "CONFIGURATION_SET_NOT_FOUND"),
        ("MessageRejected", "MESSAGE_REJECTED"),
        ("BadRequestException", "INVALID_PARAMETER"),
    ],
)
def test_an_address_gets_its_own_error(ses, client, code, status):
    ses.inject("exception", to=TO, code=code, message="No.")
    assert error(lambda: client.send_email(**mail()))[::2] == (code, "No.")
    answer = client.send_bulk_email(**bulk(entry(), entry("bo@example.com")))
    assert results(answer) == [status, "SUCCESS"]
    client.send_email(**mail("bo@example.com"))
    ses.clear()
    client.send_email(**mail())


@pytest.mark.parametrize(
    ("local", "code"),
    [
        ("reject+account-suspended", "AccountSuspendedException"),
        ("reject+bad-request", "BadRequestException"),
        ("reject+throttled", "TooManyRequestsException"),
        ("reject+unavailable", "ServiceUnavailable"),
        ("reject+whatever", "MessageRejected"),
    ],
)
def test_an_address_may_ask_for_its_error(ses, client, local, code):
    assert error(lambda: client.send_email(**mail(f"{local}@example.com")))[0] == code
    assert ses.accepted == []


def test_an_exception_may_strike_any_call(ses, client):
    ses.inject("exception", code="SendingPausedException", times=1)
    code, status, message = error(lambda: client.send_email(**mail()))
    assert (code, status) == ("SendingPausedException", 400)
    assert message.startswith("Sending paused for this account")


def outcome(call: Callable[[], Any]) -> int:
    """The HTTP status; 0 when the answer was lost, -1 when there was no connection."""
    try:
        call()
    except ClientError as err:
        return err.response["ResponseMetadata"]["HTTPStatusCode"]
    except ConnectionClosedError:
        return 0
    except EndpointConnectionError:
        time.sleep(0.02)
        return -1
    return 200


def test_under_all_faults_at_once_the_record_agrees_with_the_answers(ses, client):
    seconds = {"hang": 0.05, "refuse": 0.05, "slow": 0.01}
    for seed, kind in enumerate(("slow", *FAULTS)):
        ses.inject(kind, probability=0.05, seed=seed, seconds=seconds.get(kind, 0))
    ses.inject("error", probability=0.05, seed=99, accepted=True)
    answers: dict[str, int] = {}

    def send(worker: int) -> None:
        for n in range(50):
            address = f"w{worker}.{n}@example.com"
            answers[address] = outcome(lambda to=address: client.send_email(**mail(to)))

    in_threads(send, 6)
    accepted = Counter(kept.to[0] for kept in ses.accepted)
    assert set(accepted.values()) == {1}
    assert {a for a, status in answers.items() if status == 200} <= set(accepted)
    assert not {a for a, status in answers.items() if status in (429, 503, -1)} & set(accepted)
    assert {200, 429, 500, 503, 0} <= set(answers.values())
    assert len(accepted) == sum(call.recipients for call in ses.requests)


def test_an_unknown_fault_is_a_mistake_of_the_test(ses):
    with pytest.raises(ValueError, match="unknown fault"):
        ses.inject("drpo")


# ---------------------------------------------------------------- events


@pytest.mark.parametrize(
    ("local", "types"),
    [
        ("success", ["Send", "Delivery"]),
        ("bounce", ["Send", "Bounce"]),
        ("bounce+label", ["Send", "Bounce"]),
        ("complaint", ["Send", "Delivery", "Complaint"]),
        ("suppressionlist", ["Send", "Bounce"]),
        ("ooto", ["Send", "Delivery", "Bounce"]),
    ],
)
def test_simulator_addresses_have_their_events(ses, client, local, types):
    address = f"{local}@simulator.amazonses.com"
    tags = [{"Name": "delivery", "Value": "7"}]
    sent = client.send_email(**mail(address, EmailTags=tags, ConfigurationSetName="mailer"))
    assert [event["eventType"] for event in ses.events] == types
    for event in ses.events:
        assert event["mail"]["messageId"] == sent["MessageId"]
        assert event["mail"]["destination"] == [address]
        assert event["mail"]["tags"]["delivery"] == ["7"]
        assert event["mail"]["tags"]["ses:configuration-set"] == ["mailer"]
        assert event["mail"]["commonHeaders"]["subject"] == "Tuesday"


def test_bounces_and_complaints_name_the_recipient(ses, client):
    ses.change(outcomes={"ana@example.com": "bounce", "bo@example.com": "complaint"})
    client.put_suppressed_destination(EmailAddress="cy@example.com", Reason="BOUNCE")
    for name in ("ana", "bo", "cy"):
        client.send_email(**mail(f"{name}@example.com"))
    bounce, suppressed = (e["bounce"] for e in ses.events if e["eventType"] == "Bounce")
    assert (bounce["bounceType"], bounce["bounceSubType"]) == ("Permanent", "General")
    [bounced] = bounce["bouncedRecipients"]
    assert (bounced["emailAddress"], bounced["status"]) == ("ana@example.com", "5.1.1")
    assert suppressed["bounceSubType"] == "OnAccountSuppressionList"
    [complaint] = (e["complaint"] for e in ses.events if e["eventType"] == "Complaint")
    assert complaint["complainedRecipients"] == [{"emailAddress": "bo@example.com"}]
    assert complaint["complaintFeedbackType"] == "abuse"
    assert len({bounce["feedbackId"], suppressed["feedbackId"], complaint["feedbackId"]}) == 3


# ---------------------------------------------------------------- the server itself


def test_what_was_accepted_outlives_the_clients_and_the_server(connect):
    messages = [RAW + str(n).encode() * n for n in range(5)]
    with FakeSes() as ses:
        client = connect(ses.endpoint)
        for data in messages:
            client.send_email(**mail(data=data))
    assert [kept.mime for kept in ses.accepted] == messages


def test_many_threads_lose_nothing(ses, connect):
    client = connect(ses.endpoint)

    def send(worker: int) -> None:
        for n in range(20):
            client.send_email(**mail(f"w{worker}.{n}@example.com"))

    in_threads(send, 8)
    assert len({kept.to[0] for kept in ses.accepted}) == len(ses.accepted) == 160
    assert len({kept.message_id for kept in ses.accepted}) == 160


def test_a_mistake_of_the_server_fails_the_test(connect):
    def break_it() -> None:
        with FakeSes(rate="fast") as ses, pytest.raises(ConnectionClosedError):
            connect(ses.endpoint).send_email(**mail())

    with pytest.raises(TypeError):
        break_it()


def test_a_port_in_use_is_said(ses):
    port = int(ses.endpoint.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"), FakeSes(port=port):
        pass


def test_the_program_can_be_rehearsed_with_and_commanded(connect, tmp_path):
    record = tmp_path / "record.jsonl"
    command = [sys.executable, "-m", "tools.fake_ses", "--rate", "500", "--record", str(record)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        lines = [program.stdout.readline().strip() for _ in range(4)]
        name, _, endpoint = lines[0].removeprefix("export ").partition("=")
        assert (name, endpoint[:17]) == ("AWS_ENDPOINT_URL_SESV2", "http://127.0.0.1:")
        assert "export AWS_ACCESS_KEY_ID=fake" in lines
        remote, client = RemoteSes(endpoint), connect(endpoint)
        assert client.get_account()["SendQuota"]["MaxSendRate"] == 500
        client.send_email(**mail())
        client.send_bulk_email(**bulk(entry("bo@example.com")))
        assert [row["to"] for row in remote.accepted()] == [[TO], ["bo@example.com"]]
        assert remote.accepted(0, mime=True)[0]["mime"] == RAW
        assert [row["to"] for row in remote.accepted(1)] == [["bo@example.com"]]
        assert [row["eventType"] for row in remote.events()] == ["Send", "Delivery"] * 2
        remote.inject("error", times=1)
        assert error(lambda: client.send_email(**mail()))[1] == 500
        remote.inject("error")
        remote.clear()
        remote.change(setup="sandbox", rate=7)
        assert client.get_account()["SendQuota"]["MaxSendRate"] == 7
        assert [row["status"] for row in remote.requests()] == [200, 200, 200, 500, 200]
        program.send_signal(signal.SIGTERM)
    assert program.returncode == 0
    rows = [json.loads(line) for line in record.read_text().splitlines()]
    assert [row["to"] for row in rows] == [[TO], ["bo@example.com"]]
    assert all(row["mime"] for row in rows)


def test_the_program_says_that_a_port_is_taken(ses):
    port = ses.endpoint.rpartition(":")[2]
    command = [sys.executable, "-m", "tools.fake_ses", "--port", port]
    program = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert program.returncode == 1
    assert program.stderr == f"port {port} cannot be used: Address already in use\n"


def test_a_wrong_command_is_answered(ses):
    for line, body, status in [
        (b"PUT /_fake/account", b'{"rat": 3}', b"400"),
        (b"POST /_fake/faults", b"{", b"400"),
        (b"GET /_fake/nothing", b"", b"400"),
        (b"DELETE /_fake/nothing", b"", b"404"),
    ]:
        with wire_to(ses) as wire:
            length = str(len(body)).encode()
            wire.sendall(line + b" HTTP/1.1\r\nContent-Length: " + length + b"\r\n\r\n" + body)
            assert wire.recv(4096).split()[1] == status


# ---------------------------------------------------------------- message insights


def export(client, *addresses, **source):
    now = datetime.now(UTC)
    source = {"StartDate": now - timedelta(hours=1), "EndDate": now + timedelta(hours=1), **source}
    job = client.create_export_job(
        ExportDataSource={
            "MessageInsightsDataSource": {**source, "Include": {"Destination": [*addresses]}}
        },
        ExportDestination={"DataFormat": "JSON"},
    )
    states = [client.get_export_job(JobId=job["JobId"]) for _ in range(2)]
    assert [state["JobStatus"] for state in states] == ["PROCESSING", "COMPLETED"]
    with urllib.request.urlopen(states[1]["ExportDestination"]["S3Url"]) as response:
        return [row["MessageId"] for row in json.load(response)]


def test_message_insights_tell_of_messages_and_their_tags(connect):
    with FakeSes(setup="message-insights") as ses:
        client = connect(ses.endpoint)
        address = "success@simulator.amazonses.com"
        tags = [{"Name": "delivery", "Value": "7"}]
        message_id = client.send_email(**mail(address, EmailTags=tags))["MessageId"]
        assert export(client, address) == [message_id]
        assert export(client, "other@example.com") == []
        assert export(client, address, EndDate=datetime(2020, 1, 1, tzinfo=UTC)) == []
        record = client.get_message_insights(MessageId=message_id)
        assert record["EmailTags"] == tags
        (insight,) = record["Insights"]
        assert insight["Destination"] == address
        assert [event["Type"] for event in insight["Events"]] == ["SEND"]
        code, _, _ = error(lambda: export(client, *["a@example.org"] * 6))
        assert code == "BadRequestException"
        code, _, _ = error(lambda: client.get_export_job(JobId="export-99"))
        assert code == "NotFoundException"


def test_an_account_without_vdm_has_no_message_insights(ses, connect):
    client = connect(ses.endpoint)
    code, _, text = error(lambda: export(client, "a@example.org"))
    assert (code, "not enabled" in text) == ("BadRequestException", True)
