"""Asking for a confirmation by mail: kept now, sent by the postman."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mailer.store.recipients import Kind

if TYPE_CHECKING:
    from mailer.links import Purpose
    from mailer.store.recipients import Wish
    from mailer.web.pages.context import Office

PURPOSES: dict[Kind, Purpose] = {
    Kind.JOIN: "join",
    Kind.MOVE: "move",
    Kind.LEAVE: "leave",
    Kind.SETTLE: "settle",
}

MOST = 3
"""Mails of one kind to one address, or for one subscriber, in `PERIOD`."""
PERIOD = timedelta(hours=24)

NO_ADDRESS = "Please write an e-mail address, as in ana@example.org."


async def ask(office: Office, wish: Wish) -> None:
    """Nothing is returned: an answer must not tell whether the address is known."""
    now = office.clock()
    await office.writer.write(lambda store: store.ask(wish, most=MOST, since=now - PERIOD, now=now))
    office.wake_postman()
