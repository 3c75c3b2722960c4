"""Signing a petition from a mail: GET shows the statement and one button, POST signs.

Mail is forwarded with its links: the page shows the address masked, and neither name nor ZIP code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse

from mailer.ledger.signature import Signer
from mailer.links import petition_page
from mailer.web.pages import form_reading
from mailer.web.pages.after_signing import thanks_path
from mailer.web.pages.petition_view import status_by_date, view
from mailer.web.pages.unsubscribe import TEST_SEND

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from mailer.campaigns.petition import Petition
    from mailer.web.pages.context import PageContext


async def from_mail(context: PageContext, request: Request) -> Response:
    """GET shows the statement and one button, POST signs.

    A POST without the words of the form, as of a program that tries links, is answered like a GET.
    """
    name = request.path_params["petition"]
    ids = context.read_token("sign", request, name)
    read = context.petitions.get(name)
    if ids is None or read is None:
        return context.invalid_link()
    subscriber_id, send_id = ids
    if send_id == TEST_SEND:
        return context.for_petition(read, send_id).page("test-mail.html")
    form = await form_reading.read(request) if request.method == "POST" else {}
    if form.get("wording") == read.petition.wording:
        return await _sign(context, read.petition, subscriber_id, send_id)
    context = context.for_petition(read, send_id)
    shown = view(context, read)
    reader = context.store.unsubscribes.reader(subscriber_id, send_id)
    if reader is None:
        return context.invalid_link()
    if not reader.email or shown.status != "open":
        return RedirectResponse(shown.url, 303)
    action = context.own_path("sign", request, name)
    changed = "wording" in form
    return context.page(
        "petition-sign.html",
        409 if changed else 200,
        view=shown,
        reader=reader,
        action=action,
        changed=changed,
    )


async def _sign(
    context: PageContext, petition: Petition, subscriber_id: int, send_id: int
) -> Response:
    """Sign, and lead on to the page that thanks: reloading that signs nothing."""
    now, url = context.clock(), petition_page(context.base_url, petition.name)
    if status_by_date(petition, context.settings, now) != "open":
        return RedirectResponse(url, 303)
    signer = Signer(petition.name, petition.wording, subscriber_id=subscriber_id, send_id=send_id)
    signature = await context.group_commit.write(
        lambda store: store.petitions.sign(signer, now=now)
    )
    if signature is None:
        return RedirectResponse(url, 303)
    context.wake_mailer()
    return RedirectResponse(thanks_path(context, signature, "signed", send_id), 303)
