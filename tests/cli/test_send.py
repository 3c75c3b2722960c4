"""send, status, pause, resume and cancel as staff use them."""

import json
import os
import re
import signal
import socket
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from mailer.campaigns.snapshot import Snapshot
from mailer.cli import output
from mailer.cli.signals import stop_on_signals
from mailer.ledger.delivery import DeliveryState, Result, SendState
from mailer.lists.membership import SuppressionReason
from mailer.sending.service import SendService
from mailer.stop import StopSignal
from mailer.transports import registry
from mailer.transports.base import Allowance, BatchResult
from mailer.transports.outbox import Outbox
from tools.projects.project import NOW, address, enrol, files, make_project, start


@pytest.fixture
def root(tmp_path):
    return make_project(tmp_path / "project", people=9)


def everybody(count=9):
    return sorted(address(n) for n in range(count))


# ---------------------------------------------------------------- the last look


def test_the_last_look_shows_all_that_will_happen(mailer, store):
    store.subscribers.unsubscribe("members", address(1), how="one-click", now=NOW)
    store.suppressions.suppress(address(2), SuppressionReason.BOUNCED, detail="", now=NOW)
    code, said = mailer("send", "vote", "--where", 'recipient.state == "WA"', "--rate", "2",
                        "--dry-run")  # fmt: skip
    assert code == 0
    for line in (
        r"Campaign +vote, from campaigns/vote.md",
        r"Subject +Persone, the vote is Tuesday\n +as person4@example.org gets it",
        r"List +members",
        r'Audience +recipient.state == "WA"',
        r"Recipients +4",
        r"Left out +3 not in the segment, 1 unsubscribed, 1 suppressed \(bounced\)",
        r"Transport +outbox: a file for each, in outbox/vote/",
        r"Rate +2 a second",
        r"Takes +about 2 seconds",
        r"1 +4 +everybody",
    ):
        assert re.search(line, said), line


def test_every_variant_is_shown_with_its_number_and_what_tells_it_apart(mailer):
    _, said = mailer("send", "vote", "--dry-run")
    assert re.search(r"6 +state: not OR", said)
    assert re.search(r"3 +state: OR", said)


def test_a_dry_run_writes_nothing_and_never_says_sent(mailer, root, store):
    code, said = mailer("send", "vote", "--dry-run")
    assert code == 0
    assert "nothing was written" in said
    assert "sent" not in said
    assert not (root / "outbox").exists()
    assert store.sends.all() == []


class SesStub:
    """As far as a rehearsal and an order for later may use it: it delivers nothing."""

    name, lanes = "ses", 1

    def allowance(self):
        return Allowance(rate=14.0)

    def batch_size(self, _rate):
        return 1


def test_a_dry_run_through_ses_leaves_a_paused_order_as_it_is(mailer, store, monkeypatch):
    monkeypatch.setattr(registry, "open_transport", lambda *_, **__: SesStub())
    later = f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%d %H:%M} UTC"
    assert mailer("send", "vote", "--transport", "ses", "--at", later, "--yes")[0] == 0
    assert mailer("pause", "vote")[0] == 0
    before = list(store.database.connection.iterdump())
    code, said = mailer("send", "vote", "--dry-run")
    assert (code, "sent" in said) == (0, False)
    assert store.sends.find("vote", "members").state is SendState.PAUSED
    assert list(store.database.connection.iterdump()) == before


def test_front_matter_and_where_must_both_be_true(mailer, root, store):
    path = root / "campaigns" / "vote.md"
    front = "list: members\naudience: recipient.state == 'WA'"
    path.write_text(path.read_text().replace("list: members", front))
    code, _ = mailer("send", "vote", "--where", 'recipient.first_name == "Persone"', "--yes")
    assert code == 0
    assert files(root) == [address(4)]
    expression = "(recipient.state == 'WA') and (recipient.first_name == \"Persone\")"
    assert store.sends.find("vote", "members").audience_query == expression


