"""A link of a mail, on its way to where it leads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from mailer.web.pages.context import PageContext


async def follow(office: PageContext, request: Request) -> Response:
    ids = office.ids("click", request)
    url = office.store.destination(ids[0]) if ids else None
    if ids is None or url is None:
        return office.lost()
    if request.method == "GET":  # HEAD is asked by scanners only
        office.clicks.pass_through(ids[0])
    return RedirectResponse(url, 302)
