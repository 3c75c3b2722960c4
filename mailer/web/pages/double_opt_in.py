"""Double opt-in: a request is stored now, and takes effect when its mail is confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.lists.request import RequestKind, RequestLimits

if TYPE_CHECKING:
    from mailer.links import Purpose
    from mailer.lists.request import RecipientRequest
    from mailer.web.pages.context import PageContext

PURPOSES: dict[RequestKind, Purpose] = {
    RequestKind.JOIN: "join",
    RequestKind.MOVE: "move",
    RequestKind.LEAVE: "leave",
    RequestKind.SETTLE: "settle",
    RequestKind.RESTORE: "restore",
    RequestKind.SIGN: "confirm-signature",
    RequestKind.RECEIPT: "withdraw",
}

PER_MAILBOX = 3


async def ask(context: PageContext, request: RecipientRequest) -> bool:
    """Store a request; return False when too many recent requests prevent further mail.

    Takes the same time, and returns the same, whether or not the address is known: only the thread that
    sends the mail looks it up.
    """
    pages, now = context.settings.pages, context.clock()
    limits = RequestLimits(
        PER_MAILBOX, pages.confirmations_per_domain, pages.confirmations_per_hour
    )
    is_kept = await context.group_commit.write(
        lambda store: store.requests.add(request, limits=limits, now=now)
    )
    context.wake_mailer()
    return is_kept
