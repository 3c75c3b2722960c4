"""Moving a whole store to a server and back, and backups of one on a server."""

from __future__ import annotations

import itertools
import re
import shutil
import time
from contextlib import closing, suppress
from datetime import UTC, datetime

import pytest

from mailer.errors import StoreError
from mailer.ledger.delivery import DeliveryState, Result
from mailer.store import connect, copy_all, put_back
from mailer.store.postgres.database import PostgresDatabase
from mailer.store.sql.copying import fingerprint
from mailer.store.sqlite.database import SqliteDatabase
from tests.support.frozen_sends import freeze
from tools.postgres import programs

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def hashes(email):
    return [f"hash of {email}"]


def fill(store):
    send = freeze(store, people=300)
    claims = store.deliveries.claim(send.id, 200, now=NOW)
    results = [Result(claim.delivery_id, DeliveryState.ACCEPTED, "id") for claim in claims]
    store.deliveries.record(results, now=NOW)
    store.clicks.link(send.id, 1, "https://example.org/ä")
    return send


def prints(store):
    database = store.database
    tables = database.tables()
    return {
        table: fingerprint(database, table, columns)
        for table, columns in tables.items()
        if table not in {"ledger", "moved"}
    }


def test_a_store_is_the_same_on_a_server_and_back(tmp_path, address):
    with closing(connect(tmp_path / "mailer.db", hashes)) as old:
        send = fill(old)
        with closing(connect(address, hashes)) as server:
            copied = copy_all(old, server, on_table=lambda *_: None, now=NOW)
            assert copied["deliveries"][0] == 300
            assert prints(server) == prints(old)
            with closing(connect(tmp_path / "back.db", hashes)) as back:
                copy_all(server, back, on_table=lambda *_: None, now=NOW)
                assert prints(back) == prints(old)
                assert len(back.deliveries.claim(send.id, 200, now=NOW)) == 100


class Killed(BaseException):
    """The end of the process that copies."""


def kill(monkeypatch, at, *, afterwards):
    """End the copying process at the given call that begins, fills or ends a transaction.

    Nothing that it does from then on reaches a database.
    """
    calls = itertools.count()
    is_dead = False

    def dying(method, is_step):
        def call(self, *arguments, **keywords):
            nonlocal is_dead
            hit = not is_dead and is_step(arguments) and next(calls) == at
            is_dead = is_dead or (hit and not afterwards)
            if is_dead:
                raise Killed
            result = method(self, *arguments, **keywords)
            is_dead = hit
            if is_dead:
                raise Killed
            return result

        return call

    def is_step(arguments):
        return re.search(r"BEGIN|COMMIT|moved|ledger", str(arguments[0]))

    for name, test in (("execute", is_step), ("load", bool)):
        monkeypatch.setattr(SqliteDatabase, name, dying(getattr(SqliteDatabase, name), test))
    monkeypatch.setattr(PostgresDatabase, "_send", dying(PostgresDatabase._send, is_step))
    monkeypatch.setattr(PostgresDatabase, "load", dying(PostgresDatabase.load, bool))


def is_writable(store):
    with suppress(StoreError), store.database.writing():
        return True
    return False


def places(kind, tmp_path, create):
    """The old store's place, and the new one's: always another."""
    for number in itertools.count():
        folder = tmp_path / str(number)
        if kind == "to a file":
            yield folder / "old.db", folder / "new.db"
        else:
            yield folder / "old.db", create()


def copy_stores(old_place, new_place):
    with closing(connect(old_place, hashes)) as old, closing(connect(new_place, hashes)) as new:
        copy_all(old, new, on_table=lambda *_: None, now=NOW)


def is_killed(old_place, new_place, step, *, afterwards):
    """Copy, and whether it came to the step at which it was to be killed."""
    with closing(connect(old_place, hashes)) as old, closing(connect(new_place, hashes)) as new:
        with pytest.MonkeyPatch.context() as patch:
            kill(patch, step, afterwards=afterwards)
            try:
                copy_all(old, new, on_table=lambda *_: None, now=NOW)
            except Killed:
                return True
        return False


