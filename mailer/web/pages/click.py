"""Click tracking: counts the click and redirects to the link's destination."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from mailer.web.pages.context import PageContext


async def follow(context: PageContext, request: Request) -> Response:
    ids = context.read_token("click", request)
    url = context.store.clicks.destination(ids[0]) if ids else None
    if ids is None or url is None:
        return context.invalid_link()
    if request.method == "GET":  # HEAD comes from scanners only
        context.clicks.count(ids[0])
    return RedirectResponse(url, 302)
