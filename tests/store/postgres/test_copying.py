"""Moving a whole store to a server and back, and backups of one on a server."""

from __future__ import annotations

import shutil
import time
from contextlib import closing
from datetime import UTC, datetime

import pytest

from mailer.errors import StoreError
from mailer.ledger.delivery import DeliveryState, Result
from mailer.store import connect, copy_all, put_back
from mailer.store.sql.copying import fingerprint
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
