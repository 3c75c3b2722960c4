"""The send loop pauses a send that too many mails bounce from."""

import json

import pytest

from mailer.errors import SendStopped
from mailer.events.ses import read
from mailer.ledger.delivery import SendState
from tests.support.send_loop import START, address, enrol, state

pytestmark = pytest.mark.usefixtures("database_kind")  # on SQLite and on PostgreSQL


def bounces(store, deliveries):
    """Take in that the first of each ten bounced, and the rest were delivered."""
    for number in deliveries:
        kind = "Bounce" if number % 10 == 1 else "Delivery"
        mail = {
            "messageId": f"id-{number}",
            "destination": [address(number - 1)],
            "tags": {"campaign": ["vote"], "delivery": [str(number)]},
        }
        event = {"eventType": kind, "mail": mail, "bounce": {"bounceType": "Permanent"}}
        store.events.ingest(read(json.dumps(event)), patience=3, now=START)


def test_a_send_pauses_itself_when_too_many_bounce(make, store, send, way, elsewhere):
    enrol(store, range(25, 100))
    bounces(store, range(1, 41))
    way.meanwhile = lambda: bounces(elsewhere, [51]) if len(way.got) == 20 else None
    with pytest.raises(SendStopped) as stopped:
        make(rate=1.0).run(send)
    assert "5 of 41 mails bounced: 12 %, and more than 5 % stops a send" in str(stopped.value)
    assert "mailer resume vote --anyway" in stopped.value.hint
    assert 20 < len(way.got) <= 30
    assert store.sends.find("vote", "members").note.startswith("5 of 41 mails bounced")
    assert state(store) is SendState.PAUSED
    assert store.sends.counts(send.id).balanced
    again = len(way.got)
    with pytest.raises(SendStopped):
        make(rate=1.0).run(send)
    assert len(way.got) == again


def test_it_goes_on_when_a_person_has_said_so(make, store, send):
    bounces(store, [*range(1, 20), 21, 31, 41, 51])
    enrol(store, range(25, 60))
    store.events.stop_watching(send.id)
    make(rate=1.0).run(send)
    assert store.sends.counts(send.id).accepted == 60
