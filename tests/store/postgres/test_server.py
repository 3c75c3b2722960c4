"""What is different on a server: connections that are lost, senders on other machines, the server's clock."""

from __future__ import annotations

import os
import threading
import time
from contextlib import closing

import psycopg
import pytest
from sqlite_utils import Migrations

from mailer.errors import (
    ClaimLostError,
    ConfigError,
    StaleLedger,
    StoreError,
    StoreUnreachableError,
)
from mailer.ledger.delivery import DeliveryState, Result, SendState
from mailer.store import connect
from mailer.store.postgres import PostgresDatabase, errors, health
from mailer.store.postgres.leases import PostgresLeases
from mailer.store.sqlite import schema
from tests.support.frozen_sends import NOW, freeze

ACCEPTED, UNCERTAIN, PENDING = (
    DeliveryState.ACCEPTED,
    DeliveryState.UNCERTAIN,
    DeliveryState.PENDING,
)


def end_connections(address, names="%"):
    """As the server does in a restart, or a network that is cut. They have ended when this returns."""
    with closing(psycopg.connect(address, autocommit=True)) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND application_name LIKE %s",
            (names,),
        )


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (lambda url: url.replace(url.rpartition("/")[2], "nowhere"), "no such database or user"),
        (lambda url: url.replace("mailer@", "nobody@"), "no such database or user"),
        (lambda url: url.replace("127.0.0.1", "host.invalid"), "no host of that name"),
        (lambda _: "postgresql://mailer:hush@127.0.0.1:1/mailer", "nothing listens there"),
    ],
)
def test_a_server_that_cannot_be_opened_is_told_in_plain_words(address, changed, message):
    with pytest.raises(StoreError, match=message) as error:
        connect(changed(address), lambda _: [])
    assert "hush" not in str(error.value)
    assert error.value.hint


@pytest.mark.parametrize(
    "url", ["postgresql://mailer:hush@host:port/x", "postgresql://a:hush@[::1"]
)
def test_an_address_that_cannot_be_read_is_not_shown(url):
    with pytest.raises((ConfigError, StoreError)) as error:
        connect(url, lambda _: [])
    assert "hush" not in str(error.value) + (error.value.hint or "")
    assert "hush" not in health.examine(url).problem


@pytest.mark.parametrize("state", ["is starting up", "is not yet accepting connections"])
def test_a_server_that_starts_up_is_waited_for(state):
    refusal = psycopg.OperationalError(f"FATAL:  the database system {state}")
    error = errors.unreachable(refusal, "postgresql://db.example.org/mailer")
    assert isinstance(error, StoreUnreachableError)
    assert "it is starting up" in error.message


def test_a_read_or_a_step_begins_on_a_new_connection_when_the_old_one_is_lost(store, address):
    store.database.execute("INSERT INTO lists (name) VALUES ('members')")
    end_connections(address)
    assert [summary.name for summary in store.subscribers.lists()] == ["members"]
    end_connections(address)
    with store.database.writing():
        store.database.execute("INSERT INTO lists (name) VALUES ('board')")
    end_connections(address)
    with store.database.reading():
        assert store.database.value("SELECT count(*) FROM lists") == 2


def test_a_connection_that_is_lost_undoes_the_step_and_is_opened_again(store, address):
    def write():
        with store.database.writing():
            store.database.execute("INSERT INTO lists (name) VALUES ('members')")
            end_connections(address)
            store.database.execute("INSERT INTO lists (name) VALUES ('board')")

    with pytest.raises(
        StoreUnreachableError, match="nothing of this step was kept: the connection was"
    ):
        write()
    assert store.subscribers.lists() == []
    store.database.execute("INSERT INTO lists (name) VALUES ('board')")
    assert [summary.name for summary in store.subscribers.lists()] == ["board"]


def test_text_that_the_server_cannot_hold_is_kept_without_it(store):
    store.database.execute("INSERT INTO lists (name) VALUES (:name)", {"name": "a\0b"})
    assert store.database.value("SELECT name FROM lists") == "a\ufffdb"


# ---------------------------------------------------------------- schema


def test_every_text_is_compared_by_its_bytes_and_every_number_is_large(store):
    columns = store.database.rows(
        "SELECT table_name, column_name, data_type, collation_name FROM information_schema.columns "
        "WHERE table_schema = 'public'"
    )
    types = {kind for _, _, kind, _ in columns}
    assert types == {"text", "bigint", "bytea", "double precision"}
    assert {c for table, _, kind, c in columns if kind == "text"} == {"C"}


