"""The fake SES as a process: its address, its control requests, its end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest
from botocore.exceptions import ConnectionClosedError

from tests.support.ses_requests import RAW, ROOT, TO, bulk, entry, error, in_threads, mail, wire_to
from tools.fake_ses import FakeSes, RemoteSes

pytestmark = pytest.mark.slow


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
