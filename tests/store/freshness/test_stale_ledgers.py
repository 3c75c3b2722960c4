"""A ledger that has gone back in time or has a twin claims nothing."""

import shutil
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from mailer.errors import StaleLedger
from mailer.ledger.delivery import SendState
from mailer.store.sql import freshness, marks
from tests.support.ledger_files import NOW, back_up, enroll, mail, put_back, start

pytestmark = pytest.mark.sqlite_only("copies its files")


def put_back_a_backup(opened, path, folder, *, before, after):
    """Back up a send of 120 after some mails, send more, and put the backup back: the send, and the store."""
    store = opened()
    enroll(store)
    send = start(store)
    mail(store, send, before)
    back_up(store, folder / "backup.db")
    mail(store, send, after)
    store.close()
    put_back(folder / "backup.db", path)
    return send, opened()


# ---------------------------------------------------------------- five ways to mail people twice


def test_a_restored_backup_refuses_and_says_how_many_were_mailed_since(opened, path, tmp_path):
    send, restored = put_back_a_backup(opened, path, tmp_path, before=40, after=80)
    with pytest.raises(StaleLedger, match="80 may already have had their mail") as refusal:
        restored.sends.set_state(send.id, SendState.SENDING, now=NOW)
    assert refusal.value.exit_code == 3
    assert "mailer restore" in refusal.value.hint
    with pytest.raises(StaleLedger, match="80 may already have had"):
        restored.deliveries.claim(send.id, 20, now=NOW)


def test_a_worker_takes_up_nothing_from_a_restored_backup(opened, path, tmp_path):
    send, worker = put_back_a_backup(opened, path, tmp_path, before=0, after=80)
    with pytest.raises(StaleLedger, match="80 may already"):
        worker.schedule.take_up(now=NOW)
    assert worker.sends.counts(send.id).pending == 120


def test_a_database_copied_without_its_log_is_refused(opened, path, tmp_path):
    store = opened()
    enroll(store)
    store.database.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    send = start(store)
    mail(store, send, 60)
    shutil.copy(path, tmp_path / "without-log.db")
    store.close()
    put_back(tmp_path / "without-log.db", path)
    with pytest.raises(StaleLedger):
        start(opened())


def test_of_a_copied_project_the_original_sends_and_the_copy_does_not(opened, path, tmp_path):
    store = opened()
    enroll(store)
    send = start(store)
    mail(store, send, 20)
    shutil.copytree(path.parent.parent, tmp_path / "copy")
    twin = opened(tmp_path / "copy" / "lists" / "mailer.db")
    with pytest.raises(StaleLedger, match=r"is a copy of .*/project/lists/mailer.db, which sends"):
        start(twin, "another")
    assert len(mail(store, send, 100)) == 100


def test_an_older_copy_of_the_whole_folder_is_refused(opened, path, tmp_path):
    """As a machine does that takes over with the files of an hour ago."""
    store = opened()
    enroll(store)
    send = start(store)
    mail(store, send, 20)
    shutil.copytree(path.parent, tmp_path / "an hour ago")
    mail(store, send, 70)
    store.close()
    shutil.rmtree(path.parent)
    shutil.copytree(tmp_path / "an hour ago", path.parent)
    with pytest.raises(StaleLedger, match="70 may already have had their mail"):
        opened().schedule.take_up(now=NOW)


def test_a_copy_on_another_machine_is_refused(opened, monkeypatch, state):
    monkeypatch.setattr(freshness, "machine_id", lambda: "first machine")
    store = opened()
    enroll(store)
    start(store)
    store.close()
    shutil.rmtree(state, ignore_errors=True)
    monkeypatch.setattr(freshness, "machine_id", lambda: "second machine")
    with pytest.raises(StaleLedger, match=r"copied from another machine.*120 are pending here"):
        start(opened())


@pytest.mark.parametrize(
    ("boot", "began", "refused"),
    [
        ("another boot", timedelta(hours=-1), True),
        # restarted since
        ("another boot", timedelta(hours=1), False),
        ("this boot", timedelta(hours=-1), False),
        # where the system has none
        ("", timedelta(hours=-1), False),
    ],
)
def test_a_mark_of_another_boot_from_this_boots_time_is_another_machines(
    opened, monkeypatch, boot, began, refused
):
    monkeypatch.setattr(freshness, "machine_id", lambda: "")
    monkeypatch.setattr(freshness, "boot_id", lambda: boot)
    store = opened()
    enroll(store)
    mail(store, start(store), 20)
    store.close()
    monkeypatch.setattr(freshness, "boot_id", lambda: "this boot")
    monkeypatch.setattr(freshness, "boot_time", lambda: datetime.now(UTC) + began)
    if refused:
        with pytest.raises(StaleLedger, match=r"used by another machine.*100 are pending here"):
            opened().freshness.check()
        opened().freshness.accept([], now=NOW)
    opened().freshness.check()


