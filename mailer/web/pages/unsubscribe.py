"""Leaving: from a mail's link, from the mail program's button (RFC 8058), by typing the address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse

from mailer.lists.request import RecipientRequest, RequestKind
from mailer.web.pages import double_opt_in, form_reading, public_forms

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from mailer.lists.request import Reader
    from mailer.web.pages.context import PageContext

PROOF = 0
"""The send of a proof: its links show what readers will see, and change nothing."""


async def from_mail(office: PageContext, request: Request) -> Response:
    """GET asks, POST acts; nothing else in the body of a POST is needed."""
    ids = office.ids("unsubscribe", request)
    if ids is None:
        return office.lost()
    subscriber_id, send_id = ids
    if request.method == "POST":
        return await _leave(office, request, subscriber_id, send_id)
    reader = office.store.reader(subscriber_id, send_id)
    if reader is None:
        return _proof(office) if send_id == PROOF else office.lost()
    if not reader.email:
        return office.page("left.html", reader=reader, everything=True, undo="")
    action = office.here("unsubscribe", request)
    return office.page("unsubscribe.html", reader=reader, action=action)


async def _leave(
    office: PageContext, request: Request, subscriber_id: int, send_id: int
) -> Response:
    form = await form_reading.read(request)
    one_click = form.get("List-Unsubscribe", "").lower() == "one-click"
    everything = form.get("scope") == "everything"
    if send_id == PROOF:
        return PlainTextResponse("This was a proof.") if one_click else _proof(office)
    now, how = office.clock(), "one-click" if one_click else "form"
    departure = await office.writer.write(
        lambda store: store.leave(subscriber_id, send_id, everything=everything, how=how, now=now)
    )
    if one_click:
        return PlainTextResponse("You are unsubscribed.")
    reader = office.store.reader(subscriber_id, send_id)
    return office.lost() if reader is None else left(office, reader, departure, everything)


def left(office: PageContext, reader: Reader, departure: int, everything: bool) -> Response:
    token = office.keys.passing("undo", departure, office.clock()) if departure else ""
    undo = office.link("undo", token) if token else ""
    return office.page("left.html", reader=reader, everything=everything, undo=undo)


def _proof(office: PageContext) -> Response:
    return office.page("proof.html")


async def undo(office: PageContext, request: Request) -> Response:
    departure = office.passing_id("undo", request)
    if departure is None:
        return office.lost()
    if request.method != "POST":
        reader = office.store.departed(departure)
        return office.page("undo.html", reader=reader, action=office.here("undo", request))
    now = office.clock()
    reader = await office.writer.write(lambda store: store.undo(departure, now=now))
    return office.page("back.html", reader=reader) if reader else office.lost()


async def reason(office: PageContext, request: Request) -> Response:
    departure = office.passing_id("undo", request)
    if departure is None:
        return office.lost()
    given = public_forms.read_reason(await form_reading.read(request))
    reader = office.store.departed(departure)
    if given:
        reader = await office.writer.write(lambda store: store.give_reason(departure, given))
    return office.page("thanks.html", reader=reader) if reader else office.lost()


async def by_address(office: PageContext, request: Request) -> Response:
    """The same answer whether or not anybody has the address."""
    if request.method != "POST":
        return office.page("leave.html", email="", problem="")
    typed = (await form_reading.read(request)).get("email", "")
    email = public_forms.read_address(typed)
    if not email:
        return office.page("leave.html", 422, email=typed, problem=double_opt_in.NO_ADDRESS)
    if office.is_too_often(request):
        return office.too_often()
    await double_opt_in.ask(office, RecipientRequest(RequestKind.LEAVE, email))
    return office.page("mailed.html", email=email, known_only=True)
