"""Web version ("view in browser"): the mail as sent to its reader, and the public one to share."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.responses import HTMLResponse

from mailer.links import Links
from mailer.mail import web_version
from mailer.web.pages.unsubscribe import TEST_SEND

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


_COUNT = re.compile(r"""(<strong\b[^>]*\bid="?signed-([a-z0-9-]+)"?[^>]*>)([\d.,]+)<""")
"""The count of a petition, as components.mjml marks it."""


async def personal(context: PageContext, request: Request) -> Response:
    ids = context.read_token("view", request)
    if ids is None:
        return context.invalid_link()
    subscriber_id, send_id = ids
    if send_id == TEST_SEND:
        return context.page("test-mail.html")
    reader = context.store.unsubscribes.reader(subscriber_id, send_id)
    stored_message = context.store.web_versions.find(subscriber_id, send_id)
    if reader is None:
        return context.invalid_link()
    if stored_message is None:
        context = context.for_mail(send_id, subscriber_id)
        is_public = bool(await context.public_versions.get(reader.campaign))
        return context.page("no-copy.html", 404, campaign=reader.campaign, is_public=is_public)
    links = Links(context.base_url, context.keys, reader.campaign, send_id, subscriber_id)
    return _mail(_with_live_counts(context, web_version.render(stored_message, links)))


def _mail(version: WebVersion) -> Response:
    """Show the mail as it was sent, except for one role: here it is the main content of a page."""
    page = version.html.replace('role="article"', 'role="main"', 1)
    return HTMLResponse(page, headers={"content-security-policy": MAIL_POLICY})


def _with_live_counts(context: PageContext, version: WebVersion) -> WebVersion:
    """The mail with the counts of its petitions as they are now."""

    def live(match: re.Match[str]) -> str:
        separator = next((sign for sign in match[3] if not sign.isdigit()), ",")
        signed = f"{context.store.petitions.counts(match[2]).signed:,}".replace(",", separator)
        return f"{match[1]}{signed}<"

    return replace(version, html=_COUNT.sub(live, version.html))


async def public(context: PageContext, request: Request) -> Response:
    version = await context.public_versions.get(request.path_params["campaign"])
    if version is None:
        return context.invalid_link()
    return _mail(_with_live_counts(context, version))


async def forward(context: PageContext, request: Request) -> Response:
    """Offer a prepared mail in the reader's own mail program; nothing is sent from here."""
    campaign = request.path_params["campaign"]
    version = await context.public_versions.get(campaign)
    if version is None:  # the same for a campaign that is not public as for one that does not exist
        return context.page("forward.html", 404, url="")
    send = context.store.sends.published(campaign)
    context = context.for_mail(send.id if send else 0, 0)
    url = f"{context.base_url}/c/{campaign}"
    text = f"{context.words.text.worth_reading}\n\n{version.subject}\n{url}\n"
    mailto = f"mailto:?subject={quote(version.subject)}&body={quote(text.replace(chr(10), chr(13) + chr(10)))}"
    return context.page(
        "forward.html", subject=version.subject, campaign=campaign, url=url, mailto=mailto
    )
