"""Signing a petition from a mail: GET shows the statement and one button, POST signs.

Mail is forwarded with its links: the page shows the address masked, and neither name nor ZIP code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse

from mailer.ledger.signature import Signer
from mailer.web.pages import form_reading
from mailer.web.pages.after_signing import thanks
from mailer.web.pages.petition_view import view
from mailer.web.pages.unsubscribe import TEST_SEND

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from mailer.web.pages.context import PageContext
    from mailer.web.pages.petition_library import ReadPetition
    from mailer.web.pages.petition_view import PetitionView


async def from_mail(context: PageContext, request: Request) -> Response:
    """GET shows the statement and one button, POST signs."""
    name = request.path_params["petition"]
    ids = context.read_token("sign", request, name)
    read = context.petitions.get(name)
    if ids is None or read is None:
        return context.invalid_link()
    subscriber_id, send_id = ids
    context = context.for_petition(read, send_id)
    if send_id == TEST_SEND:
        return context.page("test-mail.html")
    form = await form_reading.read(request) if request.method == "POST" else {}
    shown = view(context, read)
    if request.method == "POST" and shown.is_read(form):
        return await _sign(context, read, shown, subscriber_id, send_id)
    reader = context.store.unsubscribes.reader(subscriber_id, send_id)
    if reader is None:
        return context.invalid_link()
    if not reader.email or shown.status != "open":
        return RedirectResponse(shown.url, 303)
    action = context.own_path("sign", request, name)
    changed = not shown.is_read(form)
    return context.page(
        "petition-sign.html",
        409 if changed else 200,
        view=shown,
        reader=reader,
        action=action,
        changed=changed,
    )


async def _sign(
    context: PageContext, read: ReadPetition, shown: PetitionView, subscriber_id: int, send_id: int
) -> Response:
    signer = Signer(
        read.petition.name, read.petition.wording, subscriber_id=subscriber_id, send_id=send_id
    )
    if shown.status != "open":
        return RedirectResponse(shown.url, 303)
    now = context.clock()
    signature = await context.group_commit.write(
        lambda store: store.petitions.sign(signer, now=now)
    )
    context.wake_mailer()
    return thanks(context, read, signature) if signature else RedirectResponse(shown.url, 303)
