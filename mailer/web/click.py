"""A link of a mail, on its way to where it leads: counted, without a trace of who clicked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.background import BackgroundTask
from starlette.responses import RedirectResponse

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from mailer.web.office import Office


async def follow(office: Office, request: Request) -> Response:
    ids = office.ids("click", request)
    url = office.store.destination(ids[0]) if ids else None
    if ids is None or url is None:
        return office.lost()
    link_id = ids[0]
    # counted after the answer: nobody waits for it; HEAD is asked by scanners only
    count = BackgroundTask(office.writer.write, lambda store: store.clicked(link_id))
    return RedirectResponse(url, 302, background=count if request.method == "GET" else None)