def test_segments_of_the_settings_are_used_by_name(mailer, root):
    settings = root / "mailer.toml"
    washington = "\n[segments]\nwashington = \"recipient.state == 'WA'\"\n"
    settings.write_text(settings.read_text() + washington)
    path = root / "campaigns" / "vote.md"
    front = "list: members\naudience: washington"
    path.write_text(path.read_text().replace("list: members", front))
    code, _ = mailer("send", "vote", "--where", 'recipient.first_name == "Persone"', "--yes")
    assert code == 0
    assert files(root) == [address(4)]


def test_a_sample_is_a_part_of_the_condition(mailer, store):
    mailer("send", "vote", "--where", "recipient.email", "--sample", "100%", "--yes")
    expression = '(recipient.email) and sample("100%")'
    assert store.sends.find("vote", "members").audience_query == expression


@pytest.mark.parametrize("share", ["5", "0%", "101%", '5%") or ("'])
def test_a_sample_that_is_no_share_mails_nobody(mailer, root, share):
    code, said = mailer("send", "vote", "--sample", share, "--yes")
    assert code != 0
    assert "--where" in said
    assert not files(root)


# ---------------------------------------------------------------- confirming


def test_the_number_of_recipients_must_be_typed(mailer, root):
    code, said = mailer("send", "vote", answers=["9"])
    assert code == 0
    assert "Type the number of recipients (9) to send:" in said
    assert files(root) == everybody()


@pytest.mark.parametrize("answer", ["8", "", "yes", "90"])
def test_anything_else_sends_nothing(mailer, root, store, answer):
    code, said = mailer("send", "vote", answers=[answer])
    assert code == 2
    assert f'"{answer}" is not 9: nothing was sent' in said
    assert files(root) == []
    assert store.sends.all() == []


def test_leaving_at_the_question_sends_nothing(mailer, root):
    code, said = mailer("send", "vote", answers=[])
    assert code == 130
    assert "stopped before anything was sent" in said
    assert files(root) == []


@pytest.mark.parametrize("command", [["send", "vote"], ["send", "vote", "--json"]])
def test_without_a_terminal_it_must_be_told_yes(mailer, root, command):
    code, said = mailer(*command)
    assert code == 2
    assert "--yes" in said
    assert files(root) == []


# ---------------------------------------------------------------- sending


def test_everybody_gets_one_file_and_the_summary_says_so(mailer, root):
    code, said = mailer("send", "vote", "--yes")
    assert code == 0
    assert "vote: 9 accepted" in said
    assert "Of 9 people in all: 9 accepted." in said
    assert "outbox/vote/" in said
    assert files(root) == everybody()


def test_a_path_names_a_campaign_too(mailer, root):
    code, _ = mailer("send", str(root / "campaigns" / "vote.md"), "--yes")
    assert code == 0
    code, said = mailer("status", "campaigns/vote.md")
    assert code == 0
    assert "vote to members: finished" in said


def test_sending_again_finds_nothing_to_do(mailer, root):
    mailer("send", "vote", "--yes")
    before = {file: file.stat().st_mtime_ns for file in (root / "outbox" / "vote").iterdir()}
    for command in ("send", "resume"):
        code, said = mailer(command, "vote", "--yes")
        assert code == 0
        assert (
            "Nothing to do: all 9 people of vote have been dealt with, through outbox: 9 accepted"
            in said
        )
    after = {file: file.stat().st_mtime_ns for file in (root / "outbox" / "vote").iterdir()}
    assert after == before


def test_a_send_that_died_before_it_was_finished_is_finished(mailer, store):
    mailer("send", "vote", "--yes")
    store.sends.set_state(1, SendState.SENDING, now=NOW)
    assert "Nothing to do: all 9 people" in mailer("send", "vote")[1]
    assert store.sends.find("vote", "members").state is SendState.FINISHED


