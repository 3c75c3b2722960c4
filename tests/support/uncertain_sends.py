"""A send with uncertain deliveries, and the SES events that settle them."""

from __future__ import annotations

import json

from mailer.ledger.delivery import DeliveryState, Result, SendState
from tools.projects.project import NOW, address

UNCERTAIN = DeliveryState.UNCERTAIN


def make_send(store, state=SendState.FINISHED):
    ids = [subscriber.id for subscriber in store.subscribers.audience("members")]
    content = {"query": "", "snapshot": b"", "digest": "d", "transport": "ses"}
    send, _ = store.sends.freeze("vote", "members", ids, **content, now=NOW)
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    claims = store.deliveries.claim(send.id, 6, now=NOW)
    states = [DeliveryState.ACCEPTED, *[UNCERTAIN] * 3, DeliveryState.FAILED]
    states.append(DeliveryState.ACCEPTED if state is SendState.FINISHED else DeliveryState.PENDING)
    results = [
        Result(claim.delivery_id, state, detail="no answer" if state is UNCERTAIN else "")
        for claim, state in zip(claims, states, strict=True)
    ]
    store.deliveries.record(results, now=NOW)
    store.sends.set_state(send.id, state, now=NOW)
    return send


def event(delivery, kind="Delivery", campaign="vote"):
    tags = {"campaign": [campaign], "delivery": [str(delivery)]}
    mail = {"messageId": f"id-{delivery}", "tags": tags, "destination": [address(delivery - 1)]}
    return {"eventType": kind, "mail": mail}


def write(path, *events):
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    return str(path)
