"""What was asked for is kept with the send."""

from datetime import UTC, datetime, timedelta

from mailer.campaigns.snapshot import Snapshot
from tests.support.recipients import everybody
from tools.projects.project import files


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
