"""Signing up, in two steps: the form asks, a click in the mail confirms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.lists.request import RecipientRequest, RequestKind
from mailer.web.pages import double_opt_in, form_reading, public_forms

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from mailer.web.pages.context import PageContext


async def join(context: PageContext, request: Request) -> Response:
    lists = context.settings.pages.lists
    if not lists:
        return context.page("no-lists.html", 404)
    if request.method != "POST":
        return context.page("join.html", form={}, problems={})
    form = await form_reading.read(request)
    email = public_forms.read_address(form.get("email", ""))
    details = public_forms.read_details(form, context.words)
    problems = dict(details.problems)
    if not email:
        problems["email"] = context.words.text.no_address
    names = [public.name for public in lists]
    chosen = tuple(name for name in names if len(names) == 1 or form.get(f"list-{name}"))
    if not chosen:
        problems["lists"] = context.words.text.choose_list
    if problems:
        return context.page("join.html", 422, form=form, problems=problems)
    if await context.is_rate_limited(request):
        return context.rate_limited()
    wish = RecipientRequest(RequestKind.JOIN, email, lists=chosen, details=details.columns)
    if not await double_opt_in.ask(context, wish):
        return context.busy()
    return context.page("check-your-mail.html", email=email, known_only=False)
