"""The worked example of docs/adding-a-transport.md keeps what the page asks of a transport."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mailer.ledger.delivery import Claim, DeliveryState
from mailer.mail.message import Envelope
from mailer.transports.base import OutgoingMessage
from tests.support.campaigns import ANA, BO, make_merger, make_sources
from tests.transports.postmark import PostmarkTransport

ENVELOPE = Envelope.of(make_sources("Hello").content, list_name="members")
ACCEPTED, PENDING, FAILED, UNCERTAIN = (
    DeliveryState.ACCEPTED,
    DeliveryState.PENDING,
    DeliveryState.FAILED,
    DeliveryState.UNCERTAIN,
)
TAKEN = {"ErrorCode": 0, "Message": "OK", "MessageID": "b7bc2f4a"}
INACTIVE = {"ErrorCode": 406, "Message": "You tried to send to a recipient marked inactive."}


class Server:
    """Answers as it is told, and keeps what it got."""

    def __init__(self):
        self.status, self.answer, self.requests = 200, [TAKEN, TAKEN], []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                server.requests.append((self.path, json.loads(body), dict(self.headers)))
                if server.answer is None:
                    self.close_connection = True
                    return
                answer = server.answer
                data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(server.status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def close(self):
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


@pytest.fixture
def transport(server):
    return PostmarkTransport("token", campaign="vote", envelope=ENVELOPE, endpoint=server.endpoint)


@pytest.fixture
def batch():
    merger = make_merger("Dear {{ recipient.first_name }}, it is Tuesday.")
    return [OutgoingMessage(n, merger.merge(person)) for n, person in enumerate((ANA, BO), 7)]


def states(result):
    return {each.delivery_id: each.state for each in result.results}


def test_a_batch_is_one_call_with_each_message_and_its_own_links(transport, server, batch):
    result = transport.deliver(batch)
    assert states(result) == {7: ACCEPTED, 8: ACCEPTED}
    assert {each.message_id for each in result.results} == {"b7bc2f4a"}
    ((path, payload, headers),) = server.requests
    assert path == "/email/batch"
    assert headers["X-Postmark-Server-Token"] == "token"
    assert [each["To"] for each in payload] == [ANA.email, BO.email]
    assert "Dear Ana" in payload[0]["TextBody"]
    names = [{each["Name"] for each in message["Headers"]} for message in payload]
    assert all({"List-Unsubscribe", "List-Unsubscribe-Post", "List-Id"} <= each for each in names)
    links = [each["Value"] for m in payload for each in m["Headers"] if each["Name"] == "List-Unsubscribe"]  # fmt: skip
    assert len(set(links)) == 2


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        (200, [TAKEN, INACTIVE], {7: ACCEPTED, 8: FAILED}),
        (200, [TAKEN], {7: UNCERTAIN, 8: UNCERTAIN}),
        (200, [TAKEN, {}], {7: ACCEPTED, 8: UNCERTAIN}),
        (200, b"", {7: UNCERTAIN, 8: UNCERTAIN}),
        (200, b"<html>Sign in</html>", {7: UNCERTAIN, 8: UNCERTAIN}),
        (500, b"", {7: UNCERTAIN, 8: UNCERTAIN}),
        (429, b"", {7: PENDING, 8: PENDING}),
        (401, b"", {7: PENDING, 8: PENDING}),
        (200, None, {7: UNCERTAIN, 8: UNCERTAIN}),
    ],
)
def test_nothing_is_guessed_from_an_answer_and_nothing_is_tried_twice(
    transport, server, batch, *, status, answer, expected
):
    server.status, server.answer = status, answer
    result = transport.deliver(batch)
    assert states(result) == expected
    assert all(each.detail for each in result.results if each.state in {FAILED, UNCERTAIN})
    assert len(server.requests) == 1
    assert bool(result.slow_down) == (status == 429)
    assert bool(result.stop) == (status == 401)


def test_what_never_left_is_pending(server, transport, batch):
    server.close()
    result = transport.deliver(batch)
    assert states(result) == {7: PENDING, 8: PENDING}


def test_after_a_crash_nothing_is_claimed_to_be_known(transport):
    assert [r.state for r in transport.settle([Claim(7, ANA)])] == [UNCERTAIN]


def test_messages_go_in_batches_of_what_one_call_carries(transport, batch):
    assert transport.batch_size(None) == 500
    assert [len(part) for part in transport.batches(batch * 3, 4)] == [4, 2]
