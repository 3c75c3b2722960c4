"""Several machines on one store, as staff use them: each has a copy of the project and a state of its own."""

from __future__ import annotations

import re
import shutil
from contextlib import closing

import psycopg
import pytest

from mailer.ledger.delivery import SendState
from mailer.store import postgres, put_back
from tests.support.postgres import address, postgres_server
from tools.postgres import Server
from tools.projects.project import NOW, make_project

__all__ = ["address", "postgres_server"]

pytestmark = pytest.mark.slow


@pytest.fixture
def root(tmp_path):
    return make_project(tmp_path / "project", 12)


@pytest.fixture
def shared(mailer, address, monkeypatch):
    """The address of the store on a server into which the project's was copied."""
    code, output = mailer("store", "copy", address)
    assert code == 0, output
    monkeypatch.setenv("MAILER_STORE", address)
    return address


@pytest.fixture
def machine(root, tmp_path, monkeypatch):
    """Makes another machine the current one: a copy of the project, without what is not copied."""

    def switch(number, *, keys=("secret.key", "addresses.key")):
        folder = tmp_path / f"machine{number}"
        if not folder.exists():
            nothing_of_one_machine = shutil.ignore_patterns("outbox", "lists")
            shutil.copytree(root, folder, ignore=nothing_of_one_machine)
            (folder / "lists").mkdir()
            for key in keys:
                shutil.copy(root / "lists" / key, folder / "lists")
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / f"state{number}"))
        return folder

    return switch


@pytest.fixture
def at(mailer):
    """Runs a command in the project of a machine."""
    return lambda folder, *arguments: mailer("--project", str(folder), *arguments)


def mailed(*folders):
    return sorted(file.name for folder in folders for file in (folder / "outbox").rglob("*.eml"))


# ---------------------------------------------------------------- keys


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (["addresses.key"], "this machine's secret key is not the one of the other machines"),
        (
            ["secret.key"],
            "the keys of addresses on this machine are not those of the other machines",
        ),
    ],
)
@pytest.mark.usefixtures("shared")
def test_a_machine_with_other_keys_is_refused_and_the_doctor_says_so(
    at, root, machine, keys, problem
):
    assert at(root, "status")[0] == 0
    folder = machine(2, keys=keys)
    code, output = at(folder, "send", "vote", "--yes")
    assert code == 2
    assert problem in output
    assert "Copy lists/" in output
    assert not mailed(folder)
    assert "of the other machines on this store" in at(folder, "doctor")[1]
    for key in ("secret.key", "addresses.key"):
        shutil.copy(root / "lists" / key, folder / "lists")
    assert at(folder, "send", "vote", "--yes")[0] == 0
    assert len(mailed(folder)) == 12


# ---------------------------------------------------------------- store copy


def test_a_copy_that_fails_is_finished_by_the_same_command(mailer, tmp_path, monkeypatch):
    new = str(tmp_path / "new.db")
    with monkeypatch.context() as patch:
        patch.setattr("mailer.store.sql.copying.fingerprint", lambda *_: (0, ""))
        code, output = mailer("store", "copy", new)
    assert code == 2
    assert "differs in the copy: nothing was copied" in output
    assert mailer("send", "vote", "--yes", "--limit", "4")[0] == 0
    assert mailer("store", "copy", new)[0] == 0
    code, output = mailer("resume", "vote", "--yes")
    assert code == 2
    assert f"mailer.db can only be read: it was copied to {new} on " in output
    code, output = mailer("store", "copy", new)
    assert code == 2
    assert "exists already" in output


def test_a_store_goes_to_a_server_and_back_into_its_place(
    mailer, root, shared, tmp_path, monkeypatch
):
    assert shared
    assert mailer("send", "vote", "--yes", "--limit", "4")[0] == 0
    assert mailer("store", "copy", str(root / "lists" / "new.db"))[0] == 0
    code, output = mailer("resume", "vote", "--yes")
    assert code == 2
    assert "can only be read: it was copied to" in output
    monkeypatch.delenv("MAILER_STORE")
    (root / "lists" / "mailer.db").rename(tmp_path / "old.db")
    (root / "lists" / "new.db").rename(root / "lists" / "mailer.db")
    code, output = mailer("resume", "vote", "--yes")
    assert code == 0, output
    assert len(mailed(root)) == 12


# ---------------------------------------------------------------- files beside the database


