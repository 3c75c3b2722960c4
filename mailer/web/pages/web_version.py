"""The mail in a browser: as it was sent to its reader, and the version for anybody to share."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.responses import HTMLResponse

from mailer.links import Links
from mailer.mail import web_version
from mailer.web.pages.unsubscribe import PROOF

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from mailer.mail.web_version import WebVersion
    from mailer.web.pages.context import PageContext

# Mail carries its looks in style attributes, which a policy can allow only all together. Scripts,
# forms, frames and everything but pictures stay forbidden.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src https: http: data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


async def personal(office: PageContext, request: Request) -> Response:
    ids = office.ids("view", request)
    if ids is None:
        return office.lost()
    subscriber_id, send_id = ids
    if send_id == PROOF:
        return office.page("proof.html")
    reader = office.store.reader(subscriber_id, send_id)
    kept = office.store.kept(subscriber_id, send_id)
    if reader is None:
        return office.lost()
    if kept is None:
        return office.page("no-copy.html", 404, campaign=reader.campaign)
    links = Links(office.base_url, office.keys, reader.campaign, send_id, subscriber_id)
    return _mail(web_version.render(kept, links))


def _mail(shown: WebVersion) -> Response:
    """As it was sent, but for one word: in a mail program it is an article, here it is the page."""
    page = shown.html.replace('role="article"', 'role="main"', 1)
    return HTMLResponse(page, headers={"content-security-policy": MAIL_POLICY})


async def public(office: PageContext, request: Request) -> Response:
    shown = await office.gallery.show(request.path_params["campaign"])
    return _mail(shown) if shown else office.lost()


async def forward(office: PageContext, request: Request) -> Response:
    """A ready-made mail in the reader's own mail program; nothing is sent from here."""
    campaign = request.path_params["campaign"]
    shown = await office.gallery.show(campaign)
    if shown is None:
        return office.lost()
    url = f"{office.base_url}/c/{campaign}"
    words = f"I thought you might want to read this:\n\n{shown.subject}\n{url}\n"
    mailto = f"mailto:?subject={quote(shown.subject)}&body={quote(words.replace(chr(10), chr(13) + chr(10)))}"
    return office.page(
        "forward.html", campaign=campaign, subject=shown.subject, url=url, mailto=mailto
    )