def test_a_clock_that_was_wrong_before_a_restart_is_no_other_machine(opened, monkeypatch):
    monkeypatch.setattr(freshness, "boot_id", lambda: "another boot")
    store = opened()
    enroll(store)
    send = start(store)
    with monkeypatch.context() as patch:
        patch.setattr(freshness, "iso", lambda _: "2126-01-01T00:00:00+00:00")
        before = mail(store, send, 20)
    monkeypatch.setattr(freshness, "boot_id", lambda: "this boot")
    again = opened()
    again.freshness.check()
    after = mail(again, send, 120)
    assert len({*before, *after}) == len(before) + len(after) == 120


# ---------------------------------------------------------------- the provider's count


def test_what_a_mark_in_the_state_directory_proves_is_not_compared(opened):
    store = opened()
    enroll(store)
    mail(store, start(store), 20)
    assert store.freshness.unrecorded(5_000, now=NOW) == 0


def test_without_that_mark_the_providers_count_is_compared(opened, state):
    store = opened()
    enroll(store)
    mail(store, start(store, transport="ses"), 20)
    shutil.rmtree(state)
    assert store.freshness.unrecorded(120, now=NOW) == 0
    assert store.freshness.unrecorded(1_020, now=NOW) == 1_000
    assert store.freshness.unrecorded(1_020, now=NOW + timedelta(days=2)) == 1_020


def test_a_copy_from_before_the_first_send_is_noticed_by_the_providers_count(
    opened, path, state, tmp_path
):
    store = opened()
    enroll(store)
    back_up(store, tmp_path / "backup.db")
    mail(store, start(store, transport="ses"), 120)
    store.close()
    put_back(tmp_path / "backup.db", path)
    path.with_name("mailer.db.mark").unlink()
    shutil.rmtree(state)
    restored = opened()
    restored.freshness.check()
    assert restored.freshness.unrecorded(120, now=NOW) == 120


def test_a_persons_word_about_other_programs_is_kept(opened):
    store = opened()
    enroll(store)
    assert store.freshness.unrecorded(5_000, now=NOW) == 5_000
    store.freshness.vouch()
    assert opened().freshness.unrecorded(5_000, now=NOW) == 0
    start(store)


def test_a_new_database_in_place_of_one_that_has_sent_is_refused(opened, path):
    store = opened()
    enroll(store)
    mail(store, start(store), 120)
    store.close()
    for file in path.parent.glob("mailer.db*"):
        file.unlink()
    empty = opened()
    enroll(empty)
    with pytest.raises(StaleLedger, match="from that one, 120 were mailed"):
        start(empty)


def test_after_a_send_the_main_file_alone_knows_of_everything(opened, path, tmp_path):
    store = opened()
    enroll(store)
    send = start(store)
    mail(store, send, 120)
    store.sends.set_state(send.id, SendState.FINISHED, now=NOW)
    shutil.copy(path, tmp_path / "main.db")
    with sqlite3.connect(tmp_path / "main.db") as copy:
        rows = copy.execute("SELECT state, count(*) FROM deliveries GROUP BY state").fetchall()
    copy.close()
    assert rows == [("accepted", 120)]


# ---------------------------------------------------------------- no false alarm


def test_a_project_that_was_moved_goes_on(opened, path, tmp_path):
    store = opened()
    enroll(store)
    send = start(store)
    mail(store, send, 20)
    store.close()
    path.parent.parent.rename(tmp_path / "moved")
    moved = opened(tmp_path / "moved" / "lists" / "mailer.db")
    moved.sends.set_state(send.id, SendState.SENDING, now=NOW)
    assert len(mail(moved, send, 120)) == 100


def test_senders_that_claim_in_turn_do_not_refuse_each_other(opened):
    store, other = opened(), opened()
    enroll(store)
    send = start(store)
    for sender in (store, other) * 3:
        assert len(mail(sender, send, 20)) == 20