def test_an_older_database_is_brought_up_to_date_and_a_newer_one_refused(
    store, address, monkeypatch
):
    store.close()
    later = Migrations("mailer")
    for step in schema.steps():
        later._migrations.append(step)

    @later()
    def something_new(db):
        db.execute("CREATE TABLE novelties (id INTEGER PRIMARY KEY, name TEXT, share REAL)")

    monkeypatch.setattr(schema, "migrations", later)
    schema.step_names.cache_clear()
    with closing(psycopg.connect(address, autocommit=True)) as connection:
        connection.execute("DROP FUNCTION begin_writing")  # of an older database
    announced = []
    with closing(connect(address, lambda _: [], announced.append)) as updated:
        freeze(updated)
    assert len(announced) == 1
    connect(address, lambda _: [], announced.append).close()
    assert len(announced) == 1
    monkeypatch.undo()
    schema.step_names.cache_clear()
    with pytest.raises(StoreError, match="written by a newer version of mailer"):
        connect(address, lambda _: [])
    assert health.examine(address).newer == ("something_new",)


def test_a_store_is_opened_and_read_while_another_machine_writes(store, open_stores):
    with store.database.writing():
        other = open_stores()
        other.database.execute("SET lock_timeout = 100")
        assert other.subscribers.lists() == []


# ---------------------------------------------------------------- senders on many machines


def test_a_sender_is_alive_as_long_as_its_connection(store, other, address):
    send = freeze(store)
    held = store.deliveries.claim(send.id, 3, now=NOW)
    assert other.deliveries.abandoned(send.id) == []
    end_connections(address, "mailer ________ %")
    assert [claim.delivery_id for claim in other.deliveries.abandoned(send.id)] == [
        claim.delivery_id for claim in held
    ]


def test_a_sender_that_was_cut_off_takes_its_lease_again(store, other, address):
    send = freeze(store)
    store.deliveries.claim(send.id, 2, now=NOW)
    end_connections(address)
    assert len(store.deliveries.claim(send.id, 1, now=NOW)) == 1
    assert other.deliveries.abandoned(send.id) == []


def test_a_sender_that_was_only_cut_off_settles_its_own_from_the_answers_it_holds(
    store, other, address
):
    send = freeze(store)
    held = store.deliveries.claim(send.id, 3, now=NOW)
    end_connections(address)
    taken = other.deliveries.abandoned(send.id)
    other.deliveries.record([Result(claim.delivery_id, UNCERTAIN) for claim in taken], now=NOW)
    answers = [ACCEPTED, DeliveryState.FAILED, PENDING]
    results = [Result(c.delivery_id, s, "id") for c, s in zip(held, answers, strict=True)]
    store.deliveries.record(results, now=NOW)
    counts = store.sends.counts(send.id)
    assert (counts.accepted, counts.failed, counts.pending, counts.uncertain) == (1, 1, 4, 0)


def test_answers_do_not_settle_what_a_person_has_settled_otherwise(store, other, address):
    send = freeze(store)
    (held,) = store.deliveries.claim(send.id, 1, now=NOW)
    end_connections(address)
    other.deliveries.abandoned(send.id)
    other.deliveries.record([Result(held.delivery_id, UNCERTAIN)], now=NOW)
    other.deliveries.resolve(send.id, [Result(held.delivery_id, PENDING)], now=NOW)
    (again,) = other.deliveries.claim(send.id, 1, now=NOW)
    assert again.delivery_id == held.delivery_id
    with pytest.raises(ClaimLostError):
        store.deliveries.record([Result(held.delivery_id, ACCEPTED, "id")], now=NOW)


def test_outcomes_can_be_recorded_again_when_the_answer_of_the_server_was_lost(store, other):
    send = freeze(store)
    held = store.deliveries.claim(send.id, 4, now=NOW)
    states = [ACCEPTED, DeliveryState.FAILED, UNCERTAIN, PENDING]
    results = [Result(c.delivery_id, s, "id") for c, s in zip(held, states, strict=True)]
    store.deliveries.record(results, now=NOW)
    # of what came back unsent, others may have begun already
    assert len(other.deliveries.claim(send.id, 6, now=NOW)) == 3
    store.deliveries.record(results, now=NOW)
    counts = store.sends.counts(send.id)
    assert (counts.accepted, counts.failed, counts.uncertain, counts.sending) == (1, 1, 1, 3)


def test_what_is_settled_after_a_take_over_can_be_settled_again(store, other, address):
    send = freeze(store)
    held = store.deliveries.claim(send.id, 2, now=NOW)
    end_connections(address)
    taken = other.deliveries.abandoned(send.id)
    unknown = [Result(claim.delivery_id, UNCERTAIN) for claim in taken]
    other.deliveries.record(unknown, now=NOW)
    store.deliveries.record([Result(held[0].delivery_id, ACCEPTED, "id")], now=NOW)
    other.deliveries.record(unknown, now=NOW)
    counts = store.sends.counts(send.id)
    assert (counts.accepted, counts.uncertain) == (1, 1)


