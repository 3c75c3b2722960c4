"""What `mailer doctor` says of a project's folder: keys, database, schedule, layouts, look-ups."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from types import SimpleNamespace

import pytest

from mailer import assets, config
from mailer.campaigns.ab_test import ABTest
from mailer.campaigns.schedule import Timing
from mailer.doctor.judgements import project
from mailer.setup import new_project, template_copies
from mailer.store.sqlite import health
from tests.support.doctor import ERROR, MAYORS, OK, WARNING, settings, troubles
from tools.projects.project import NOW, SETTINGS, open_store


def test_mail_to_unsubscribe_needs_somebody_who_answers_it():
    def judged(address, queue_url, *, mailbox=False):
        here = settings(queue_url=queue_url)
        sender = here.sender.model_copy(
            update={"unsubscribe_email": address, "unsubscribe_mailbox": mailbox}
        )
        return project.unsubscribing_by_mail(here.model_copy(update={"sender": sender}))

    queue = "https://sqs.us-east-1.amazonaws.com/1/mail"
    assert judged("", "").level is OK
    assert "web link alone" in judged("", "").found
    assert judged("leave@example.org", queue).level is OK
    assert judged("leave@example.org", "").level is WARNING
    assert "not offered" in judged("leave@example.org", "").found
    assert "unsubscribe_mailbox = true" in judged("leave@example.org", "").todo
    assert judged("leave@example.org", "", mailbox=True).level is OK


def key_of(found, environment=None, sends=0):
    return project.key(found, environment, project.read_key(found, environment), sends)


def test_key(folder):
    found = config.load(folder)
    assert key_of(found).level is OK
    assert key_of(found, environment="a key from the environment").level is OK
    assert key_of(found, environment="short").level is ERROR
    found.secret_key_file.write_text("short")
    assert "shorter than 16" in key_of(found).found


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_key_that_others_may_read(folder, mode):
    found = config.load(folder)
    found.secret_key_file.chmod(mode)
    assert key_of(found).level is ERROR
    assert key_of(found).todo == "chmod 600 lists/secret.key"


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701])
def test_folders_of_personal_files_that_others_may_look_into(folder, mode):
    found = config.load(folder)
    found.outbox.mkdir(mode=0o700)
    found.database.parent.chmod(0o700)
    assert project.privacy(found).level is OK
    found.database.parent.chmod(mode)
    finding = project.privacy(found)
    assert (finding.level, finding.todo) == (WARNING, "chmod 700 lists")
    found.outbox.chmod(mode)
    assert project.privacy(found).todo == "chmod 700 lists outbox"


def test_looking_for_a_key_makes_none(folder):
    found = config.load(folder)
    found.secret_key_file.unlink()
    assert key_of(found).level is WARNING
    assert key_of(found, sends=1).level is ERROR
    assert "before anything else makes a new one" in key_of(found, sends=1).todo
    assert not found.secret_key_file.exists()


def store_of(found):
    return project.store(found, health.examine(found.database))


def test_store(folder):
    found = config.load(folder)
    assert store_of(found).level is OK
    files = {path.name for path in found.database.parent.iterdir()}
    assert files == {"mailer.db", "secret.key", "addresses.key"}
    found.database.unlink()
    assert store_of(found).level is WARNING
    assert not found.database.exists()


def test_store_that_is_not_a_database(folder):
    found = config.load(folder)
    found.database.write_bytes(b"Dear neighbor, " * 1000)
    assert store_of(found).level is ERROR
    assert "file is not a database" in store_of(found).found


def test_damaged_store(folder):
    found = config.load(folder)
    whole = found.database.read_bytes()
    for page in range(1, len(whole) // 4096):
        damaged = bytearray(whole)
        damaged[4096 * page : 4096 * (page + 1)] = b"\xff" * 4096
        found.database.write_bytes(damaged)
        assert store_of(found).level is ERROR, page
        assert "is damaged: " in store_of(found).found
        assert "\n" not in store_of(found).found


def change_migrations(found, statement):
    with closing(sqlite3.connect(found.database)) as connection, connection:
        connection.execute(statement)


def test_store_of_a_later_version(folder):
    found = config.load(folder)
    change_migrations(
        found,
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
        "VALUES ('mailer', 'rooms_for_pets', '')",
    )
    assert store_of(found).level is ERROR
    assert "rooms_for_pets" in store_of(found).found


def test_store_of_an_earlier_version_is_no_trouble(folder):
    found = config.load(folder)
    change_migrations(found, "DELETE FROM _sqlite_migrations")
    assert store_of(found).level is OK
    assert "brought up to date" in store_of(found).found


def test_store_that_cannot_be_written(folder, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert store_of(config.load(folder)).level is ERROR


def test_store_too_large_to_look_through(folder, monkeypatch):
    monkeypatch.setattr(health, "_SECONDS", -1)
    monkeypatch.setattr(health, "_STEPS", 1)
    assert store_of(config.load(folder)).level is WARNING


def test_store_can_be_looked_at_while_another_process_writes(folder):
    found = config.load(folder)
    with closing(sqlite3.connect(found.database, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM memberships")
        assert store_of(found).level is OK
        writer.execute("ROLLBACK")


def schedule(found, *, campaign="vote", **more):
    with closing(open_store(found.root)) as store:
        ids = [person.id for person in store.subscribers.audience("members")]
        words = {"query": "", "snapshot": b"", "digest": "d", "transport": "outbox"}
        store.sends.freeze(campaign, "members", ids, **words, now=NOW, **more)


TOMORROW = Timing("tomorrow", NOW + timedelta(days=1))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, {}),
        ({"timing": TOMORROW}, {"worker": WARNING}),
        ({"ab_test": ABTest(lambda _: 0, timedelta(hours=4))}, {"worker": WARNING}),
        # somebody chooses the winner
        ({"ab_test": ABTest(lambda _: 0, None)}, {}),
        ({"timing": TOMORROW, "ab_test": ABTest(lambda _: 0, None)}, {}),
    ],
)
def test_what_nobody_starts(folder, more, expected):
    found = config.load(folder)
    schedule(found, **more)
    before = found.database.read_bytes()
    assert troubles(project.worker(health.examine(found.database))) == expected
    assert found.database.read_bytes() == before


def test_what_somebody_starts(folder):
    found = config.load(folder)
    assert project.worker(health.examine(found.database)) == []
    schedule(found, timing=TOMORROW)
    schedule(found, campaign="next", timing=TOMORROW)
    (alone,) = project.worker(health.examine(found.database))
    assert alone.found == "2 scheduled sends to start, and no worker runs to do it"
    with closing(open_store(found.root)) as store:
        store.leases.attend()
        (attended,) = project.worker(health.examine(found.database))
        assert (attended.level, attended.found) == (OK, "runs, and starts 2 scheduled sends")
    (left,) = project.worker(health.examine(found.database))
    assert left.level is WARNING


def test_a_worker_is_looked_for_while_another_process_writes(folder, monkeypatch):
    found = config.load(folder)
    schedule(found, timing=TOMORROW)
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *given, **more: connect(*given, **more, timeout=0.1)
    )
    with closing(connect(found.database, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert not troubles(project.worker(health.examine(found.database)))
        writer.execute("ROLLBACK")


@pytest.mark.parametrize(
    ("free", "level"), [(199e6, ERROR), (201e6, WARNING), (999e6, WARNING), (1001e6, OK)]
)
def test_disk(folder, monkeypatch, free, level):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    assert project.disk(config.load(folder)).level is level


def test_layouts_compile(folder):
    (finding,) = project.layouts(config.load(folder), frozenset())
    assert (finding.level, finding.found) == (OK, "alert, newsletter, petition: all compile")


def test_broken_layout_is_shown_with_its_line(folder):
    layout = folder / "templates" / "newsletter.mjml"
    good = layout.read_text()
    (folder / "templates" / "alert.mjml").write_text(good)
    layout.write_text(good.replace("<mj-body>", "<mj-body>\n<mj-sektion>"))
    findings = project.layouts(config.load(folder), frozenset())
    assert troubles(findings) == {"layout newsletter": ERROR}
    assert findings[0].found.startswith("templates/newsletter.mjml:2: ")


def test_layout_that_shows_a_column_of_the_list(folder):
    layout = folder / "templates" / "newsletter.mjml"
    chapter = "<mj-text>{{ recipient.fields.chapter }}</mj-text></mj-column>"
    layout.write_text(layout.read_text().replace("</mj-column>", chapter, 1))
    assert troubles(project.layouts(config.load(folder), frozenset())) == {
        "layout newsletter": ERROR
    }
    assert not troubles(project.layouts(config.load(folder), frozenset(["chapter"])))


def test_a_project_without_templates_has_those_that_come_with_mailer(folder):
    shutil.rmtree(folder / "templates")
    (finding,) = project.layouts(config.load(folder), frozenset())
    assert (finding.level, finding.found) == (OK, "alert, newsletter, petition: all compile")


@pytest.mark.parametrize(
    ("table", "level", "says"),
    [
        ("city,mayor\nSalem,Nia Brook\nBend,Tod Lane\n", OK, "2 rows in mayors.csv"),
        ("city,mayor\n", WARNING, "has no rows"),
        ("town,mayor\nSalem,Nia Brook\n", ERROR, 'has no column "city"'),
        ("city,mayor\nSalem,Nia Brook\nSalem,Tod Lane\n", ERROR, "mayors.csv:3: "),
        (None, ERROR, "which is not there"),
    ],
)
def test_lookup(folder, table, level, says):
    (folder / "mailer.toml").write_text(SETTINGS + MAYORS)
    if table is not None:
        (folder / "mayors.csv").write_text(table)
    (found,) = project.lookups(config.load(folder))
    assert found.level is level
    assert says in found.found


# ---------------------------------------------------------------- a new project


@pytest.fixture
def new(tmp_path):
    new_project.create(tmp_path / "new", new_project.EXAMPLE)
    return config.load(tmp_path / "new")


def test_an_example_address_is_warned_of(new):
    assert troubles(project.example_values(new.settings)) == {"postal address": WARNING}


def test_copies_of_templates_that_are_out_of_date_are_named(new, monkeypatch):
    assert project.templates(new) == []
    template_copies.copy(new, ["footer", "header"])
    assert not troubles(project.templates(new))
    newer = {**assets.templates(), "partials/footer.mjml": "<mj-section>new</mj-section>"}
    monkeypatch.setattr(assets, "templates", lambda: newer)
    (finding,) = project.templates(new)
    assert finding.level is WARNING
    assert finding.found == "copied from an older mailer: partials/footer.mjml"
    assert "mailer templates copy --keep partials/footer.mjml" in finding.todo


def test_a_broken_record_of_copies_is_an_error(new):
    (new.root / "templates" / "copies.json").write_text("{")
    assert troubles(project.templates(new)) == {"templates": ERROR}


MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
37 22 {device} / /srv/project rw,relatime shared:20 master:1 - {kind} server:/export rw,vers=4.2
38 22 0:99 / /mnt rw - nfs4 other:/export rw
an odd line
"""


@pytest.mark.parametrize(("kind", "level"), [("nfs4", ERROR), ("cifs", ERROR), ("ext4", OK)])
def test_a_database_on_a_network_drive_is_an_error(folder, tmp_path, monkeypatch, kind, level):
    open_store(folder).close()
    found = config.load(folder)
    device = found.database.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS.format(device=number, kind=kind))
    monkeypatch.setattr(health, "_MOUNTS", mounts)
    judged = project.store(found, health.examine(found.database))
    assert judged.level is level
    assert (f"network drive ({kind})" in judged.found) is (level is ERROR)


def test_a_system_without_a_list_of_mounts_has_no_network_drives(tmp_path):
    assert health.network_drive(tmp_path, tmp_path / "nowhere") == ""
