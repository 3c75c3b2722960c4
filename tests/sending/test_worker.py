"""What was ordered for later goes out then, once, whatever becomes of the worker."""

import json
import os
import random
import shutil
import signal
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from mailer import config
from mailer.campaigns import snapshot
from mailer.campaigns.schedule import Timing
from mailer.ledger.delivery import SendState
from mailer.lists.import_row import ImportRow
from mailer.transports.outbox import Outbox
from tests.support.stores import kill
from tools.projects.project import SETTINGS, VOTE, address, enrol, files, make_project, start

NEW_YORK, LOS_ANGELES, PHOENIX = "America/New_York", "America/Los_Angeles", "America/Phoenix"


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def root(tmp_path):
    return make_project(tmp_path / "project", people=60)


@pytest.fixture
def clock(at):
    """The clock of the command line, to be put to any moment."""
    at(utc("2026-03-02 12:00"))
    return lambda text: at(utc(text))


def everybody(count=60):
    return sorted(address(number) for number in range(count))


def in_zones(store):
    """Three people, each in a time zone of their own; nobody else is on the list "zones"."""
    people = enumerate(((NEW_YORK, "NY"), (LOS_ANGELES, "OR"), (PHOENIX, "AZ")), 1)
    rows = [
        ImportRow(
            row, f"{zone.partition('/')[2].lower()}@example.org", "Ana", state=state, timezone=zone
        )
        for row, (zone, state) in people
    ]
    store.imports.import_rows("zones", rows, source="test", now=utc("2026-01-01"))


def order(root, store, *, seconds, campaign="vote"):
    """As `mailer send --at` leaves it, but due in seconds."""
    words = snapshot.load(config.load(root), campaign)
    now = datetime.now(UTC)
    ids = [person.id for person in store.subscribers.audience("members")]
    details = {"query": "", "snapshot": words.to_bytes(), "digest": words.digest}
    timing = Timing("for a test", now + timedelta(seconds=seconds))
    send, _ = store.sends.freeze(
        campaign, "members", ids, **details, transport="outbox", now=now, timing=timing
    )
    return send


def set_rate(root, rate):
    path = root / "mailer.toml"
    path.write_text(f"{path.read_text()}\n[send]\nrate = {rate}\n")


@contextmanager
def at_work(root, *arguments):
    """A worker in a process of its own; it is killed at the end."""
    with start(root, "worker", *arguments) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_until(true):
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


# ---------------------------------------------------------------- three clocks


@pytest.mark.parametrize("times", [
    # the clocks of the first two are put forward in this night, those of Phoenix never
    ("2026-03-08 09:00", "2026-03-08 13:00", "2026-03-08 16:00", "2026-03-08 16:00"),
    ("2026-03-08 02:30", "2026-03-08 07:00", "2026-03-08 10:00", "2026-03-08 09:30"),
    # and put back in this one
    ("2026-11-01 09:00", "2026-11-01 14:00", "2026-11-01 17:00", "2026-11-01 16:00"),
    ("2026-11-01 01:30", "2026-11-01 05:30", "2026-11-01 08:30", "2026-11-01 08:30"),
])  # fmt: skip
def test_everybody_gets_it_at_their_own_hour_on_the_days_the_clocks_change(
    mailer, root, store, clock, times
):
    at, *hours = times
    in_zones(store)
    code, said = mailer("send", "vote", "--list", "zones", "--at", f"{at} local", "--yes")
    assert code == 0, said
    due = dict(zip(("new_york", "los_angeles", "phoenix"), hours, strict=True))
    for moment in sorted({utc(text) for text in due.values()}):
        for now in (moment - timedelta(seconds=1), moment):
            clock(f"{now:%Y-%m-%d %H:%M:%S}")
            assert mailer("worker", "--once")[0] == 0
            reached = [name for name, text in due.items() if utc(text) <= now]
            assert files(root) == sorted(f"{name}@example.org" for name in reached)
    assert store.sends.find("vote", "zones").state is SendState.FINISHED


