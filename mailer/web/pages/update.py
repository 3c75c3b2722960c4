"""Update my information, without showing what is stored: the mail may have been forwarded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailer.lists.request import RecipientRequest, RequestKind
from mailer.web.pages import double_opt_in, form_reading, public_forms
from mailer.web.pages.unsubscribe import PROOF

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from mailer.lists.request import Reader
    from mailer.web.pages.context import PageContext
    from mailer.web.pages.public_forms import Details


@dataclass(frozen=True, slots=True)
class _Visit:
    office: PageContext
    request: Request
    reader: Reader
    send_id: int
    form: Mapping[str, str]


async def update(office: PageContext, request: Request) -> Response:
    ids = office.ids("update", request)
    reader = office.store.reader(*ids) if ids else None
    if ids is None or reader is None:
        return office.page("proof.html") if ids and ids[1] == PROOF else office.lost()
    if not reader.email:
        return office.page("left.html", reader=reader, everything=True, undo="")
    if request.method != "POST":
        return _page(_Visit(office, request, reader, ids[1], {}), {})
    return await _read(_Visit(office, request, reader, ids[1], await form_reading.read(request)))


def _page(visit: _Visit, problems: Mapping[str, str]) -> Response:
    office = visit.office
    leave = office.keys.token("unsubscribe", visit.reader.subscriber_id, visit.send_id)
    return office.page(
        "update.html",
        422 if problems else 200,
        reader=visit.reader,
        form=visit.form,
        problems=problems,
        action=office.here("update", visit.request),
        unsubscribe=office.link("unsubscribe", leave),
        lists=office.settings.pages.lists,
    )


async def _read(visit: _Visit) -> Response:
    details = public_forms.read_details(visit.form)
    typed = visit.form.get("email", "").strip()
    email = public_forms.read_address(typed) if typed else ""
    problems = dict(details.problems)
    if typed and not email:
        problems["email"] = double_opt_in.NO_ADDRESS
    return _page(visit, problems) if problems else await _save(visit, details, email)


async def _save(visit: _Visit, details: Details, email: str) -> Response:
    """Leaving a list acts at once; joining one and a new address have to be confirmed by mail."""
    office, reader, send_id = visit.office, visit.reader, visit.send_id
    leave, join = _chosen(visit, "stop"), _chosen(visit, "send")
    if (email or join) and office.is_too_often(visit.request):
        return office.too_often()
    who, now = reader.subscriber_id, office.clock()
    if details.columns:
        await office.writer.write(lambda store: store.update(who, details.columns, now=now))
    if leave:
        await office.writer.write(
            lambda store: store.leave(who, send_id, lists=leave, how="form", now=now)
        )
    if join:
        await double_opt_in.ask(
            office, RecipientRequest(RequestKind.JOIN, reader.email, 0, send_id, lists=join)
        )
    if email:
        await double_opt_in.ask(office, RecipientRequest(RequestKind.MOVE, email, who, send_id))
    return office.page(
        "saved.html", reader=reader, details=details, leave=leave, join=join, email=email
    )


def _chosen(visit: _Visit, what: str) -> tuple[str, ...]:
    """The lists, of those that are offered, with this choice."""
    offered = (one.name for one in visit.office.settings.pages.lists)
    return tuple(name for name in offered if visit.form.get(f"list-{name}") == what)
