"""Workers whose store is on a server: side by side, and when it does not answer."""

import threading
from contextlib import closing
from datetime import UTC, datetime
from itertools import chain
from types import SimpleNamespace

import pytest

from mailer.errors import ClaimLostError, StoreUnreachableError, TransportError
from mailer.ledger.delivery import DeliveryState, Result, SendState
from mailer.lists.import_row import ImportRow
from mailer.sending.worker import Worker
from mailer.stop import StopSignal
from tests.support.postgres import address, open_stores

__all__ = ["address", "open_stores"]

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


class Stop:
    """Requested after a number of looks; `at_end` is called then."""

    def __init__(self, looks, at_end=lambda: None):
        self.looks = looks
        self._at_end = at_end

    @property
    def requested(self):
        return self.looks < 1

    def wait(self, seconds):
        del seconds
        self.looks -= 1
        if self.requested:
            self._at_end()


def make_worker(open_store, log, *, stop, store="postgresql://server/mailer"):
    def note(_, message):
        log.append(message)

    return Worker(
        SimpleNamespace(store=store),
        None,
        open_store=open_store,
        clock=lambda: NOW,
        stop=stop,
        log=note,
    )


def fail_always(error):
    def fail(*_, **__):
        raise error

    return fail


AWAY = StoreUnreachableError("the connection was lost")


class Schedule:
    """Sends that are due; each is taken up as often as it is named."""

    def __init__(self, due):
        self._due = due

    def tests_to_decide(self, *, now):
        del now
        return []

    def take_up(self, *, now, join):
        del now, join
        return self._due.pop(0) if self._due else None


def make_store(due, **parts):
    leases = SimpleNamespace(attend=lambda: None)
    return SimpleNamespace(schedule=Schedule(due), leases=leases, close=lambda: None, **parts)


# ---------------------------------------------------------------- side by side


class Sending:
    """Stands for a send's service: claims half of the people, and records them once both senders have some."""

    def __init__(self, people, both):
        self.claimed = []
        self._half = people // 2
        self._both = both

    def __call__(self, _project, store, _keys, **_):
        return SimpleNamespace(take_over=lambda send, _: self.take_over(store, send))

    def take_over(self, store, send):
        claims = store.deliveries.claim(send.id, self._half, now=NOW)
        self.claimed.append([claim.subscriber.email for claim in claims])
        self._both.wait()
        results = [Result(c.delivery_id, DeliveryState.ACCEPTED, "id") for c in claims]
        store.deliveries.record(results, now=NOW)
        store.sends.set_state(send.id, SendState.FINISHED, now=NOW)


def order(store, people):
    rows = [ImportRow(n, f"person{n}@example.org") for n in range(people)]
    store.imports.import_rows("members", rows, source="test", now=NOW)
    content = {"query": "", "snapshot": b"", "digest": "", "transport": "fake"}
    ids = list(store.subscribers.ids("members"))
    send, _ = store.sends.freeze("vote", "members", ids, **content, now=NOW)
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    # of a process that is gone
    store.leases.leave()
    return send


def test_workers_of_several_machines_send_one_campaign_side_by_side(open_stores, monkeypatch):
    first = open_stores()
    send = order(first, 6)
    sending = Sending(6, threading.Barrier(2, timeout=30))
    monkeypatch.setattr("mailer.sending.worker.SendService", sending)
    log = []
    workers = [make_worker(open_stores, log, stop=StopSignal()) for _ in range(2)]
    threads = [threading.Thread(target=worker.serve, kwargs={"once": True}) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for worker in workers:
        worker.close()
    assert [len(emails) for emails in sending.claimed] == [3, 3], log
    assert len(set(chain(*sending.claimed))) == 6
    assert first.sends.counts(send.id).accepted == 6
    assert first.sends.get(send.id).state is SendState.FINISHED


@pytest.mark.parametrize(("is_shared", "senders"), [(True, 2), (False, 1)])
def test_a_worker_joins_others_on_a_store_that_machines_share_and_only_once(
    open_stores, monkeypatch, tmp_path, *, is_shared, senders
):
    first = open_stores()
    send = order(first, 6)
    first.sends.set_state(send.id, SendState.SENDING, now=NOW)  # it sends, too
    served = []
    ended = threading.Event()

    def serve(_, store, send):
        served.append(send.id)
        ended.wait(30)
        store.close()

    monkeypatch.setattr(Worker, "_serve", serve)
    place = "postgresql://server/mailer" if is_shared else tmp_path / "mailer.db"
    worker = make_worker(open_stores, [], stop=Stop(3, ended.set), store=place)
    with closing(worker):
        worker.serve(once=False)
    assert served == [send.id] * (senders - 1)


# ---------------------------------------------------------------- a server that does not answer


def test_each_send_has_a_store_of_its_own_when_another_cannot_be_opened_at_once(monkeypatch):
    due = [SimpleNamespace(id=1), SimpleNamespace(id=2)]
    served, log, attempts = [], [], []

    def open_store():
        attempts.append(None)
        if len(attempts) == 3:
            raise StoreUnreachableError("nothing listens there")
        return make_store(due)

    monkeypatch.setattr(Worker, "_serve", lambda _, store, send: served.append((store, send.id)))
    make_worker(open_store, log, stop=Stop(3)).serve(once=False)
    assert [send_id for _, send_id in served] == [1, 2]
    assert served[0][0] is not served[1][0]
    assert [line.partition(":")[0] for line in log] == [
        "ready",
        "waits for the store",
        "goes on",
        "stopped",
    ]


def test_a_send_that_fails_at_once_waits_for_the_next_look(monkeypatch):
    served = []
    monkeypatch.setattr(Worker, "_serve", lambda _, __, send: served.append(send.id))
    due = [SimpleNamespace(id=1)] * 100
    make_worker(lambda: make_store(due), [], stop=Stop(3)).serve(once=False)
    assert len(served) == 6


@pytest.mark.parametrize(
    "error",
    [
        AWAY,
        ClaimLostError("2 deliveries were no longer this process's to record"),
        TransportError("refused, and the pause cannot be recorded"),
    ],
)
def test_a_worker_that_is_cut_off_leaves_the_send_to_be_taken_up_again(monkeypatch, error):
    log = []
    send = SimpleNamespace(id=1, campaign="vote", list_name="members", shown_lists="members")
    sends = SimpleNamespace(
        counts=lambda _: SimpleNamespace(pending=3),
        set_state=fail_always(AWAY),
        find=fail_always(AWAY),
    )
    service = SimpleNamespace(take_over=fail_always(error))
    monkeypatch.setattr("mailer.sending.worker.SendService", lambda *_, **__: service)
    due = [send]
    make_worker(lambda: make_store(due, sends=sends), log, stop=Stop(1)).serve(once=False)
    assert [line.partition(":")[0] for line in log] == [
        "ready",
        "started, 3 pending",
        "left where it is, and taken up again later",
        "stopped",
    ]
