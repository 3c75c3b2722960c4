"""A ledger that has gone back in time or has a twin claims nothing."""

import json
import os
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailer.errors import DatabaseReplacedError, StaleLedger, StoreError
from mailer.ledger.delivery import DeliveryState, Result, SendState
from mailer.lists.import_row import ImportRow
from mailer.store import connect
from mailer.store.sql import freshness, marks

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)

pytestmark = pytest.mark.sqlite_only("copies its files")


def hashes(email):
    return [f"hash of {email}"]


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    """The user's state directory."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "project" / "lists" / "mailer.db"


@pytest.fixture
def opened(path):
    """Opens stores, and closes them all in the end."""
    stores = []

    def opened(file=path):
        stores.append(connect(file, hashes))
        return stores[-1]

    yield opened
    for store in stores:
        store.close()


def enroll(store, number=120):
    rows = [ImportRow(row, f"person{row}@example.org") for row in range(number)]
    store.imports.import_rows("members", rows, source="test", now=NOW)


def start(store, campaign="vote", transport="outbox"):
    ids = [person.id for person in store.subscribers.audience("members")]
    send, _ = store.sends.freeze(
        campaign, "members", ids, query="", snapshot=b"", digest="", transport=transport, now=NOW
    )
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    return send


def mail(store, send, number):
    """Claim and accept; returns who was mailed."""
    mailed = []
    while len(mailed) < number and (
        claims := store.deliveries.claim(send.id, min(20, number - len(mailed)), now=NOW)
    ):
        results = [Result(claim.delivery_id, DeliveryState.ACCEPTED) for claim in claims]
        store.deliveries.record(results, now=NOW)
        mailed += [claim.subscriber.email for claim in claims]
    return mailed


def back_up(store, file):
    file.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(file) as copy:
        store.database.connection.backup(copy)
    copy.close()


def put_back(backup, path):
    for file in path.parent.glob("mailer.db-*"):
        file.unlink()
    shutil.copy(backup, path)


# ---------------------------------------------------------------- five ways to mail people twice


def test_a_restored_backup_refuses_and_says_how_many_were_mailed_since(opened, path, tmp_path):
    store = opened()
    enroll(store)
    send = start(store)
    mail(store, send, 40)
    back_up(store, tmp_path / "backup.db")
    mail(store, send, 80)
    store.close()
    put_back(tmp_path / "backup.db", path)
    restored = opened()
    with pytest.raises(StaleLedger, match="80 may already have had their mail") as refusal:
        restored.sends.set_state(send.id, SendState.SENDING, now=NOW)
    assert refusal.value.exit_code == 3
    assert "mailer restore" in refusal.value.hint
    with pytest.raises(StaleLedger, match="80 may already have had"):
        restored.deliveries.claim(send.id, 20, now=NOW)


def test_a_worker_takes_up_nothing_from_a_restored_backup(opened, path, tmp_path):
    store = opened()
    enroll(store)
    send = start(store)
    back_up(store, tmp_path / "backup.db")
    mail(store, send, 80)
    store.close()
    put_back(tmp_path / "backup.db", path)
    worker = opened()
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
    store = opened()
    enroll(store)
    send = start(store)
    back_up(store, tmp_path / "backup.db")
    mail(store, send, 80)
    store.close()
    put_back(tmp_path / "backup.db", path)
    with pytest.raises(StaleLedger, match="80 may already"):
        start(opened())


# ---------------------------------------------------------------- a copy becomes the ledger


def test_what_was_pending_in_a_copy_is_settled_first(opened, path, tmp_path):
    store = opened()
    enroll(store)
    send = start(store)
    mail(store, send, 40)
    back_up(store, tmp_path / "backup.db")
    mail(store, send, 30)
    store.close()
    put_back(tmp_path / "backup.db", path)
    restored = opened()
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


# ---------------------------------------------------------------- a database that is not there


def replaced(path):
    path.rename(path.with_name("old.db"))
    shutil.copy(path.with_name("old.db"), path)


def cut_off(path):
    with path.open("r+b") as file:
        file.truncate(4096)


def log_deleted(path):
    Path(f"{path}-wal").unlink()


def log_emptied(path):
    os.truncate(f"{path}-wal", 0)


def log_cut_in_its_head(path):
    os.truncate(f"{path}-wal", 20)


@pytest.mark.parametrize("harm", [log_emptied, log_cut_in_its_head])
def test_a_log_that_was_emptied_stops_the_next_writer_and_leaves_the_file_whole(opened, path, harm):
    """SQLite goes on behind a gap, and would move the gap into the file at the end."""
    store = opened()
    enroll(store)
    send = start(store)
    store.database.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    mail(store, send, 20)
    harm(path)
    with pytest.raises(StoreError):
        mail(store, send, 20)
    with pytest.raises(StoreError):
        mail(store, send, 20)
    store.close()
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    with pytest.raises(StaleLedger, match="20 may already have had their mail"):
        opened().freshness.check()


def test_a_log_that_another_process_has_cleared_is_no_matter(opened):
    store, eraser = opened(), opened()
    enroll(store)
    send = start(store)
    for _ in range(3):
        mail(store, send, 20)
        eraser.database.execute("PRAGMA user_version = 1")
        assert eraser.database.clear_log()
    assert len(mail(store, send, 20)) == 20


@pytest.mark.parametrize("harm", [replaced, Path.unlink, cut_off, log_deleted])
def test_nothing_is_written_to_a_database_that_is_no_longer_there(opened, path, harm):
    store = opened()
    enroll(store)
    send = start(store)
    store.database.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    mail(store, send, 20)
    harm(path)
    with pytest.raises(DatabaseReplacedError, match="replaced or deleted while in use") as refusal:
        mail(store, send, 20)
    assert refusal.value.exit_code == 3
    with pytest.raises(DatabaseReplacedError):
        store.unsubscribes.leave(1, send.id, how="link", now=NOW)
    with pytest.raises(DatabaseReplacedError):
        store.database.check_present()


# ---------------------------------------------------------------- odd places, files and users


def send_some(store, number=20):
    enroll(store)
    store.freshness.check()
    send = start(store)
    mail(store, send, number)
    return send


@pytest.mark.parametrize(
    "spoil",
    [
        lambda state: state.write_text("a file"),
        lambda state: (
            (state / "mailer").mkdir(parents=True) or (state / "mailer" / "ledgers").touch()
        ),
        lambda state: state.symlink_to(state.with_name("nowhere") / "deeper"),
        lambda state: state.symlink_to(state),
    ],
)
def test_a_state_directory_that_cannot_be_used_leaves_the_mark_beside(opened, path, state, spoil):
    spoil(state)
    store = opened()
    send_some(store)
    old = path.with_name("old.db")
    back_up(store, old)
    mail(store, store.sends.all()[0], 20)
    store.close()
    put_back_keeping_the_mark(old, path)
    with pytest.raises(StaleLedger, match="20 may already have had their mail"):
        opened().freshness.check()


def put_back_keeping_the_mark(backup, path):
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    shutil.copy(backup, path)


@pytest.mark.parametrize("base", ["", "relative/state"])
def test_a_user_without_a_home_has_the_mark_beside_the_database(
    opened, path, monkeypatch, tmp_path, base
):
    """A relative path is to be ignored (XDG Base Directory Specification): it would move with the folder."""

    def homeless(_):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setenv("XDG_STATE_HOME", base)
    monkeypatch.setattr(Path, "expanduser", homeless)
    monkeypatch.chdir(tmp_path)
    store = opened()
    send_some(store)
    assert marks.Marks(path).highest().claimed == 20
    assert not (tmp_path / "relative").exists()
    assert store.freshness.unrecorded(5_000, now=NOW) == 5_000


WHOLE = {
    "epoch": "e", "claimed": 5, "path": "/x", "machine": "m", "boot": "b",
    "at": "2026-09-01T12:00:00+00:00", "campaigns": {},
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"claimed": "5"}, {"claimed": None}, {"claimed": 1.5}, {"claimed": True}, {"epoch": 7},
        {"path": None}, {"machine": []}, {"boot": {}}, {"at": "yesterday"}, {"at": 7},
        {"at": "2026-09-01T12:00:00"}, {"campaigns": []}, {"campaigns": {"vote": "5"}},
        {"campaigns": None}, {"more": 1},
    ],
)  # fmt: skip
def test_a_mark_of_another_shape_is_no_mark(opened, path, change):
    path.parent.mkdir(parents=True)
    mark = path.with_name("mailer.db.mark")
    mark.write_text(json.dumps(WHOLE))
    assert len(marks.Marks(path).own()) == 1
    mark.write_text(json.dumps(WHOLE | change))
    assert marks.Marks(path).own() == []
    send_some(opened())


@pytest.mark.parametrize(
    "content", [b"[1]", b"7", b"null", b"\xff\xfe", b"[" * 100_000, b"\0" * 4096]
)
def test_a_mark_that_is_no_mark_at_all_is_none(opened, path, content):
    path.parent.mkdir(parents=True)
    path.with_name("mailer.db.mark").write_bytes(content)
    send_some(opened())


def test_a_second_name_of_the_same_file_is_another_database(opened, path, tmp_path):
    """Each name has a log of its own: both would mail everybody, and spoil the file."""
    store = opened()
    send_some(store)
    store.close()
    twin = tmp_path / "twin" / "lists" / "mailer.db"
    twin.parent.mkdir(parents=True)
    twin.hardlink_to(path)
    with pytest.raises(StaleLedger, match=r"is a copy of .*, which sends, too"):
        opened(twin).freshness.check()


@pytest.mark.parametrize("linked", ["file", "folder"])
def test_a_symbolic_link_is_the_same_database(opened, path, tmp_path, linked):
    store = opened()
    send = send_some(store)
    store.close()
    other = tmp_path / "other"
    if linked == "file":
        (other / "lists").mkdir(parents=True)
        (other / "lists" / "mailer.db").symlink_to(path)
    else:
        other.symlink_to(path.parent.parent)
    store = opened(other / "lists" / "mailer.db")
    store.freshness.check()
    assert len(mail(store, send, 20)) == 20
    store.close()
    opened().freshness.check()


@pytest.mark.parametrize("target", ["nowhere/mailer.db", "mailer.db"])
def test_a_link_to_a_disk_that_is_not_there_makes_no_database(opened, path, target):
    path.parent.mkdir(parents=True)
    path.symlink_to(target)
    with pytest.raises(StoreError, match=f"is a link to {target}, where there is no database"):
        opened()
    assert not (path.parent / "nowhere").exists()


def test_a_machine_without_a_boot_id_sends(opened, monkeypatch):
    monkeypatch.setattr(freshness, "boot_id", lambda: "")
    store = opened()
    send_some(store)
    store.close()
    opened().freshness.check()


def test_a_clock_that_is_turned_back_is_no_older_ledger(opened, path):
    send_some(opened())
    mark = marks.Marks(path).highest()
    later = datetime.now(UTC) + timedelta(days=400)
    file = path.with_name("mailer.db.mark")
    file.write_text(json.dumps(json.loads(file.read_text()) | {"at": later.isoformat()}))
    store = opened()
    store.freshness.check()
    assert len(mail(store, store.sends.all()[0], 20)) == 20
    assert marks.Marks(path).highest().claimed == mark.claimed + 20