def test_status_shows_when_it_starts_in_each_time_zone(mailer, store, clock):
    in_zones(store)
    mailer("send", "vote", "--list", "zones", "--at", "2026-03-08 09:00 local", "--yes")
    _, said = mailer("status", "vote")
    assert "vote to zones: scheduled" in said
    assert "Ordered for 2026-03-08 09:00 local" in said
    for row in (
        r"Sunday 2026-03-08 09:00 EDT   America/New_York               1",
        r"Sunday 2026-03-08 09:00 PDT   America/Los_Angeles            1",
        r"Sunday 2026-03-08 09:00 MST   America/Phoenix                1",
    ):
        assert row in said
    assert "no worker is running" in said
    clock("2026-03-08 13:00")
    mailer("worker", "--once")
    _, said = mailer("status", "vote")
    assert "EDT" not in said
    waves = json.loads(mailer("status", "vote", "--json")[1])[0]["waves"]
    assert [wave["due"] for wave in waves] == ["2026-03-08T16:00:00+00:00"] * 2


# ---------------------------------------------------------------- ordering, moving, giving up


@pytest.mark.usefixtures("clock")
def test_an_order_for_later_is_shown_and_confirmed_and_sends_nothing(mailer, root, store):
    code, said = mailer("send", "vote", "--at", "2026-03-09 09:00 UTC", answers=["60"])
    assert code == 0
    assert "Starts      2026-03-09 09:00 UTC, that is in 6 days 21 h" in said
    assert "Type the number of recipients (60) to schedule" in said
    assert "vote is scheduled: it starts at Monday 2026-03-09 09:00 UTC" in said
    assert files(root) == []
    assert store.sends.find("vote", "members").state is SendState.QUEUED


@pytest.mark.usefixtures("clock")
def test_a_worker_leaves_alone_what_is_not_due_and_what_is_nobodys_order(mailer, root, store):
    mailer("send", "vote", "--at", "2026-03-09 09:00 UTC", "--yes")
    assert mailer("worker", "--once") == (0, "")
    store.sends.set_state(1, SendState.QUEUED, now=utc("2026-03-02 12:00"))
    store.sends.freeze(
        *("other", "members", [1]),
        query="",
        snapshot=b"",
        digest="",
        transport="outbox",
        now=utc("2026-03-02 12:00"),
    )
    assert mailer("worker", "--once") == (0, "")
    assert files(root) == []


def test_an_order_can_be_moved_and_started_now(mailer, root, store, clock):
    mailer("send", "vote", "--at", "2026-03-09 09:00 UTC", "--yes")
    code, said = mailer("send", "vote", "--yes")
    assert code == 2
    assert "vote is scheduled: it starts at Monday 2026-03-09 09:00 UTC" in said
    assert mailer("send", "vote", "--at", "2026-03-08 09:00 UTC", "--yes")[0] == 0
    clock("2026-03-08 09:00")
    enrol(store, range(61))
    code, said = mailer("send", "vote", "--at", "2026-03-10 09:00 UTC", "--yes")
    assert "61: 60 of those chosen on 2026-03-02 and 1 who joined since" in said
    assert mailer("worker", "--once") == (0, "")
    code, said = mailer("send", "vote", "--at", "now", "--yes")
    assert code == 0
    assert files(root) == everybody(61)
    assert store.sends.find("vote", "members").plan == ""


@pytest.mark.usefixtures("clock")
def test_an_order_that_is_moved_keeps_the_hour_of_somebody_who_had_another_campaign(
    mailer, root, store
):
    (root / "mailer.toml").write_text(f"{SETTINGS}[send]\nquiet_hours = 24\n")
    (root / "campaigns" / "next.md").write_text(VOTE)
    in_zones(store)
    zones = ("--list", "zones", "--yes")
    mailer("send", "vote", *zones, "--at", "2026-03-09 09:00 local")
    mailer("send", "next", *zones, "--where", 'recipient.state == "NY"')
    assert files(root, "next") == ["new_york@example.org"]
    code, said = mailer("send", "vote", *zones, "--at", "2026-03-10 09:00 local")
    assert code == 0, said
    waves = store.schedule.pending_groups(1, now=utc("2026-03-02"))
    due = {wave.timezone: wave.due for wave in waves}
    assert due == {
        NEW_YORK: utc("2026-03-10 13:00"),
        LOS_ANGELES: utc("2026-03-10 16:00"),
        PHOENIX: utc("2026-03-10 16:00"),
    }


