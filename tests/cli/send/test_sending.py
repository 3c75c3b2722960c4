"""`mailer send` and what becomes of a send when it is started again."""

import json

import pytest

from mailer.ledger.delivery import DeliveryState, Result, SendState
from mailer.sending.service import SendService
from mailer.transports.base import BatchResult
from mailer.transports.outbox import Outbox
from tests.support.recipients import everybody
from tools.projects.project import NOW, address, enrol, files


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
