"""What a run that died left behind, and several runs at once."""

from collections import Counter
from dataclasses import replace

import pytest

from mailer.ledger.delivery import Result, SendState
from mailer.sending.loop import SendProgress
from mailer.store import connect
from tests.support.send_loop import ACCEPTED, START, Way, address, enrol, state
from tests.support.stores import kill

pytestmark = pytest.mark.usefixtures("database_kind")  # on SQLite and on PostgreSQL


class PowerCutError(BaseException):
    pass


@pytest.mark.parametrize("handed_over", [0, 4, 10])
def test_what_a_dead_run_left_is_settled_first_and_nobody_is_doubled(
    make, send, store, way, handed_over
):
    def say(outgoing):
        if outgoing.delivery_id > handed_over:
            raise PowerCutError
        return Result(outgoing.delivery_id, ACCEPTED)

    way.say = say
    with pytest.raises(PowerCutError):
        make().run(send)
    kill(store)
    assert store.sends.counts(send.id).sending == 10
    way.say = Way().say
    survivor = connect(store.database.path, lambda email: [email])
    make(store=survivor).run(send)
    assert Counter(way.got) == Counter(address(n) for n in range(25))
    assert survivor.sends.counts(send.id).accepted == 25
    survivor.close()


def test_what_a_dead_run_left_is_settled_before_anything_is_sent(make, send, store, way):
    store.sends.set_state(send.id, SendState.SENDING, now=START)
    store.deliveries.claim(send.id, 4, now=START)
    kill(store)
    survivor = connect(store.database.path, lambda email: [email])
    way.meanwhile = lambda: in_flight.append(survivor.sends.counts(send.id).sending)
    in_flight = []
    make(store=survivor).run(replace(send, stop_after=1))
    assert in_flight == [1]
    survivor.close()


def test_people_queued_by_another_after_the_end_are_left_to_it(make, send, store, monkeypatch):
    finish = store.sends.set_state

    def finish_then_more(send_id, to, **more):
        changed = finish(send_id, to, **more)
        if to is SendState.FINISHED:
            enrol(store, range(30))
        return changed

    monkeypatch.setattr(store.sends, "set_state", finish_then_more)
    claim, claims = store.deliveries.claim, iter(range(9))

    def claim_a_few_times(send_id, limit, *, now):
        assert next(claims, None) is not None, "it asks for more without end"
        return claim(send_id, limit, now=now)

    monkeypatch.setattr(store.deliveries, "claim", claim_a_few_times)
    assert make().run(send) == SendProgress(accepted=25)
    assert state(store) is SendState.QUEUED


def test_two_runs_at_once_share_the_work(make, send, store, way, path):
    other = connect(path, lambda email: [email])
    second = make(store=other)

    def meanwhile():
        way.meanwhile = lambda: None
        second.run(send)

    way.meanwhile = meanwhile
    assert make().run(send).accepted + second.progress.accepted == 25
    assert Counter(way.got) == Counter(address(n) for n in range(25))
    assert state(store) is SendState.FINISHED
    other.close()