def test_whoever_joins_while_it_goes_out_by_the_hour_is_not_added_before_their_own(
    mailer, root, store, clock
):
    in_zones(store)
    zones = ("--list", "zones", "--yes")
    mailer("send", "vote", *zones, "--at", "2026-03-09 09:00 local")
    clock("2026-03-09 13:00")
    joiner = ImportRow(1, "denver@example.org", "Ana", state="CO", timezone="America/Denver")
    store.imports.import_rows("zones", [joiner], source="test", now=utc("2026-03-03"))
    code, said = mailer("send", "vote", *zones)
    assert code == 2
    assert (
        "vote is going out at 2026-03-09 09:00 local: people who have joined since can be" in said
    )
    assert "Go on with: mailer resume vote. Or move all the rest, with --at." in said
    assert store.sends.counts(1).audience == 3
    assert mailer("resume", "vote", *zones)[0] == 0
    assert files(root) == ["new_york@example.org"]
    assert mailer("send", "vote", *zones, "--at", "2026-03-10 09:00 local")[0] == 0
    due = {
        wave.timezone: wave.due for wave in store.schedule.pending_groups(1, now=utc("2026-03-09"))
    }
    assert due["America/Denver"] == utc("2026-03-10 15:00")


def test_a_send_that_was_stopped_can_go_on_later(mailer, root, clock):
    mailer("send", "vote", "--limit", "10", "--yes")
    mailer("send", "vote", "--at", "2026-03-09 09:00 UTC", "--yes")
    clock("2026-03-09 09:00")
    _, said = mailer("worker", "--once")
    assert "vote to members: started, 50 pending" in said
    assert "vote to members: finished: 60 accepted" in said
    assert files(root) == everybody()


def test_resuming_asks_about_those_who_are_due_and_leaves_the_others_to_their_time(
    mailer, root, store, clock
):
    in_zones(store)
    mailer("send", "vote", "--list", "zones", "--at", "2026-03-03 09:00 local", "--yes")
    mailer("pause", "vote")
    clock("2026-03-03 14:00")
    code, said = mailer("resume", "vote", "--list", "zones", answers=["1"])
    assert code == 0, said
    assert "Later       2 are not due yet" in said
    assert "Type the number of recipients (1) to send" in said
    assert "vote goes on at Tuesday 2026-03-03 16:00 UTC" in said
    assert files(root) == ["new_york@example.org"]


def test_what_is_paused_stays_paused_until_it_is_resumed(mailer, root, clock):
    mailer("send", "vote", "--at", "2026-03-09 09:00 UTC", "--yes")
    mailer("pause", "vote")
    clock("2026-03-09 10:00")
    assert mailer("worker", "--once") == (0, "")
    clock("2026-03-09 08:00")
    _, said = mailer("resume", "vote", "--yes")
    assert "vote is scheduled: it starts at" in said
    clock("2026-03-09 09:00")
    mailer("worker", "--once")
    assert files(root) == everybody()


def test_a_pause_that_comes_while_a_worker_makes_ready_holds(
    mailer, root, store, clock, monkeypatch
):
    def somebody_pauses(self):
        store.sends.set_state(
            1, SendState.PAUSED, note="paused with mailer pause", now=utc("2026-03-09")
        )
        return allowance(self)

    allowance = Outbox.allowance
    mailer("send", "vote", "--at", "2026-03-09 09:00 UTC", "--yes")
    clock("2026-03-09 09:00")
    monkeypatch.setattr(Outbox, "allowance", somebody_pauses)
    code, said = mailer("worker", "--once")
    assert code == 3
    assert "vote to members: paused (paused with mailer pause): 60 pending" in said
    assert files(root) == []