@pytest.mark.usefixtures("shared")
def test_files_that_lie_beside_a_database_have_their_place_on_each_machine(at, machine, tmp_path):
    folder = machine(2)
    people = tmp_path / "people.csv"
    people.write_text("email,first name\nana@example.org,Ana\nnobody,Bo\n")
    code, output = at(folder, "lists", "import", str(people), "--list", "members")
    assert code == 0, output
    assert "nobody" in (folder / "lists" / "people.rejects.csv").read_text()
    events = tmp_path / "events.jsonl"
    events.write_text("no event\n")
    code, output = at(folder, "events", "import", str(events))
    assert "lists/events-junk.jsonl" in output
    assert "no event" in (folder / "lists" / "events-junk.jsonl").read_text()
    assert at(folder, "send", "vote", "--yes")[0] == 0
    files = {path.name for path in (folder / "lists").iterdir()}
    assert files == {"secret.key", "addresses.key", "people.rejects.csv", "events-junk.jsonl"}


def test_mail_in_the_outbox_of_another_machine_is_uncertain_here_and_not_written_again(
    at, root, shared, machine
):
    assert at(root, "send", "vote", "--yes", "--limit", "4")[0] == 0
    with closing(postgres.connect(shared, lambda _: ["hash"], lambda _: None)) as store:
        send = store.sends.find("vote", "members")
        store.sends.set_state(send.id, SendState.SENDING, now=NOW)
        assert len(store.deliveries.claim(send.id, 3, now=NOW)) == 3
    folder = machine(2)
    code, output = at(folder, "resume", "vote", "--yes")
    assert code == 1
    assert "3 uncertain" in output
    assert len(mailed(root, folder)) == 4 + 5


# ---------------------------------------------------------------- a server that cannot be used


@pytest.fixture
def locked(postgres_server):
    """A database on the server that asks for a password."""
    access = postgres_server.data / "pg_hba.conf"
    before = access.read_text()
    access.write_text(f"host all guarded 127.0.0.1/32 scram-sha-256\n{before}")
    postgres_server.admin("CREATE USER guarded PASSWORD 'right'")
    postgres_server.admin("SELECT pg_reload_conf()")
    yield f"postgresql://guarded:wrong@127.0.0.1:{postgres_server.port}/postgres"
    access.write_text(before)
    postgres_server.admin("DROP USER guarded")
    postgres_server.admin("SELECT pg_reload_conf()")


def refusals(locked, server):
    here = f"postgresql://mailer@127.0.0.1:{server.port}"
    return {
        locked: "it refuses the user name or the password",
        locked.replace(":wrong", ""): "it asks for a password, and there is none in the address",
        f"{here}/nowhere": "it has no such database or user",
        "postgresql://mailer:hush@127.0.0.1:1/mailer": "nothing listens there",
        "postgresql://mailer:hush@host.invalid/mailer": "there is no host of that name",
        "postgresql://mailer:hush@host:port/mailer": "",
        "mysql://mailer:hush@127.0.0.1/mailer": "",
        "postgresql//mailer:hush@127.0.0.1/mailer": "",
    }


COMMANDS = [
    ("status",),
    ("send", "vote", "--yes"),
    ("worker", "--once"),
    ("lists", "show"),
    ("subscriber", "show", "ana@example.org"),
    ("report", "vote"),
    ("check", "vote"),
    ("backup", "kept"),
    ("doctor",),
]


def test_a_server_that_cannot_be_used_is_one_sentence_and_what_to_do(
    at, root, locked, postgres_server, monkeypatch
):
    for url, reason in refusals(locked, postgres_server).items():
        monkeypatch.setenv("MAILER_STORE", url)
        for command in COMMANDS if "guarded" in url else COMMANDS[:2]:
            code, output = at(root, *command)
            assert code != 0 or command[0] == "doctor", (url, command, output)
            assert "Traceback" not in output
            assert reason in " ".join(output.split()), (url, command, output)
            assert "hush" not in output
            assert "wrong@" not in output
            assert "MAILER_STORE" in output or "many-machines" in output, (url, command, output)
    assert not mailed(root)


@pytest.mark.parametrize(
    ("spoiled", "reason"),
    [
        ("older", "is older than PostgreSQL 14"),
        ("encoding", "is not in UTF-8 but in LATIN1"),
        ("newer", "was written by a newer version of mailer (something_later)"),
        ("rights", "permission denied"),
    ],
    indirect=["spoiled"],
)
def test_a_database_that_does_not_fit_is_told(at, root, spoiled, reason, monkeypatch):
    monkeypatch.setenv("MAILER_STORE", spoiled)
    for command in (("status",), ("send", "vote", "--yes")):
        code, output = at(root, *command)
        assert code in (2, 3), output
        assert "Traceback" not in output
        assert reason in " ".join(output.split())