def test_a_rest_that_may_not_be_mailed_any_more_is_skipped(mailer, root, store):
    mailer("send", "vote", "--yes", "--limit", "7")
    for number in (7, 8):
        store.subscribers.unsubscribe("members", address(number), how="one-click", now=NOW)
    code, said = mailer("send", "vote", "--json", "--yes")
    assert code == 0
    assert json.loads(said)["state"] == "finished"
    assert (json.loads(said)["accepted"], json.loads(said)["skipped"]) == (7, 2)
    assert len(files(root)) == 7


def test_whoever_joined_since_is_offered(mailer, root, store):
    mailer("send", "vote", "--yes")
    enrol(store, range(11))
    code, said = mailer("send", "vote", answers=["n"])
    assert code == 0
    assert "2 people have joined since" in said
    assert "Nothing to do" in said
    assert len(files(root)) == 9
    code, said = mailer("send", "vote", answers=["y", "2"])
    assert code == 0
    assert "Recipients  2: 2 who joined since" in said
    assert files(root) == everybody(11)


def test_yes_sends_to_whoever_joined_since_and_resume_does_not(mailer, root, store):
    mailer("send", "vote", "--yes", "--limit", "4")
    enrol(store, range(11))
    mailer("resume", "vote", "--yes")
    assert len(files(root)) == 9
    mailer("send", "vote", "--yes")
    assert files(root) == everybody(11)


def test_a_segment_stays_a_segment_when_the_send_goes_on(mailer, root, store):
    mailer("send", "vote", "--where", 'recipient.state == "OR"', "--yes", "--limit", "1")
    enrol(store, range(13))
    mailer("send", "vote", "--yes")
    assert files(root) == sorted(address(n) for n in (0, 3, 6, 9, 12))


def test_another_segment_can_be_added_on_purpose(mailer, root):
    mailer("send", "vote", "--where", 'recipient.state == "OR"', "--yes")
    code, _ = mailer("send", "vote", "--where", 'recipient.state == "WA"', "--yes")
    assert code == 0
    assert files(root) == everybody()


def test_the_rest_get_the_words_of_the_first_whatever_is_edited(mailer, root):
    mailer("send", "vote", "--yes", "--limit", "4")
    path = root / "campaigns" / "vote.md"
    path.write_text(path.read_text().replace("Dear", "Hey"))
    code, said = mailer("send", "vote", "--yes")
    assert code == 0
    assert "The files have changed since" in said
    mails = [file.read_text() for file in (root / "outbox" / "vote").glob("*.eml")]
    assert len(mails) == 9
    assert all("Dear" in mail and "Hey" not in mail for mail in mails)


def test_a_send_stays_with_its_transport(mailer):
    mailer("send", "vote", "--yes", "--limit", "4")
    for command in ("send", "resume"):
        code, said = mailer(command, "vote", "--yes", "--transport", "ses")
        assert code == 2
        assert "vote was started through outbox, and stays there" in said
    assert mailer("send", "vote", "--yes", "--transport", "outbox")[0] == 0


@pytest.mark.parametrize(
    "theirs", [{"digest": "other"}, {"query": "recipient.state == 'OR'"}, {"transport": "ses"}]
)
def test_whoever_starts_it_in_another_way_than_another_terminal_adds_nobody(
    mailer, root, store, monkeypatch, *, theirs
):
    def somebody_was_quicker(self, mailing, request, *, dry_run):
        ours = {"query": "", "digest": mailing.snapshot.digest, "transport": "outbox"}
        store.sends.freeze("vote", "members", [1], **ours | theirs, snapshot=b"", now=NOW)
        return opened(self, mailing, request, dry_run=dry_run)

    opened = SendService.open
    monkeypatch.setattr(SendService, "open", somebody_was_quicker)
    code, said = mailer("send", "vote", "--yes")
    assert code == 3
    assert "vote was started in another terminal in the meantime" in said
    assert store.sends.counts(1).audience == 1
    assert files(root) == []