@pytest.mark.parametrize("lost_again", [False, True])
def test_a_lease_is_held_again_after_its_connection_was_lost_while_it_was_taken(
    store, other, address, monkeypatch, lost_again
):
    send = freeze(store)
    store.deliveries.claim(send.id, 1, now=NOW)
    end_connections(address, "mailer ________ %")
    take = PostgresLeases._take

    def lose(leases, connection, kind):
        connection.close()
        take(leases, connection, kind)

    monkeypatch.setattr(PostgresLeases, "_take", lose)
    for _ in range(1 + lost_again):
        with pytest.raises(StoreUnreachableError):
            store.deliveries.claim(send.id, 1, now=NOW)
    monkeypatch.undo()
    assert len(store.deliveries.claim(send.id, 1, now=NOW)) == 1
    assert other.deliveries.abandoned(send.id) == []


def test_of_two_sends_that_reach_a_person_at_once_one_waits(store, open_stores):
    vote = freeze(store, people=40, campaign="vote", quiet_hours=24)
    march = freeze(store, people=40, campaign="march", quiet_hours=24)
    claimed = {}

    def claim(send):
        mine = open_stores()
        claims = claimed.setdefault(send.campaign, [])
        while batch := mine.deliveries.claim(send.id, 3, now=NOW):
            claims += [c.subscriber.id for c in batch]
            mine.deliveries.record([Result(c.delivery_id, ACCEPTED) for c in batch], now=NOW)

    threads = [threading.Thread(target=claim, args=(send,)) for send in (vote, march)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everybody = claimed["vote"] + claimed["march"]
    assert len(everybody) == len(set(everybody)) == 40


def test_the_clock_of_the_rate_is_the_servers(store):
    assert abs(store.database.now(lambda: 0.0) - time.time()) < 5


def test_a_process_that_stands_still_in_a_transaction_does_not_stop_the_others(store, other):
    store.database.execute("SET idle_in_transaction_session_timeout = 200")

    def stand_still():
        with store.database.writing():
            store.database.execute("INSERT INTO lists (name) VALUES ('early')")
            with other.database.writing():
                pass
            store.database.execute("INSERT INTO lists (name) VALUES ('late')")

    with pytest.raises(StoreUnreachableError, match="connection was lost"):
        stand_still()
    assert other.subscribers.lists() == []


# ---------------------------------------------------------------- one ledger


def test_a_ledger_that_has_gone_back_is_refused(store, open_stores, address, postgres_server):
    send = freeze(store)
    url = postgres_server.url
    store.close()
    earlier = f"copy_of_{address.rpartition('/')[2]}"
    postgres_server.create(earlier, address.rpartition("/")[2])
    now = open_stores()
    assert len(now.deliveries.claim(send.id, 4, now=NOW)) == 4
    now.close()
    name = address.rpartition("/")[2]
    postgres_server.admin(f"DROP DATABASE {name} WITH (FORCE)")
    postgres_server.create(name, earlier)
    restored = open_stores(url(name))
    with pytest.raises(StaleLedger, match="4 may already have had their mail"):
        restored.deliveries.claim(send.id, 4, now=NOW)
    assert restored.sends.counts(send.id).pending == 6


def test_a_copy_in_another_database_is_refused(store, open_stores, address, postgres_server):
    send = freeze(store)
    store.close()
    twin = open_stores(postgres_server.create(f"twin{os.getpid()}", address.rpartition("/")[2]))
    with pytest.raises(StaleLedger, match="is a copy: if the original still sends"):
        twin.sends.set_state(send.id, SendState.SENDING, now=NOW)


def test_a_server_that_took_over_is_refused_until_it_is_accepted(store):
    send = freeze(store)
    instance = store.database.value("SELECT machine FROM ledger")
    system, database, timeline = instance.split("/")
    before = f"{system}/{database}/{int(timeline) - 1}"
    store.database.execute("UPDATE ledger SET machine = :machine", {"machine": before})
    with pytest.raises(StaleLedger, match=r"another server has taken over.*6 are pending"):
        store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    settlement = store.freshness.accept([], now=NOW)
    assert settlement.uncertain == 6
    store.freshness.check()


# ---------------------------------------------------------------- doctor


def test_the_doctor_reads_what_the_server_says_of_itself(store, address):
    freeze(store)
    examined = health.examine(address)
    assert (examined.problem, examined.sends, examined.older) == ("", 1, False)
    server = examined.server
    assert (server.pooled, server.standby, server.synchronous_standbys) == (False, False, "")
    assert server.synchronous_commit == "on"
    assert not server.fsync  # of the tests' server
    assert abs(server.skew) < 2


def test_an_empty_database_has_nothing_to_examine(address):
    assert health.examine(address).empty


def test_the_first_key_is_the_one_of_all_machines(store, other):
    assert store.shared_key.agrees(["first"])
    assert not other.shared_key.agrees(["another"])
    assert other.shared_key.agrees(["rotated", "first"])
    assert not store.shared_key.agrees(["first"])


def test_a_database_that_is_named_wrongly_has_a_database_object(address):
    database = PostgresDatabase(address)
    assert database.name.startswith("postgresql://127.0.0.1:")
    assert "mailer@" not in database.name
    database.close()
