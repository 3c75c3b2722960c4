"""Whose mail led to a page: the brand and the sender of a send, which its pages and mails show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailer.campaigns.snapshot import Snapshot
from mailer.config import ListSettings
from mailer.errors import MailerError

if TYPE_CHECKING:
    from mailer.config import Brand, Settings
    from mailer.ledger.delivery import Send
    from mailer.store import Store

_SIZE = 500


@dataclass(frozen=True, slots=True)
class SenderProfile:
    """The brand and the sender of a send, by their names in mailer.toml; "" for [brand] and [sender]."""

    brand: str = ""
    sender: str = ""


USUAL = SenderProfile()


class SenderProfiles:
    """Cache of the sender profiles of sends: a send never changes its own.

    Args:
        settings: of the project.
        store: for reading.
    """

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._sender_profiles: dict[int, SenderProfile] = {}

    def of_send(self, send_id: int) -> SenderProfile:
        """The profile of a send; the usual one of a test mail, or where mailer.toml has it no more."""
        if send_id not in self._sender_profiles:
            if len(self._sender_profiles) >= _SIZE:
                self._sender_profiles.clear()
            send = self._store.sends.get(send_id) if send_id else None
            self._sender_profiles[send_id] = self._read(send) if send else USUAL
        return self._sender_profiles[send_id]

    def brand(self, name: str) -> Brand:
        """The brand with this name, or else [brand]."""
        return self._settings.brands.get(name, self._settings.brand)

    def _read(self, send: Send) -> SenderProfile:
        try:
            front = Snapshot.from_bytes(send.snapshot).parsed.front
        except MailerError:
            return USUAL
        of_list = self._settings.lists.get(send.list_name, ListSettings())
        brand = front.brand or of_list.brand
        sender = next(iter(front.senders), front.sender or of_list.sender)
        return SenderProfile(
            brand if brand in self._settings.brands else "",
            sender if sender in self._settings.senders else "",
        )
