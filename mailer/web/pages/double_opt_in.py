"""Double opt-in: a request is stored now, and takes effect when its mail is confirmed."""

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


async def ask(context: PageContext, wish: RecipientRequest) -> None:
    """Store a request. Returns nothing: a page must not tell whether the address is known."""
    now = context.clock()
    await context.group_commit.write(
        lambda store: store.requests.add(wish, most=MOST, since=now - PERIOD, now=now)
    )
    context.wake_mailer()
