"""Whatever answers in the place of Amazon SES, and whatever it says, each recipient gets an outcome."""

from __future__ import annotations

import functools
import gzip
import json
import sqlite3
from datetime import UTC, datetime

import pytest
from botocore.awsrequest import AWSResponse
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.config import Ses
from mailer.errors import TransportError
from mailer.ledger.delivery import DeliveryState
from mailer.mail.message import Envelope
from mailer.transports.base import OutgoingMessage
from mailer.transports.ses.client import Purpose
from mailer.transports.ses.transport import SesTransport
from tests.support.campaigns import ANA, BO, UMA, make_merger, make_sources
from tools.tls import listening

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ENVELOPE = Envelope.of(make_sources("Hello").content, list_name="members")
ACCEPTED, FAILED = DeliveryState.ACCEPTED, DeliveryState.FAILED
PENDING, UNCERTAIN = DeliveryState.PENDING, DeliveryState.UNCERTAIN
BODY = "Dear {{ recipient.first_name | default('neighbor') }}, it is Tuesday."
ID = b'{"MessageId": "m"}'
PAGE = b"<!doctype html><title>Sign in</title><p>Please sign in.</p>" + b"x" * 100_000


@pytest.fixture(autouse=True, scope="module")
def credentials():
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "fake")
        yield


@pytest.fixture(scope="module")
def messages():
    merger = make_merger(BODY)
    return [OutgoingMessage(n, merger.merge(person)) for n, person in enumerate((ANA, BO, UMA), 7)]


def open_transport(method="raw"):
    return SesTransport(
        Ses(region="us-east-1", configuration_set="mailer", method=method),
        campaign="vote",
        list_name="members",
        envelope=ENVELOPE,
        clock=lambda: NOW,
        read_timeout=5,
    )


class _Body:
    def __init__(self, content):
        self._content = content

    def stream(self):
        yield self._content


class Stub:
    """A transport whose calls get the answer that is set here."""

    def __init__(self, method, purpose):
        self.transport = open_transport(method)
        events = self.transport._clients.client(purpose).meta.events
        events.register_first("before-send.sesv2", self._answer)

    def set(self, status, body, headers=None):
        self._response = (status, body, headers or {})

    def _answer(self, **_):
        status, body, headers = self._response
        return AWSResponse("https://ses.example", status, headers, _Body(body))


stub = functools.cache(Stub)
"""Creating a client takes half a second."""


def deliver(messages, status, body, *, method="raw", headers=None):
    stubbed = stub(method, Purpose.SENDING)
    stubbed.set(status, body, headers)
    batch_result = stubbed.transport.deliver(messages if method == "bulk" else messages[:1])
    check_recordable(batch_result.results)
    return batch_result


def check_recordable(results):
    """Any database takes the results, and staff can read them."""
    for result in results:
        assert isinstance(result.message_id, str)
        assert "\0" not in result.message_id + result.detail
        assert len(result.detail) < 500
        sqlite3.connect(":memory:").execute("SELECT ?, ?", (result.message_id, result.detail))


def states(batch_result):
    return [result.state for result in batch_result.results]


# ---------------------------------------------------------------- one message


@pytest.mark.parametrize(
    "body",
    [b"", b"[1]", b'"x"', b"null", b"7", b"{}", b"{", PAGE, b"\xff\xfe", b"[" * 100_000]
    + [f'{{"MessageId": {value}}}'.encode() for value in ("7", '""', "null", "[1]", "{}", "true")]
    + [b"\x1f\x8bgarbage", gzip.compress(ID, mtime=0)],
)
@pytest.mark.parametrize("headers", [{}, {"Content-Encoding": "gzip"}])
def test_a_200_without_a_message_id_is_uncertain(messages, body, headers):
    batch_result = deliver(messages, 200, body, headers=headers)
    assert states(batch_result) == [UNCERTAIN]
    assert "it may have been sent" in batch_result.results[0].detail
    assert "object has no attribute" not in batch_result.results[0].detail


@pytest.mark.parametrize("message_id", ["a\0b", "a\ud800b", "x" * 5000])
def test_an_odd_message_id_is_kept_as_any_database_takes_it(messages, message_id):
    body = json.dumps({"MessageId": message_id}).encode()
    assert states(deliver(messages, 200, body)) == [ACCEPTED]


@pytest.mark.parametrize(
    "status", [300, 301, 302, 304, 307, 308, 400, 401, 403, 404, 407, 413, 429, 451, 500, 503, 600]
)
@pytest.mark.parametrize("body", [b"", PAGE, b"[]", b'{"message": "bad"}', b'{"code": 7}'])
def test_a_page_of_another_program_refuses_nobody(messages, status, body):
    """A proxy may have passed the message on, and kept the answer to itself."""
    batch_result = deliver(messages, status, body, headers={"Location": "https://example.org"})
    assert states(batch_result) == [UNCERTAIN]
    assert batch_result.stop is None


