"""The brand, the sender and the language of a send, for the pages and mails that its links lead to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mailer.campaigns.snapshot import Snapshot
from mailer.compiler import language_choice
from mailer.config import ListSettings
from mailer.errors import MailerError
from mailer.mail import web_version

if TYPE_CHECKING:
    from mailer.campaigns.petition import Petition
    from mailer.config import Brand, Settings
    from mailer.ledger.delivery import Send
    from mailer.lists.request import RecipientRequest
    from mailer.store import Store

_SIZE = 500


@dataclass(frozen=True, slots=True)
class SenderProfile:
    """The brand and the sender, by their names in mailer.toml; "" for [brand] and [sender]."""

    brand: str = ""
    sender: str = ""
    language: str | None = ""
    """"" for the brand's; None for each recipient's own."""


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

    def of_petition(self, petition: Petition) -> SenderProfile:
        """The profile of a petition that no mail led to."""
        front = petition.front
        return self._profile(front.brand, front.sender, front.list)

    def language_of(self, send_id: int, subscriber_id: int) -> str:
        """The language of a mail as it was sent; "" for the brand's."""
        language = self.of_send(send_id).language
        if language is not None:
            return language
        stored_message = self._store.web_versions.find(subscriber_id, send_id)
        return web_version.language(stored_message.content) if stored_message else ""

    def brand(self, name: str) -> Brand:
        """The brand with this name, or else [brand]."""
        return self._settings.brands.get(name, self._settings.brand)

    def _read(self, send: Send) -> SenderProfile:
        try:
            snapshot = Snapshot.from_bytes(send.snapshot)
            front, language = snapshot.parsed.front, language_choice.of_everybody(snapshot)
        except MailerError:
            return USUAL
        sender = next(iter(front.senders), front.sender)
        return replace(self._profile(front.brand, sender, send.list_name), language=language)

    def _profile(self, brand: str, sender: str, list_name: str) -> SenderProfile:
        """The brand and the sender that are named, or else those of a list, as far as they are there."""
        of_list = self._settings.lists.get(list_name, ListSettings())
        brand, sender = brand or of_list.brand, sender or of_list.sender
        return SenderProfile(
            brand if brand in self._settings.brands else "",
            sender if sender in self._settings.senders else "",
        )


def subscriber_of(wish: RecipientRequest, store: Store) -> int:
    """The subscriber whose mailbox a request asks; 0 for a stranger."""
    if wish.subscriber_id or not wish.send_id:
        return wish.subscriber_id
    history = store.subscribers.history(wish.email)
    return history.subscriber.id if history and history.subscriber else 0
