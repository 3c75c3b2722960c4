"""Confirmation links (double opt-in): GET shows the effect, the page's button carries it out.

A page shows the person's current state, so a link that is opened again after another change
does not show outdated information.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.lists.request import RequestKind
from mailer.web.pages import form_reading
from mailer.web.pages.double_opt_in import PURPOSES
from mailer.web.pages.unsubscribe import undo_link

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from mailer.links import Purpose
    from mailer.lists.request import PendingRequest
    from mailer.web.pages.context import PageContext


async def join(context: PageContext, request: Request) -> Response:
    return await _confirm(context, request, RequestKind.JOIN)


async def move(context: PageContext, request: Request) -> Response:
    return await _confirm(context, request, RequestKind.MOVE)


async def leave(context: PageContext, request: Request) -> Response:
    return await _confirm(context, request, RequestKind.LEAVE)


async def settle(context: PageContext, request: Request) -> Response:
    return await _confirm(context, request, RequestKind.SETTLE)


async def restore(context: PageContext, request: Request) -> Response:
    return await _confirm(context, request, RequestKind.RESTORE)


async def _confirm(context: PageContext, request: Request, kind: RequestKind) -> Response:
    pending = _read(context, request, PURPOSES[kind])
    if pending is None or pending.wish.kind is not kind:
        return context.invalid_link()
    context = context.for_wish(pending.wish)
    choice = await form_reading.choice(request)
    if not choice:
        # leaving can be repeated
        if pending.settled and (pending.in_effect or kind is not RequestKind.LEAVE):
            return _done(context, pending)
        action = context.own_path(PURPOSES[kind], request)
        return context.page(f"confirm-{kind}.html", pending=pending, action=action)
    request_id, now = pending.id, context.clock()
    granted = await context.group_commit.write(
        lambda store: store.requests.grant(request_id, keep=choice == "keep", now=now)
    )
    context.wake_mailer()  # a move tells the old address
    return _done(context, granted) if granted else context.invalid_link()


def _read(context: PageContext, request: Request, purpose: Purpose) -> PendingRequest | None:
    request_id = context.read_expiring_token(purpose, request)
    return context.store.requests.get(request_id) if request_id else None


def _done(context: PageContext, pending: PendingRequest) -> Response:
    if pending.settled == "refused":
        return context.page("refused.html")
    undo = undo_link(context, pending.departure_id)
    return context.page(f"confirmed-{pending.wish.kind}.html", pending=pending, undo=undo)


async def never(context: PageContext, request: Request) -> Response:
    """Block confirmation mail requested by strangers, or allow it again."""
    pending = _read(context, request, "never")
    if pending is None:
        return context.invalid_link()
    context = context.for_wish(pending.wish)
    request_id, now = pending.id, context.clock()
    if choice := await form_reading.choice(request):
        await context.group_commit.write(
            lambda store: store.requests.block_mail(request_id, blocked=choice != "allow", now=now)
        )
    return context.page(
        "no-mail.html",
        pending=pending,
        blocked=context.store.requests.is_blocked(request_id),
        action=context.own_path("never", request),
    )