@pytest.mark.parametrize("afterwards", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("kind", ["to a file", pytest.param("to a server", marks=pytest.mark.slow)])
def test_wherever_a_copy_is_cut_off_one_store_can_send_and_it_can_be_repeated(
    tmp_path, postgres_server, kind, afterwards
):
    with closing(connect(tmp_path / "filled.db", hashes)) as filled:
        fill(filled)
        before = prints(filled)
    unfinished = 0
    for step, (old_place, new_place) in enumerate(places(kind, tmp_path, postgres_server.create)):
        old_place.parent.mkdir()
        shutil.copy(tmp_path / "filled.db", old_place)
        if not is_killed(old_place, new_place, step, afterwards=afterwards):
            break
        with closing(connect(old_place, hashes)) as old, closing(connect(new_place, hashes)) as new:
            can_write = is_writable(old), is_writable(new)
            assert can_write != (True, True) or not new.sends.all()
            is_open = can_write == (False, True)
            unfinished += can_write == (False, False)
        if is_open:
            with pytest.raises(StoreError, match="it was copied to"):
                copy_stores(old_place, new_place)
        else:
            copy_stores(old_place, new_place)
        with closing(connect(old_place, hashes)) as old, closing(connect(new_place, hashes)) as new:
            assert (is_writable(old), is_writable(new)) == (False, True)
            assert prints(old) == prints(new) == before
    assert step > 15
    assert unfinished


def test_a_process_that_was_open_before_cannot_write_into_the_old_store(tmp_path, address):
    for old_place, new_place in (
        (tmp_path / "old.db", address),
        (address, tmp_path / "back.db"),
    ):
        with closing(connect(old_place, hashes)) as earlier:
            assert is_writable(earlier)
            if old_place != address:
                fill(earlier)
            copy_stores(old_place, new_place)
            with pytest.raises(StoreError, match="can only be read: it was copied to"):
                earlier.lists.rename("members", "friends")
            with pytest.raises(StoreError, match="can only be read: it was copied to"):
                freeze(earlier)  # imports people first
            assert not earlier.leases.is_attended()


def test_an_unfinished_copy_says_so(tmp_path):
    old_place, new_place = tmp_path / "old.db", tmp_path / "new.db"

    def break_off(table, _):
        if table == "deliveries":
            raise Killed

    with closing(connect(old_place, hashes)) as old, closing(connect(new_place, hashes)) as new:
        fill(old)
        with suppress(Killed):
            copy_all(old, new, on_table=break_off, now=NOW)
        old.lists.rename("members", "friends")
    with (
        closing(connect(new_place, hashes)) as new,
        pytest.raises(StoreError, match=r"new\.db is an unfinished copy of another store"),
    ):
        freeze(new)
    copy_stores(old_place, new_place)
    with closing(connect(new_place, hashes)) as new:
        assert len(list(new.subscribers.audience("friends"))) == 300


def test_a_store_is_not_copied_into_itself(tmp_path):
    with pytest.raises(StoreError, match="is the store itself"):
        copy_stores(tmp_path / "old.db", tmp_path / "old.db")
    with closing(connect(tmp_path / "old.db", hashes)) as old:
        assert is_writable(old)


def test_a_server_waits_for_as_long_as_the_other_store_works(tmp_path, address):
    """It ends transactions that stand still, as of a process that was stopped."""

    def slowly(table, _):
        time.sleep(0.5 if table == "subscribers" else 0)

    with (
        closing(connect(tmp_path / "mailer.db", hashes)) as old,
        closing(connect(address, hashes)) as server,
    ):
        fill(old)
        server.database.execute("SET idle_in_transaction_session_timeout = '200ms'")
        copy_all(old, server, on_table=slowly, now=NOW)
        with closing(connect(tmp_path / "back.db", hashes)) as back:
            copy_all(server, back, on_table=slowly, now=NOW)
            assert prints(back) == prints(old)


def test_the_old_store_can_only_be_read(tmp_path, address):
    with closing(connect(tmp_path / "mailer.db", hashes)) as old:
        fill(old)
        with closing(connect(address, hashes)) as server:
            copy_all(old, server, on_table=lambda *_: None, now=NOW)
    with closing(connect(tmp_path / "mailer.db", hashes)) as old:
        assert len(list(old.subscribers.audience("members"))) == 300
        with pytest.raises(StoreError, match=r"can only be read: it was copied to postgresql://"):
            old.lists.rename("members", "friends")


def test_what_is_copied_gives_out_ids_above_those_that_it_has(tmp_path, address):
    with closing(connect(tmp_path / "mailer.db", hashes)) as old:
        fill(old)
        with closing(connect(address, hashes)) as server:
            copy_all(old, server, on_table=lambda *_: None, now=NOW)
            freeze(server, people=310, campaign="march")
            assert len(list(server.subscribers.audience("members"))) == 310
            assert [i.number for i in server.import_log.imports()] == [1, 2]


def test_a_store_in_use_is_not_copied_over(tmp_path, store, address):
    freeze(store)
    with closing(connect(tmp_path / "mailer.db", hashes)) as old:
        fill(old)
        with pytest.raises(StoreError, match="not empty"):
            copy_all(old, store, on_table=lambda *_: None, now=NOW)
        freeze(old)
    assert len(list(store.subscribers.audience("members"))) == 6
    assert address


def test_a_backup_is_put_back_whole(tmp_path, store, address, monkeypatch):
    if not shutil.which("pg_dump"):
        monkeypatch.setenv("PATH", str(programs()), prepend=":")
    send = fill(store)
    before = prints(store)
    store.database.back_up(tmp_path / "mailer.dump")
    store.deliveries.claim(send.id, 50, now=NOW)
    store.close()
    put_back(address, tmp_path / "mailer.dump", aside="")
    with closing(connect(address, hashes)) as restored:
        assert prints(restored) == before
        settlement = restored.freshness.accept([], now=NOW)
        assert (settlement.campaigns, settlement.uncertain) == (("vote",), 100)
        assert restored.deliveries.claim(send.id, 50, now=NOW) == []
        with closing(connect(tmp_path / "back.db", hashes)) as back:
            copy_all(restored, back, on_table=lambda *_: None, now=NOW)
            assert prints(back) == prints(restored)