def test_whoever_starts_it_in_the_same_way_as_another_terminal_shares_it(
    mailer, root, store, monkeypatch
):
    def somebody_was_quicker(self, mailing, request, *, dry_run):
        ours = {"snapshot": mailing.snapshot.to_bytes(), "digest": mailing.snapshot.digest}
        store.sends.freeze("vote", "members", [1], query="", transport="outbox", **ours, now=NOW)
        return opened(self, mailing, request, dry_run=dry_run)

    opened = SendService.open
    monkeypatch.setattr(SendService, "open", somebody_was_quicker)
    code, said = mailer("send", "vote", "--yes")
    assert code == 0, said
    assert files(root) == everybody()


def test_a_send_goes_on_without_its_files(mailer, root):
    mailer("send", "vote", "--yes", "--limit", "4")
    (root / "campaigns" / "vote.md").unlink()
    code, _ = mailer("resume", "vote", "--yes")
    assert code == 0
    assert files(root) == everybody()


def test_the_limit_stops_and_says_how_to_go_on(mailer, root):
    code, said = mailer("send", "vote", "--yes", "--limit", "4")
    assert code == 0
    assert "5 people still to come" in said
    assert "mailer resume vote" in said
    assert len(files(root)) == 4


def test_a_campaign_that_somebody_cannot_be_merged_for_is_not_begun(mailer, root, store):
    path = root / "campaigns" / "vote.md"
    path.write_text(
        path.read_text() + '{% if recipient.first_name == "Personh" %}{{ nobody }}{% endif %}\n'
    )
    code, said = mailer("send", "vote", "--yes")
    assert code == 2
    assert "campaigns/vote.md:" in said
    assert files(root) == []
    assert store.sends.all() == []


def test_a_broken_outbox_is_refused_before_anything_is_frozen(mailer, root, store):
    (root / "outbox").write_text("in the way")
    code, said = mailer("send", "vote", "--yes")
    assert code == 2
    assert "cannot be written" in said
    assert store.sends.all() == []


def test_an_outbox_that_breaks_half_way_pauses_the_send(mailer, root, monkeypatch):
    def deliver(self, messages):
        self.folder.rename(root / "elsewhere")
        return real(self, messages)

    real = Outbox.deliver
    with monkeypatch.context() as patch:
        patch.setattr(Outbox, "deliver", deliver)
        code, said = mailer("send", "vote", "--yes")
    assert code == 3
    assert "vote is paused: the outbox" in said
    assert "9 people still to come" in said
    _, said = mailer("status", "vote")
    assert "the outbox" in said
    assert mailer("resume", "vote", "--yes")[0] == 0
    assert files(root) == everybody()


def test_failures_are_listed_and_end_with_1(mailer, monkeypatch):
    def deliver(_, messages):
        return BatchResult(
            [
                Result(one.delivery_id, DeliveryState.FAILED, detail="no such mailbox")
                for one in messages
            ]
        )

    monkeypatch.setattr(Outbox, "deliver", deliver)
    code, said = mailer("send", "vote", "--yes")
    assert code == 1
    assert "9 failed" in said
    _, said = mailer("status", "vote")
    assert "person0@example.org: no such mailbox" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["send", "vole", "--yes"], 'there is no campaign "vole"\n  Did you mean "vote"?'),
        (
            ["send", "vote", "--list", "membres", "--yes"],
            'there is no list "membres"\n  Did you mean "members"?',
        ),
        (["send", "vote", "--transport", "pigeon", "--yes"], 'there is no transport "pigeon"'),
        (["send", "vote", "--where", "recipient.stat == 1", "--yes"], "--where: "),
        (
            ["send", "vote", "--where", "recipient.city", "--yes"],
            "nobody on members would get it: 9 not in the segment",
        ),
        (["resume", "vote"], "vote has not been started"),
        (["status", "vote"], "vote has not been sent"),
        (["pause", "vote"], "vote has not been sent"),
        (["cancel", "vote"], "vote has not been sent"),
        (["send", "vote", "--yes", "--json", "--rate", "0"], "--rate"),
    ],
)
def test_mistakes_are_told_in_one_line(mailer, root, arguments, message):
    code, said = mailer(*arguments)
    assert code == 2
    assert message in said
    assert files(root) == []