@pytest.mark.parametrize(
    ("error", "state"),
    [("BadRequestException", FAILED), ("TooManyRequestsException", PENDING), ("", UNCERTAIN)],
)
def test_only_a_code_of_amazons_refuses(messages, error, state):
    headers = {"x-amzn-ErrorType": error} if error else {}
    batch_result = deliver(messages, 400, b'{"message": "No."}', headers=headers)
    assert states(batch_result) == [state]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"hello\r\n\r\n",
        b"<html>",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" + ID,
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n12\r\n" + ID,
        b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 300 + b"\r\n",
        b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_broken_http_is_uncertain(messages, monkeypatch, answer):
    def serve(connection):
        connection.recv(65536)
        connection.sendall(answer)

    with listening(serve) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", url.replace("https", "http"))
        batch_result = open_transport().deliver(messages[:1])
    assert states(batch_result) == [UNCERTAIN]
    check_recordable(batch_result.results)


# ---------------------------------------------------------------- many in one call

OK = {"Status": "SUCCESS", "MessageId": "m"}


@pytest.mark.parametrize(
    "entries",
    [[], [OK, OK], [OK] * 4, None, {"a": 1}, "abc", ["a", "b", "c"], [[], [], []], 7],
)
def test_entries_that_are_not_one_for_each_leave_everybody_uncertain(messages, entries):
    body = json.dumps({"BulkEmailEntryResults": entries}).encode()
    assert states(deliver(messages, 200, body, method="bulk")) == [UNCERTAIN] * 3


@pytest.mark.parametrize(
    "entry",
    [
        None,
        {},
        {"Status": "SUCCESS"},
        {"Status": "SUCCESS", "MessageId": 7},
        {"Status": "success", "MessageId": "m"},
        {"Status": "WHO_KNOWS", "Error": "?"},
        {"Status": 7},
        {"Status": ["FAILED"]},
        {"Status": None},
        {"Status": {}, "Error": []},
    ],
)
def test_an_entry_that_says_nothing_known_is_uncertain_alone(messages, entry):
    body = json.dumps({"BulkEmailEntryResults": [OK, entry, OK]}).encode()
    batch_result = deliver(messages, 200, body, method="bulk")
    assert states(batch_result) == [ACCEPTED, UNCERTAIN, ACCEPTED]


@pytest.mark.parametrize("error", [7, {"a": 1}, ["x"], None, True, "a\0\ud800" * 1000])
def test_a_refusal_with_any_reason_is_a_refusal(messages, error):
    entry = {"Status": "MESSAGE_REJECTED", "Error": error}
    body = json.dumps({"BulkEmailEntryResults": [OK, entry, OK]}).encode()
    batch_result = deliver(messages, 200, body, method="bulk")
    assert states(batch_result) == [ACCEPTED, FAILED, ACCEPTED]


NAMES = st.sampled_from(
    ["MessageId", "BulkEmailEntryResults", "Status", "Error", "message", "code"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(), inner),
    max_leaves=12,
)


@settings(max_examples=300)
@given(st.sampled_from([200, 202, 302, 400, 403, 500]), JSON, st.sampled_from(["raw", "bulk"]))
def test_no_answer_makes_a_delivery_fail_with_an_exception(messages, status, answer, method):
    results = deliver(messages, status, json.dumps(answer).encode(), method=method).results
    assert [result.delivery_id for result in results] == ([7, 8, 9] if method == "bulk" else [7])


# ---------------------------------------------------------------- what the account may send


@pytest.mark.parametrize(
    "change",
    [
        {"SendingEnabled": None, "SendQuota": {}},
        {"SendQuota": None},
        {"SendQuota": []},
        {"SendQuota": {"Max24HourSend": "many", "SentLast24Hours": 0, "MaxSendRate": 1}},
        {"SendQuota": {"Max24HourSend": 1e999, "SentLast24Hours": 0, "MaxSendRate": 1}},
        {"SendQuota": {"Max24HourSend": 1, "SentLast24Hours": float("nan"), "MaxSendRate": 1}},
        {"SendQuota": {"Max24HourSend": 1, "SentLast24Hours": 0, "MaxSendRate": 0}},
        {"SendQuota": {"Max24HourSend": 1, "SentLast24Hours": 0, "MaxSendRate": float("nan")}},
        {"SendQuota": {"Max24HourSend": 1, "SentLast24Hours": 0, "MaxSendRate": "fast"}},
    ],
)
def test_an_account_that_makes_no_sense_is_an_error_in_words(change):
    account = {"SendingEnabled": True, **change}
    stubbed = stub("raw", Purpose.READING)
    stubbed.set(200, json.dumps(account).encode())
    with pytest.raises(TransportError, match="the answer was incomplete, or not Amazon's"):
        stubbed.transport.allowance()


@pytest.mark.parametrize("body", [b"[]", b"null", b"7", b'"x"', b"{}", PAGE])
def test_an_answer_about_the_account_of_any_shape_is_an_error_in_words(body):
    stubbed = stub("raw", Purpose.READING)
    stubbed.set(200, body)
    with pytest.raises(TransportError, match="cannot be asked what this account may send"):
        stubbed.transport.allowance()
