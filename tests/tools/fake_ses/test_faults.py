"""Faults that are injected into the fake SES: throttling, errors, hanging, dropped connections."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from tests.support.ses_requests import TO, bulk, entry, error, in_threads, mail, results, wire_to
from tools.fake_ses import FakeSes

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow


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
    ses.inject("ignore", seconds=4, times=1)
    client.send_email(**mail())
    with pytest.raises(ConnectTimeoutError):
        client.send_email(**mail())
    time.sleep(4)
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