def test_what_is_cancelled_never_goes_out(mailer, root, clock):
    mailer("send", "vote", "--at", "2026-03-09 09:00 UTC", "--yes")
    mailer("cancel", "vote", "--yes")
    clock("2026-03-09 09:00")
    assert files(root) == []
    assert files(root) == []


def test_whoever_leaves_before_it_is_due_is_skipped(mailer, root, store, clock):
    mailer("send", "vote", "--at", "2026-03-09 09:00 UTC", "--yes")
    store.subscribers.unsubscribe("members", address(7), how="one-click", now=utc("2026-03-03"))
    clock("2026-03-09 09:00")
    mailer("worker", "--once")
    assert len(files(root)) == 59
    assert address(7) not in files(root)


def test_rate_and_limit_of_a_scheduled_send_are_kept_by_the_worker(mailer, root, store, clock):
    mailer("send", "vote", "--at", "2026-03-09 09:00 UTC", "--rate", "700", "--limit", "5", "--yes")
    (send,) = store.sends.all()
    assert (send.rate, send.stop_after) == (700, 5)
    clock("2026-03-09 09:00")
    mailer("worker", "--once")
    assert len(files(root)) == 5
    (send,) = store.sends.all()
    assert (send.state, send.rate, send.stop_after) == ("paused", 700, 0)


def test_what_stops_a_send_pauses_it_and_the_worker_says_why(
    mailer, root, store, clock, monkeypatch
):
    mailer("send", "vote", "--at", "2026-03-09 09:00 UTC", "--yes")
    clock("2026-03-09 09:00")
    with monkeypatch.context() as patch:
        patch.setattr(Outbox, "allowance", lambda _: 1 / 0)
        code, said = mailer("worker", "--once")
    assert code == 3
    assert "vote to members: paused (division by zero): 60 pending" in said
    assert store.sends.find("vote", "members").state is SendState.PAUSED
    assert mailer("worker", "--once") == (0, "")
    mailer("resume", "vote", "--yes")
    assert files(root) == everybody()


def exchange(root):
    path = root / "lists" / "mailer.db"
    shutil.copy(path, path.with_name("copy"))
    path.with_name("copy").rename(path)


def delete(root):
    (root / "lists" / "mailer.db").unlink()


@pytest.mark.sqlite_only("harms its files")
@pytest.mark.parametrize("harm", [exchange, delete])
def test_a_worker_whose_database_goes_away_under_it_says_so_and_ends(
    mailer, root, clock, *, monkeypatch, harm
):
    mailer("send", "vote", "--at", "2026-03-09 09:00 UTC", "--yes", "--rate", "20")
    clock("2026-03-09 09:00")
    hand_over = Outbox.deliver
    handed_over = []

    def deliver(outbox, batch):
        handed_over.extend(batch)
        if len(handed_over) == len(batch):
            harm(root)
        return hand_over(outbox, batch)

    monkeypatch.setattr(Outbox, "deliver", deliver)
    code, output = mailer("worker", "--once")
    assert code == 3
    assert "vote to members: stopped: mailer.db was replaced or deleted while in use" in output
    assert "Traceback" not in output
    assert 0 < len(handed_over) < 60


# ---------------------------------------------------------------- killed


def test_a_worker_killed_before_the_time_leaves_it_to_the_next(root, store):
    order(root, store, seconds=3600)
    with at_work(root) as first:
        assert "ready" in first.stdout.readline()
    assert files(root) == []
    assert store.sends.find("vote", "members").state is SendState.QUEUED
    order(root, store, seconds=1)
    with at_work(root):
        wait_until(lambda: store.sends.counts(1).accepted == 60)
    assert files(root) == everybody()


def test_a_worker_killed_in_the_middle_leaves_the_rest_to_the_next(root, store):
    set_rate(root, 40)
    order(root, store, seconds=0)
    with at_work(root):
        wait_until(lambda: len(files(root)) >= 15)
    assert store.sends.find("vote", "members").state is SendState.SENDING
    assert 15 <= len(files(root)) < 60
    with at_work(root):
        wait_until(lambda: store.sends.find("vote", "members").state is SendState.FINISHED)
    assert files(root) == everybody()
    assert store.sends.counts(1).accepted == 60