def test_a_campaign_without_a_list_needs_one_named(mailer, root):
    path = root / "campaigns" / "vote.md"
    path.write_text(path.read_text().replace("list: members\n", ""))
    code, said = mailer("send", "vote", "--yes")
    assert code == 2
    assert "campaigns/vote.md: vote does not say which list it goes to" in said
    assert mailer("send", "vote", "--list", "members", "--yes")[0] == 0
    assert mailer("resume", "vote")[0] == 0


# ---------------------------------------------------------------- json


def test_json_is_one_object_and_nothing_else(mailer):
    code, said = mailer("send", "vote", "--yes", "--json")
    result = json.loads(said)
    assert code == 0
    assert (result["campaign"], result["state"], result["accepted"]) == ("vote", "finished", 9)
    assert result["balanced"] is True
    assert result["where"] == "outbox/vote/"
    assert json.loads(mailer("send", "vote", "--yes", "--json")[1])["state"] == "finished"


def test_a_dry_run_in_json_counts_variants(mailer):
    _, said = mailer("send", "vote", "--dry-run", "--json")
    plan = json.loads(said)
    assert plan["dry_run"] is True
    assert plan["recipients"] == 9
    assert sorted(variant["recipients"] for variant in plan["variants"]) == [3, 6]


def test_status_in_json_lists_every_send(mailer):
    assert json.loads(mailer("status", "--json")[1]) == []
    mailer("send", "vote", "--yes", "--limit", "2")
    (send,) = json.loads(mailer("status", "--json")[1])
    assert (send["state"], send["audience"], send["pending"]) == ("paused", 9, 7)


# ---------------------------------------------------------------- status, pause, cancel


def test_status_shows_every_send(mailer):
    assert "Nothing has been sent yet" in mailer("status")[1]
    mailer("send", "vote", "--yes", "--limit", "2")
    _, said = mailer("status")
    assert re.search(r"vote +members +paused +\S+ +9 +7 +2 +stopped after 2 messages", said)


def test_status_shows_who_sends_and_who_waits(mailer, store):
    mailer("send", "vote", "--yes", "--limit", "2")
    store.leases.attend()
    machine = rf"{re.escape(socket.gethostname())} +{os.getpid()} +\d{{4}}-\d\d-\d\d \d\d:\d\d UTC"
    assert re.search(rf"{machine} +nothing yet: waits for what is due", mailer("status")[1])
    assert "Machine" not in mailer("status", "vote")[1]
    send = store.sends.find("vote", "members")
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    assert re.search(rf"{machine} +vote", mailer("status", "vote")[1])
    (sent,) = json.loads(mailer("status", "--json")[1])
    (worker,) = sent["workers"]
    assert (worker["process"], worker["campaigns"]) == (os.getpid(), ["vote"])
    store.leases.leave()
    assert "Machine" not in mailer("status")[1]


def test_a_send_whose_process_died_shows_as_stopped(mailer, store):
    mailer("send", "vote", "--yes", "--limit", "2")
    send = store.sends.find("vote", "members")
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    store.leases.workers.leave()
    _, said = mailer("status", "vote")
    assert "vote to members: stopped" in said
    assert "Go on with: mailer resume vote" in said
    store.deliveries.claim(send.id, 1, now=NOW)
    assert "vote to members: sending" in mailer("status", "vote")[1]


def test_pausing_what_is_not_being_sent_is_told(mailer):
    mailer("send", "vote", "--yes")
    code, said = mailer("pause", "vote")
    assert code == 2
    assert "vote to members is finished: there is nothing to pause" in said


