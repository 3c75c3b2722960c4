"""Web versions: mail as it was sent, kept to be shown in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mailer.ledger.delivery import StoredMessage


class WebVersions(Protocol):
    def find(self, subscriber_id: int, send_id: int) -> StoredMessage | None: ...
