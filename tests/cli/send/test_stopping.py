"""Signals and other terminals stop a running send."""

import signal
import threading
import time

import pytest

from mailer.cli.signals import stop_on_signals
from mailer.ledger.delivery import SendState
from mailer.stop import StopSignal
from mailer.transports.outbox import Outbox
from tests.support.recipients import everybody
from tools.projects.project import enrol, files, start


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_finishes_what_is_in_flight_pauses_and_says_how_to_resume(root, store, number):
    with start(root, "send", "vote", "--yes", "--rate", "2") as process:
        wait_for(lambda: files(root))
        process.send_signal(number)
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "vote is paused" in said
    assert "mailer resume vote" in said
    counts = store.sends.counts(1)
    assert counts.sending == 0
    assert counts.accepted == len(files(root)) < 9
    assert store.sends.find("vote", "members").state is SendState.PAUSED


def test_pause_from_another_terminal_stops_a_running_send(root, mailer):
    with start(root, "send", "vote", "--yes", "--rate", "2") as process:
        wait_for(lambda: files(root))
        assert mailer("pause", "vote")[0] == 0
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 3
    assert "vote has stopped: paused with mailer pause" in said
    assert 0 < len(files(root)) < 9
    assert mailer("resume", "vote", "--yes")[0] == 0
    assert files(root) == everybody()


def test_two_processes_that_send_at_once_share_the_work(root, store):
    enrol(store, range(60))
    processes = [start(root, "send", "vote", "--yes", "--rate", "20") for _ in range(2)]
    for process in processes:
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0, said
    assert files(root) == everybody(60)
    assert store.sends.counts(1).accepted == 60
    assert store.sends.find("vote", "members").state is SendState.FINISHED


def test_a_second_signal_stops_at_once():
    with stop_on_signals() as stop:
        signal.raise_signal(signal.SIGTERM)
        assert stop.requested
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)


def test_stopped_at_once_the_next_run_finds_out_what_was_written(mailer, root, store, monkeypatch):
    def deliver(self, messages):
        real(self, messages[:3])
        for _ in range(2):
            signal.raise_signal(signal.SIGTERM)
            time.sleep(0.2)
        threading.Event().wait()  # no answer ever comes

    real = Outbox.deliver
    with monkeypatch.context() as patch:
        patch.setattr(Outbox, "deliver", deliver)
        code, said = mailer("send", "vote", "--yes")
    assert code == 130
    assert "vote was stopped at once" in said
    assert store.sends.counts(1).sending == 9
    assert "vote to members: paused" in mailer("status", "vote")[1]
    code, said = mailer("resume", "vote", "--yes")
    assert code == 0
    assert "6 accepted" in said
    assert files(root) == everybody()


def test_after_the_run_signals_do_what_they_did_before():
    before = signal.getsignal(signal.SIGINT)
    with stop_on_signals():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before


def test_a_requested_stop_does_not_wait(monkeypatch):
    slept = []
    monkeypatch.setattr(time, "monotonic", lambda: float(sum(slept)))
    monkeypatch.setattr(time, "sleep", slept.append)
    stop = StopSignal()
    stop.wait(1)
    assert sum(slept) == pytest.approx(1)
    slept.clear()
    stop.requested = True
    stop.wait(10_000)
    assert slept == []