def test_going_on_anyway_is_said_by_the_confirmation_not_by_the_command(mailer, store):
    mailer("send", "vote", "--yes", "--limit", "4")
    assert mailer("resume", "vote", "--anyway", answers=["no"])[0] == 2
    assert store.events.stats(1).watched
    assert mailer("resume", "vote", "--anyway", answers=["5"])[0] == 0
    assert not store.events.stats(1).watched


def test_cancelling_asks_and_is_final(mailer, root, store):
    mailer("send", "vote", "--yes", "--limit", "4")
    assert mailer("cancel", "vote")[0] == 2
    assert mailer("cancel", "vote", answers=["n"])[0] == 2
    assert store.sends.find("vote", "members").state is SendState.PAUSED
    code, said = mailer("cancel", "vote", answers=["y"])
    assert code == 0
    assert "5 people on members will never get vote" in said
    assert "4 accepted, 5 skipped" in said
    for command in ("send", "resume"):
        code, said = mailer(command, "vote", "--yes")
        assert code == 2
        assert "was cancelled, which is final" in said
    assert len(files(root)) == 4
    assert store.sends.counts(1).balanced


def test_cancelling_settles_what_a_dead_process_left(mailer, store):
    mailer("send", "vote", "--yes", "--limit", "4")
    store.sends.set_state(1, SendState.SENDING, now=NOW)
    store.deliveries.claim(1, 2, now=NOW)
    store.leases.workers.leave()
    assert "4 accepted, 5 skipped" in mailer("cancel", "vote", "--yes")[1]


def test_people_are_added_to_what_an_older_version_has_frozen(mailer, root, store):
    assert mailer("send", "vote", "--yes")[0] == 0
    store.database.connection.execute("UPDATE sends SET digest = 'made of fewer settings'")
    enrol(store, [9])
    code, said = mailer("send", "vote", "--yes")
    assert (code, "have changed" in said) == (0, False)
    assert files(root) == everybody(10)


# ---------------------------------------------------------------- stopping


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


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "about a second"),
        (47.4, "about 47 seconds"),
        (200, "about 3 minutes"),
        (8100, "about 2 h 15 min"),
    ],
)
def test_durations_are_said_as_people_say_them(seconds, words):
    assert output.duration(seconds) == words


# ---------------------------------------------------------------- what was asked for is kept


def test_the_rate_is_kept_by_the_send_until_another_is_asked_for(mailer, store):
    mailer("send", "vote", "--yes", "--rate", "400", "--limit", "2")
    assert store.sends.find("vote", "members").rate == 400
    mailer("resume", "vote", "--yes", "--limit", "2")
    assert store.sends.find("vote", "members").rate == 400
    mailer("resume", "vote", "--yes", "--rate", "500")
    assert store.sends.find("vote", "members").rate == 500


def test_a_cancelled_send_with_nobody_mailed_is_a_draft_again(mailer, root, store):
    later = f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%d %H:%M} UTC"
    mailer("send", "vote", "--at", later, "--yes")
    code, said = mailer("cancel", "vote", "--yes")
    assert code == 0
    assert "Nobody was mailed: it is a draft again." in said
    assert store.sends.all() == []
    assert mailer("send", "vote", "--yes")[0] == 0
    assert files(root) == everybody()


def test_a_cancelled_send_with_somebody_mailed_stays_cancelled(mailer, store):
    mailer("send", "vote", "--yes", "--limit", "1")
    mailer("cancel", "vote", "--yes")
    assert store.sends.find("vote", "members").state == "cancelled"
    assert mailer("send", "vote", "--yes")[0] == 2


