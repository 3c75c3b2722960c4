"""Confirmation links (double opt-in): GET shows what will happen, POST does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.lists.request import RequestKind
from mailer.web.pages import form_reading
from mailer.web.pages.double_opt_in import PURPOSES

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

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


async def _confirm(context: PageContext, request: Request, kind: RequestKind) -> Response:
    request_id = context.read_expiring_token(PURPOSES[kind], request)
    pending = context.store.requests.get(request_id) if request_id else None
    if request_id is None or pending is None or pending.wish.kind is not kind:
        return context.invalid_link()
    if request.method != "POST":
        if pending.settled:
            return _done(context, pending)
        action = context.own_path(PURPOSES[kind], request)
        return context.page(f"confirm-{kind}.html", pending=pending, action=action)
    keep = (await form_reading.read(request)).get("choice") == "keep"
    now = context.clock()
    granted = await context.group_commit.write(
        lambda store: store.requests.grant(request_id, keep=keep, now=now)
    )
    context.wake_mailer()  # a move tells the old address
    return _done(context, granted) if granted else context.invalid_link()


def _done(context: PageContext, pending: PendingRequest) -> Response:
    if pending.settled == "refused":
        return context.page("refused.html")
    undo = ""
    if pending.wish.kind is RequestKind.LEAVE and pending.departure_id:
        undo = context.link(
            "undo", context.keys.passing("undo", pending.departure_id, context.clock())
        )
    return context.page(f"confirmed-{pending.wish.kind}.html", pending=pending, undo=undo)