def test_a_worker_killed_after_the_end_has_nothing_sent_again(root, store):
    order(root, store, seconds=0)
    with at_work(root):
        wait_until(lambda: store.sends.find("vote", "members").state is SendState.FINISHED)
    written = {file: file.stat().st_mtime_ns for file in (root / "outbox" / "vote").iterdir()}
    with at_work(root, "--once") as process:
        assert process.wait(30) == 0
        assert process.stdout.read() == ""
    assert {f: f.stat().st_mtime_ns for f in (root / "outbox" / "vote").iterdir()} == written


@pytest.mark.parametrize("chance", [random.Random() for _ in range(2)])
def test_workers_killed_at_any_moment_send_everybody_one(root, store, chance):
    set_rate(root, 60)
    order(root, store, seconds=chance.uniform(0, 1.5))
    for _ in range(2):
        with at_work(root), at_work(root):
            time.sleep(chance.uniform(0.5, 2.5))
        counts = store.sends.counts(1)
        assert counts.balanced
        assert len(files(root)) <= counts.accepted + counts.sending
    with at_work(root):
        wait_until(lambda: store.sends.find("vote", "members").state is SendState.FINISHED)
    assert files(root) == everybody()
    assert store.sends.counts(1).accepted == 60


def test_a_worker_goes_on_with_a_send_whose_process_died(root, store):
    set_rate(root, 40)
    process = start(root, "send", "vote", "--yes")
    wait_until(lambda: len(files(root)) >= 15)
    process.kill()
    process.communicate()
    with at_work(root) as process:
        wait_until(lambda: store.sends.find("vote", "members").state is SendState.FINISHED)
    assert files(root) == everybody()


@pytest.mark.usefixtures("clock")
def test_a_worker_leaves_a_send_to_the_process_that_is_sending_it(mailer, root, store):
    mailer("send", "vote", "--limit", "10", "--yes")
    store.sends.set_state(1, SendState.SENDING, now=utc("2026-03-02 12:00"))
    assert mailer("worker", "--once") == (0, "")
    kill(store)
    assert "vote to members: started, 50 pending" in mailer("worker", "--once")[1]
    assert files(root) == everybody()


def test_of_two_workers_one_starts_a_send(root, store):
    order(root, store, seconds=0)
    workers = [start(root, "worker", "--once") for _ in range(2)]
    said = "".join(process.communicate(timeout=60)[0] for process in workers)
    assert said.count("started") == 1
    assert files(root) == everybody()


# ---------------------------------------------------------------- stopped


def test_a_worker_that_is_stopped_leaves_the_send_to_the_next(root, store):
    set_rate(root, 40)
    order(root, store, seconds=0)
    with at_work(root) as process:
        wait_until(lambda: len(files(root)) >= 5)
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "vote to members: left where it is: the next worker goes on" in said
    assert store.sends.counts(1).sending == 0
    assert os.listdir(root / "lists" / "workers") == []  # noqa: PTH208 - names are enough
    assert not store.leases.is_attended()
    with at_work(root):
        wait_until(lambda: len(files(root)) == 60)


def test_a_pause_and_a_new_order_are_seen_within_seconds(root, store):
    set_rate(root, 20)
    with at_work(root) as process:
        assert "ready" in process.stdout.readline()
        assert store.leases.is_attended()
        order(root, store, seconds=1)
        wait_until(lambda: files(root))
        store.sends.set_state(
            1, SendState.PAUSED, note="paused with mailer pause", now=datetime.now(UTC)
        )
        wait_until(lambda: store.sends.counts(1).sending == 0)
        sent = len(files(root))
        assert sent < 60
        time.sleep(2)
        assert len(files(root)) == sent
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=30)
    assert "vote to members: paused (paused with mailer pause)" in said