def test_a_scheduled_send_can_be_edited_and_scheduled_anew(mailer, root, store):
    later = f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%d %H:%M} UTC"
    where = ["--where", 'recipient.email != "person0@example.org"']
    mailer("send", "vote", "--at", later, "--rate", "70", *where, "--yes")
    path = root / "campaigns" / "vote.md"
    path.write_text(path.read_text() + "\nThe hall has changed.\n")
    code, said = mailer("send", "vote", "--at", later, "--yes")
    assert code == 0, said
    assert "this new version goes out" in said
    (send,) = store.sends.all()
    assert "The hall has changed." in Snapshot.from_bytes(send.snapshot).files["campaigns/vote.md"]
    assert (send.state, send.rate) == ("queued", 70)
    assert store.sends.counts(send.id).pending == len(everybody()) - 1


def test_edited_files_do_not_replace_what_somebody_was_mailed(mailer, root, store):
    mailer("send", "vote", "--yes", "--limit", "1")
    path = root / "campaigns" / "vote.md"
    path.write_text(path.read_text() + "\nThe hall has changed.\n")
    code, said = mailer("send", "vote", "--at", "now", "--yes")
    assert code == 0
    assert "gets the version of then" in said
    (send,) = store.sends.all()
    assert "changed" not in Snapshot.from_bytes(send.snapshot).files["campaigns/vote.md"]


# ---------------------------------------------------------------- test mail


@pytest.fixture
def personal(root):
    path = root / "campaigns" / "vote.md"
    head, _, _ = path.read_text().rpartition("---\n")
    body = "Dear {{ recipient.email }}. {% if recipient.email == 'person3@example.org' %}Third.{% endif %}"
    path.write_text(f"{head}---\n{body}\n")


def mails_in(folder):
    return {path.name: path.read_text() for path in folder.glob("*.eml")}


@pytest.mark.usefixtures("personal")
def test_a_test_mail_can_show_what_a_subscriber_gets(mailer, root):
    code, said = mailer("test", "vote", "kim@example.org", "--for", "person3@example.org")
    assert code == 0, said
    (mail,) = mails_in(root / "outbox" / "vote" / "tests").values()
    assert "Third." in mail
    assert "To: kim@example.org" in mail


@pytest.mark.usefixtures("personal")
def test_there_is_a_test_mail_for_each_variant(mailer, root):
    code, said = mailer("test", "vote", "kim@example.org", "--all-variants")
    assert code == 0, said
    folder = root / "outbox" / "vote" / "tests"
    texts = ["".join(mails_in(folder / f"variant-{number}").values()) for number in (1, 2)]
    assert ["Third." in text for text in texts] == [False, True]


@pytest.mark.usefixtures("personal")
def test_one_variant_can_be_chosen_and_one_that_is_not_there_is_said(mailer, root):
    assert mailer("test", "vote", "kim@example.org", "--variant", "2")[0] == 0
    assert [path.name for path in (root / "outbox" / "vote" / "tests").iterdir()] == ["variant-2"]
    code, said = mailer("test", "vote", "kim@example.org", "--variant", "3")
    assert code == 2
    assert "there is no variant 3" in said
    code, said = mailer("test", "vote", "kim@example.org", "--variant", "1", "--all-variants")
    assert code == 2
    assert "exclude each other" in said


def test_campaigns_are_listed_as_drafts_scheduled_and_sent(mailer, root):
    text = (root / "campaigns" / "vote.md").read_text()
    for name in ("draft", "later"):
        (root / "campaigns" / f"{name}.md").write_text(text)
    (root / "campaigns" / "broken.md").write_text("---\nsubjct: x\n---\n")
    later = f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%d %H:%M} UTC"
    mailer("send", "vote", "--yes")
    mailer("send", "later", "--at", later, "--yes")
    code, said = mailer("campaigns", "--json")
    assert code == 0
    rows = {row["campaign"]: row for row in json.loads(said)}
    states = {name: row["state"] for name, row in rows.items()}
    assert states == {
        "broken": "draft", "draft": "draft", "later": "scheduled", "vote": "finished",
    }  # fmt: skip
    assert "campaigns/broken.md" in rows["broken"]["note"]
    assert rows["vote"]["accepted"] == len(everybody())
    assert "scheduled" in mailer("campaigns")[1]
