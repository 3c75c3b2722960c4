"""Asking for a confirmation by mail: kept now, sent by the postman."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mailer.lists.request import RequestKind

if TYPE_CHECKING:
    from mailer.links import Purpose
    from mailer.lists.request import RecipientRequest
    from mailer.web.pages.context import PageContext

PURPOSES: dict[RequestKind, Purpose] = {
    RequestKind.JOIN: "join",
    RequestKind.MOVE: "move",
    RequestKind.LEAVE: "leave",
    RequestKind.SETTLE: "settle",
}

MOST = 3
"""Mails of one kind to one address, or for one subscriber, in `PERIOD`."""
PERIOD = timedelta(hours=24)

NO_ADDRESS = "Please write an e-mail address, as in ana@example.org."


async def ask(office: PageContext, wish: RecipientRequest) -> None:
    """Nothing is returned: an answer must not tell whether the address is known."""
    now = office.clock()
    await office.writer.write(lambda store: store.ask(wish, most=MOST, since=now - PERIOD, now=now))
    office.wake_postman()
