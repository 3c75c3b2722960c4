"""Update my information, without showing stored data: the mail may have been forwarded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailer.lists.request import RecipientRequest, RequestKind
from mailer.web.pages import double_opt_in, form_reading, public_forms
from mailer.web.pages.unsubscribe import TEST_SEND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from mailer.lists.request import Reader
    from mailer.web.pages.context import PageContext
    from mailer.web.pages.public_forms import Details


@dataclass(frozen=True, slots=True)
class _Visit:
    context: PageContext
    request: Request
    reader: Reader
    send_id: int
    form: Mapping[str, str]


async def update(context: PageContext, request: Request) -> Response:
    ids = context.read_token("update", request)
    reader = context.store.unsubscribes.reader(*ids) if ids else None
    if ids is None or reader is None:
        return (
            context.page("test-mail.html")
            if ids and ids[1] == TEST_SEND
            else context.invalid_link()
        )
    context = context.for_mail(ids[1], ids[0])
    if not reader.email:
        return context.page("unsubscribed.html", reader=reader, everything=True, undo="")
    if context.store.requests.is_closed(*ids):
        return context.page(
            "closed-link.html", 410, reader=reader, unsubscribe=_unsubscribe(context, *ids)
        )
    if request.method != "POST":
        return _page(_Visit(context, request, reader, ids[1], {}), {})
    return await _read(_Visit(context, request, reader, ids[1], await form_reading.read(request)))


def _page(visit: _Visit, problems: Mapping[str, str]) -> Response:
    context = visit.context
    return context.page(
        "update.html",
        422 if problems else 200,
        reader=visit.reader,
        form=visit.form,
        problems=problems,
        action=context.own_path("update", visit.request),
        unsubscribe=_unsubscribe(context, visit.reader.subscriber_id, visit.send_id),
    )


def _unsubscribe(context: PageContext, subscriber_id: int, send_id: int) -> str:
    token = context.keys.token("unsubscribe", subscriber_id, send_id)
    return context.link("unsubscribe", token)


async def _read(visit: _Visit) -> Response:
    details = public_forms.read_details(visit.form, visit.context.words)
    typed = visit.form.get("email", "").strip()
    email = public_forms.read_address(typed) if typed else ""
    problems = dict(details.problems)
    if typed and not email:
        problems["email"] = visit.context.words.text.no_address
    return _page(visit, problems) if problems else await _save(visit, details, email)


async def _save(visit: _Visit, details: Details, email: str) -> Response:
    """Save the form: leaving a list acts at once; joining one or a new address needs a confirmation."""
    context, reader, send_id = visit.context, visit.reader, visit.send_id
    leave, join = _chosen(visit, "stop"), _chosen(visit, "send")
    if (email or join) and await context.is_rate_limited(visit.request):
        return context.rate_limited()
    subscriber_id, now = reader.subscriber_id, context.clock()
    wishes = []
    if join:
        wishes.append(RecipientRequest(RequestKind.JOIN, reader.email, 0, send_id, lists=join))
    if email:
        wishes.append(RecipientRequest(RequestKind.MOVE, email, subscriber_id, send_id))
    for wish in wishes:
        if not await double_opt_in.ask(context, wish):
            return context.busy()
    if details.columns:
        await context.group_commit.write(
            lambda store: store.requests.change_details(reader, send_id, details.columns, now=now)
        )
        context.wake_mailer()
    if leave:
        await context.group_commit.write(
            lambda store: store.unsubscribes.leave(
                subscriber_id, send_id, lists=leave, how="form", now=now
            )
        )
    return context.page(
        "saved.html", reader=reader, details=details, leave=leave, join=join, email=email
    )


def _chosen(visit: _Visit, choice: str) -> tuple[str, ...]:
    """Return the public lists for which this option was chosen."""
    names = (public.name for public in visit.context.settings.pages.lists)
    return tuple(name for name in names if visit.form.get(f"list-{name}") == choice)
