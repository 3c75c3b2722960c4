"""Mail that was kept to be shown again, whichever version of the schema kept it."""

from __future__ import annotations

from mailer.ledger.delivery import StoredMessage
from mailer.store import connect
from tests.support.ledger import NOW, enrol, hashes, outcome, start

STEP = "shared_values_of_web_versions"


def test_mail_that_was_kept_before_values_were_shared_is_found_and_more_is_kept(
    tmp_path, request, store
):
    enrol(store, range(4))
    send = start(store)
    (first,) = store.deliveries.claim(send.id, 1, now=NOW)
    kept = StoredMessage("digest", b"content", '["Ana",null]')
    store.deliveries.record(outcome([first], kept=kept), now=NOW)
    steps = "schema_steps" if "postgres" in request.node.name else "_sqlite_migrations"
    with store.database.writing():
        store.database.execute("DROP TABLE shared_values")
        store.database.execute(f"DELETE FROM {steps} WHERE name = '{STEP}'")
    store.close()
    store = connect(tmp_path / "lists" / "mailer.db", hashes)
    email = first.subscriber.email
    assert store.web_versions.find(first.subscriber.id, send.id) == kept._replace(email=email)
    shared = {"d1": '["the office"]'}
    more = StoredMessage("digest 2", b"content", '["Bo",{"is":"d1"}]', shared)
    (third,) = store.deliveries.claim(send.id, 1, now=NOW)
    store.deliveries.record(outcome([third], kept=more), now=NOW)
    assert store.web_versions.find(third.subscriber.id, send.id).shared == shared
    store.close()
