"""Unsubscribe: by the link in a mail, by one click (RFC 8058), or by typing the address."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse

from mailer.lists.request import RecipientRequest, RequestKind
from mailer.web.pages import double_opt_in, form_reading, public_forms

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from mailer.lists.request import Reader
    from mailer.store import Store
    from mailer.web.pages.context import PageContext

LONGEST_VISIT = 40
"""Characters: of what a page puts into its form, to be known again."""
TEST_SEND = 0
"""The send id in the links of test mail: they show what readers will see, and change nothing."""


async def from_mail(context: PageContext, request: Request) -> Response:
    """GET shows the question, POST unsubscribes; the body of a POST may be empty."""
    ids = context.read_token("unsubscribe", request)
    if ids is None:
        return context.invalid_link()
    subscriber_id, send_id = ids
    context = context.for_mail(send_id, subscriber_id)
    if request.method == "POST":
        return await _leave(context, request, subscriber_id, send_id)
    reader = context.store.unsubscribes.reader(subscriber_id, send_id)
    if reader is None:
        return _test_mail(context) if send_id == TEST_SEND else context.invalid_link()
    if not reader.email:
        return context.page("unsubscribed.html", reader=reader, everything=True, undo="")
    action = context.own_path("unsubscribe", request)
    visit = secrets.token_urlsafe(12)
    return context.page("unsubscribe.html", reader=reader, action=action, visit=visit)


async def _leave(
    context: PageContext, request: Request, subscriber_id: int, send_id: int
) -> Response:
    form = await form_reading.read(request)
    one_click = form.get("List-Unsubscribe", "").lower() == "one-click"
    everything = form.get("scope") == "everything"
    # an undo belongs to the visit that left, and one click is no visit
    visit = "" if one_click else form.get("visit", "")[:LONGEST_VISIT]
    if send_id == TEST_SEND:
        return PlainTextResponse("This was a test mail.") if one_click else _test_mail(context)
    now, how = context.clock(), "one-click" if one_click else "form"

    def leave(store: Store) -> int | None:
        """The departure; None for a person who is not known."""
        is_known = store.unsubscribes.reader(subscriber_id, send_id) is not None
        if not (is_known or store.subscribers.get(subscriber_id)):
            return None
        # in mail sent after the backup that was restored, it is not known to which lists it went
        return store.unsubscribes.leave(
            subscriber_id,
            send_id,
            everything=everything or not is_known,
            how=how,
            visit=visit,
            now=now,
        )

    departure = await context.group_commit.write(leave)
    if departure is None:
        return context.invalid_link()
    done = PlainTextResponse("You are unsubscribed.")
    if one_click:
        return done
    reader = context.store.unsubscribes.reader(subscriber_id, send_id)
    if reader is None:
        return done
    undo = undo_link(context, departure)
    return context.page("unsubscribed.html", reader=reader, everything=everything, undo=undo)


def undo_link(context: PageContext, departure: int) -> str:
    """Return the path that undoes a departure, "" when it cannot be undone (any more)."""
    now = context.clock()
    if not departure or not context.store.unsubscribes.can_undo(departure, now=now):
        return ""
    return context.link("undo", context.keys.passing("undo", departure, now))


def _test_mail(context: PageContext) -> Response:
    return context.page("test-mail.html")


async def undo(context: PageContext, request: Request) -> Response:
    departure = context.read_expiring_token("undo", request)
    if departure is None:
        return context.invalid_link()
    now = context.clock()
    if request.method != "POST":
        reader = context.store.unsubscribes.get(departure)
        if reader and context.store.unsubscribes.can_undo(departure, now=now):
            action = context.own_path("undo", request)
            return _for_reader(context, reader).page("undo.html", action=action)
        return _undone(context, reader)
    reader = await context.group_commit.write(
        lambda store: store.unsubscribes.undo(departure, now=now)
    )
    return _undone(context, reader)


def _undone(context: PageContext, reader: Reader | None) -> Response:
    if reader is None:
        return context.invalid_link()
    return _for_reader(context, reader).page("undone.html", reader=reader)


def _for_reader(context: PageContext, reader: Reader) -> PageContext:
    return context.for_mail(reader.send_id, reader.subscriber_id)


async def reason(context: PageContext, request: Request) -> Response:
    departure = context.read_expiring_token("undo", request)
    if departure is None:
        return context.invalid_link()
    text = public_forms.read_reason(await form_reading.read(request))
    reader = context.store.unsubscribes.get(departure)
    if text:
        reader = await context.group_commit.write(
            lambda store: store.unsubscribes.give_reason(departure, text)
        )
    if reader is None:
        return context.invalid_link()
    return _for_reader(context, reader).page("reason-received.html", reader=reader)


async def by_address(context: PageContext, request: Request) -> Response:
    """Mail a link to unsubscribe; the answer is the same whether or not the address is known."""
    if request.method != "POST":
        return context.page("unsubscribe-by-address.html", email="", problem="")
    typed = (await form_reading.read(request)).get("email", "")
    email = public_forms.read_address(typed)
    if not email:
        return context.page(
            "unsubscribe-by-address.html", 422, email=typed, problem=context.words.text.no_address
        )
    if await context.is_rate_limited(request):
        return context.rate_limited()
    if not await double_opt_in.ask(context, RecipientRequest(RequestKind.LEAVE, email)):
        return context.busy()
    return context.page("check-your-mail.html", email=email, known_only=True)