@pytest.fixture
def spoiled(request, address, postgres_server, monkeypatch):
    """The address of a database that mailer cannot work with."""
    database = address.rpartition("/")[2]
    match request.param:
        case "older":
            monkeypatch.setattr(postgres.database, "OLDEST", 990_000)
        case "encoding":
            name = f"latin_{database}"
            options = "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
            postgres_server.admin(f"CREATE DATABASE {name} {options}")
            return postgres_server.url(name)
        case "newer":
            postgres.connect(address, lambda _: [], lambda _: None).close()
            _execute(address, "INSERT INTO schema_steps VALUES ('something_later')")
        case "rights":
            user = f"stranger_{database}"
            postgres_server.admin(f"CREATE USER {user}")
            _execute(address, "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
            return address.replace("mailer@", f"{user}@")
    return address


def _execute(address, statement):
    with closing(psycopg.connect(address, autocommit=True)) as connection:
        connection.execute(statement)


# ---------------------------------------------------------------- a store that has gone back

CROWD = 1_050


@pytest.fixture
def crowd(tmp_path):
    return make_project(tmp_path / "crowd", CROWD)


def written(root):
    """Each mail, and when it was written: one that is sent again is written again."""
    return {path.name: path.stat().st_mtime_ns for path in (root / "outbox").rglob("*.eml")}


@pytest.fixture
def server():
    opened = Server("fsync=off")
    opened.start()
    yield opened
    opened.close()


def test_a_backup_that_is_put_back_mails_nobody_again(at, crowd, address, tmp_path, monkeypatch):
    assert at(crowd, "store", "copy", address)[0] == 0
    monkeypatch.setenv("MAILER_STORE", address)
    assert at(crowd, "send", "vote", "--yes", "--limit", "50")[0] == 0
    assert at(crowd, "backup", str(tmp_path / "kept"))[0] == 0
    assert at(crowd, "resume", "vote", "--yes")[0] == 0
    before = written(crowd)
    assert len(before) == CROWD
    put_back(address, tmp_path / "kept" / "mailer.dump", aside="aside")
    code, output = at(crowd, "send", "vote", "--yes")
    assert code == 3
    assert f"{CROWD - 50:,} may already have had their mail" in output
    code, output = at(crowd, "restore", "--yes")
    assert code == 0, output
    assert "From now on, the database on the server as it is is the ledger" in output
    at(crowd, "resume", "vote", "--yes")
    assert written(crowd) == before
    assert re.search(rf"uncertain\s+{CROWD - 50:,}\b", at(crowd, "status", "vote")[1])


def test_a_standby_that_takes_over_without_the_last_rows_mails_nobody_again(
    at, crowd, server, monkeypatch
):
    primary = server.create("mailer_store")
    assert at(crowd, "store", "copy", primary)[0] == 0
    monkeypatch.setenv("MAILER_STORE", primary)
    assert at(crowd, "send", "vote", "--yes", "--limit", "50")[0] == 0
    with closing(server.standby()) as standby:
        standby.start()
        monkeypatch.setenv("MAILER_STORE", standby.url("mailer_store"))
        code, output = at(crowd, "resume", "vote", "--yes")
        assert code == 2, output
        assert "is a standby: it can only be read" in output
        standby.stop()
        monkeypatch.setenv("MAILER_STORE", primary)
        assert at(crowd, "resume", "vote", "--limit", "1000", "--yes")[0] == 0
        before = written(crowd)
        assert len(before) == CROWD
        server.stop("immediate")
        standby.start()
        standby.promote()
        monkeypatch.setenv("MAILER_STORE", standby.url("mailer_store"))
        code, output = at(crowd, "resume", "vote", "--yes")
        assert code == 3
        # by this machine's mark; where there is none, by the server's timeline
        assert f"{len(before) - 50:,} may already have had their mail" in output
        code, output = at(crowd, "restore", "--yes")
        assert code == 0, output
        at(crowd, "resume", "vote", "--yes")
        assert written(crowd) == before
        assert re.search(rf"uncertain\s+{CROWD - 50:,}\b", at(crowd, "status", "vote")[1])
