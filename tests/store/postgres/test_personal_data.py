"""What a dump of the server still holds of a person who was erased."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime

from mailer.events.ses import read
from mailer.ledger.delivery import DeliveryState, Result, SendState, StoredMessage
from mailer.ledger.signature import Signer
from mailer.lists.import_row import ImportRow
from mailer.lists.membership import SuppressionReason
from mailer.lists.request import RecipientRequest, RequestKind, RequestLimits
from tools.postgres import programs

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ANA = "ana.planted@example.org"
CONTENT = {"query": "", "snapshot": b"", "digest": "d", "transport": "ses"}


def dump(address):
    command = [programs() / "pg_dump", "--data-only", "--inserts", f"--dbname={address}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.lower()


def complaint(delivery):
    """As SES writes it."""
    at = NOW.isoformat()
    tags = {"campaign": ["the_vote"], "delivery": [str(delivery)]}
    mail = {"timestamp": at, "messageId": "id-1", "destination": [ANA], "tags": tags}
    about = {"timestamp": at, "feedbackId": "f1", "complainedRecipients": [{"emailAddress": ANA}]}
    return json.dumps({"eventType": "Complaint", "mail": mail, "complaint": about})


def plant(store):
    """A person who was imported, mailed, wrote, signed, complained and left."""
    row = ImportRow(1, ANA, "Anaplanted", fields={"note": "Fieldplanted"}, tags=("Tagplanted",))
    store.imports.import_rows("members", [row], source="test", now=NOW)
    store.imports.import_rows("allies", [row], source="test", now=NOW)
    ana = store.subscribers.history(ANA).subscriber.id
    send, _ = store.sends.freeze("the_vote", "members", [ana], **CONTENT, now=NOW)
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    (claim,) = store.deliveries.claim(send.id, 1, now=NOW)
    kept = StoredMessage("digest", b"content", '["Valueplanted"]')
    accepted = Result(claim.delivery_id, DeliveryState.ACCEPTED, "id-1", kept=kept)
    store.deliveries.record([accepted], now=NOW)
    departure = store.unsubscribes.leave(ana, send.id, how="page", now=NOW)
    store.unsubscribes.give_reason(departure, "Reasonplanted")
    store.events.ingest(read(complaint(claim.delivery_id)), patience=3, now=NOW)
    signer = Signer("bus", "w1", subscriber_id=ana, send_id=send.id)
    signature = store.petitions.sign(signer, now=NOW)
    comment = {"comment": "Commentplanted", "comment_public": "yes"}
    store.petitions.complete(signature.id, comment, now=NOW)
    wish = RecipientRequest(RequestKind.MOVE, ANA, ana, details={"first_name": "Wishplanted"})
    store.requests.add(wish, limits=RequestLimits(3, 9, 9), now=NOW)
    manual = SuppressionReason.MANUAL
    store.suppressions.suppress(ANA, manual, detail="Detailplanted", now=NOW)


def test_a_dump_holds_nothing_of_a_person_who_was_erased(store, address):
    plant(store)
    before = dump(address)
    for word in ("ana.", "ana", "field", "tag", "value", "comment", "wish", "reason", "detail"):
        assert f"{word}planted" in before, word
    assert store.subscribers.erase(ANA, now=NOW)
    assert store.subscribers.finish_erasing()
    mark = f"'hmac:hash of {ANA}'"  # by which an import recognizes the address; here the hash is readable
    after = dump(address)
    assert mark in after
    assert [line for line in after.replace(mark, "").splitlines() if "planted" in line] == []