def test_a_sender_that_dies_before_its_mark_is_written_is_not_refused(opened, monkeypatch):
    store = opened()
    enroll(store)
    send = start(store)
    monkeypatch.setattr(store.freshness, "advance", lambda *_: None)
    mail(store, send, 20)
    store.close()
    again = opened()
    again.sends.set_state(send.id, SendState.SENDING, now=NOW)
    assert len(mail(again, send, 120)) == 100


def test_half_a_mark_is_no_mark(opened, path, state):
    store = opened()
    enroll(store)
    send = start(store)
    mail(store, send, 20)
    for file in (path.with_name("mailer.db.mark"), *state.rglob("*.mark")):
        file.write_bytes(file.read_bytes()[:30])
    assert len(mail(store, send, 20)) == 20
    start(opened(), "another")


def test_a_mark_goes_up_only_and_holds_what_fits(path):
    path.parent.mkdir(parents=True)
    mine = marks.Marks(path)
    mark = marks.Mark("epoch", 5, str(path), "", "", "")
    mine.advance(mark, "first")
    for number in range(6, 300):
        mine.advance(marks.Mark("epoch", number, str(path), "", "", ""), f"campaign-{number:050}")
    mine.advance(mark, "late")
    beside, elsewhere = mine.own()
    assert beside == elsewhere
    assert beside.claimed == 299
    assert beside.campaigns[f"campaign-{299:050}"] == 299
    assert "late" not in beside.campaigns
    assert path.with_name("mailer.db.mark").stat().st_size == 4096
    assert path.with_name("mailer.db.mark").stat().st_mode & 0o077 == 0
    mine.close()


def test_without_a_state_directory_the_mark_beside_the_database_is_enough(
    opened, path, tmp_path, monkeypatch
):
    (tmp_path / "no-folder").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "no-folder"))
    _, store = put_back_a_backup(opened, path, tmp_path, before=0, after=80)
    with pytest.raises(StaleLedger, match="80 may already"):
        start(store)


# ---------------------------------------------------------------- a copy becomes the ledger


def test_what_was_pending_in_a_copy_is_settled_first(opened, path, tmp_path):
    send, restored = put_back_a_backup(opened, path, tmp_path, before=40, after=30)
    settlement = restored.freshness.accept([], now=NOW)
    assert settlement == freshness.Settlement(("vote",), uncertain=80, certain=True)
    assert restored.sends.find("vote", "members").state is SendState.PAUSED
    assert restored.sends.counts(send.id).uncertain == 80
    restored.sends.set_state(send.id, SendState.SENDING, now=NOW)
    assert mail(restored, send, 200) == []


def test_a_campaign_that_the_copy_does_not_know_of_is_settled_first(opened, path, tmp_path):
    store = opened()
    enroll(store)
    back_up(store, tmp_path / "backup.db")
    mail(store, start(store), 120)
    store.close()
    put_back(tmp_path / "backup.db", path)
    restored = opened()
    assert restored.freshness.accept([], now=NOW).campaigns == ("vote",)
    send = start(restored)
    assert mail(restored, send, 200) == []
    assert restored.sends.counts(send.id).uncertain == 120
    other = start(restored, "another")
    assert len(mail(restored, other, 200)) == 120


def test_what_was_not_sent_from_since_stays_pending(opened, path, tmp_path):
    store = opened()
    enroll(store)
    quiet, busy = start(store, "quiet"), start(store, "busy")
    back_up(store, tmp_path / "backup.db")
    mail(store, busy, 20)
    store.close()
    put_back(tmp_path / "backup.db", path)
    restored = opened()
    assert restored.freshness.accept([], now=NOW).campaigns == ("busy",)
    assert restored.sends.counts(quiet.id).pending == 120
    assert restored.sends.counts(busy.id).uncertain == 120


def test_without_a_mark_everything_unfinished_is_settled_first(
    opened, tmp_path, state, monkeypatch
):
    store = opened()
    enroll(store)
    start(store, "quiet")
    busy = start(store, "busy")
    mail(store, busy, 20)
    back_up(store, tmp_path / "new" / "mailer.db")
    monkeypatch.setattr(freshness, "machine_id", lambda: "another")
    shutil.rmtree(state, ignore_errors=True)
    moved = opened(tmp_path / "new" / "mailer.db")
    settlement = moved.freshness.accept(["vote"], now=NOW)
    assert settlement == freshness.Settlement(("busy", "quiet", "vote"), 220, certain=False)
