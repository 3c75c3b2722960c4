"""Queues the mail about a request, in the transaction of what it is about."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mailer.lists import address
from mailer.store.sql.ids import next_id
from mailer.store.sql.rows import iso

if TYPE_CHECKING:
    from datetime import datetime

    from mailer.lists.request import RecipientRequest
    from mailer.store.sql.database import SqlDatabase


def queue(database: SqlDatabase, request: RecipientRequest, now: datetime) -> None:
    """Keep a request, and that a mail about it has to go out."""
    database.execute(
        _ADD,
        {
            "id": next_id(database, "requests"),
            "kind": request.kind,
            "email": request.email,
            "subscriber": request.subscriber_id,
            "send": request.send_id,
            "move": request.move_id,
            "lists": json.dumps(request.lists),
            "details": json.dumps(dict(request.details)),
            "mailbox": address.mailbox(request.email),
            "domain": request.email.rpartition("@")[2],
            "at": iso(now),
        },
    )


_ADD = """
INSERT INTO requests
    (id, kind, email, mailbox, domain, subscriber_id, send_id, move_id, lists, details, asked)
VALUES
    (:id, :kind, :email, :mailbox, :domain, :subscriber, :send, :move, :lists, :details, :at)"""
