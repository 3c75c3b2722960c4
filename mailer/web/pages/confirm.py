"""Links in the mails that the pages themselves send: GET shows what will happen, POST does it."""

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


async def join(office: PageContext, request: Request) -> Response:
    return await _confirm(office, request, RequestKind.JOIN)


async def move(office: PageContext, request: Request) -> Response:
    return await _confirm(office, request, RequestKind.MOVE)


async def leave(office: PageContext, request: Request) -> Response:
    return await _confirm(office, request, RequestKind.LEAVE)


async def settle(office: PageContext, request: Request) -> Response:
    return await _confirm(office, request, RequestKind.SETTLE)


async def _confirm(office: PageContext, request: Request, kind: RequestKind) -> Response:
    asked_id = office.passing_id(PURPOSES[kind], request)
    asked = office.store.asked(asked_id) if asked_id else None
    if asked_id is None or asked is None or asked.wish.kind is not kind:
        return office.lost()
    if request.method != "POST":
        if asked.settled:
            return _done(office, asked)
        action = office.here(PURPOSES[kind], request)
        return office.page(f"confirm-{kind}.html", asked=asked, action=action)
    keep = (await form_reading.read(request)).get("choice") == "keep"
    now = office.clock()
    granted = await office.writer.write(lambda store: store.grant(asked_id, keep=keep, now=now))
    office.wake_postman()  # a move tells the old address
    return _done(office, granted) if granted else office.lost()


def _done(office: PageContext, asked: PendingRequest) -> Response:
    if asked.settled == "refused":
        return office.page("refused.html")
    undo = ""
    if asked.wish.kind is RequestKind.LEAVE and asked.departure_id:
        undo = office.link("undo", office.keys.passing("undo", asked.departure_id, office.clock()))
    return office.page(f"confirmed-{asked.wish.kind}.html", asked=asked, undo=undo)
