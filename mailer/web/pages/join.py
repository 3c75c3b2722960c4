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
    campaign = request.path_params.get("campaign", "")
    offered_lists = context.offered_lists(campaign)
    if not offered_lists:
        return context.page("no-lists.html", 404)
    shown = {"offered": offered_lists, "campaign": campaign}
    if request.method != "POST":
        return context.page("join.html", form={}, problems={}, **shown)
    form = await form_reading.read(request)
    email = public_forms.read_address(form.get("email", ""))
    details = public_forms.read_details(form)
    problems = dict(details.problems)
    if not email:
        problems["email"] = double_opt_in.NO_ADDRESS
    chosen = tuple(
        one.name for one in offered_lists if len(offered_lists) == 1 or form.get(f"list-{one.name}")
    )
    if not chosen:
        problems["lists"] = "Please choose at least one."
    if problems:
        return context.page("join.html", 422, form=form, problems=problems, **shown)
    if context.is_rate_limited(request):
        return context.rate_limited()
    await double_opt_in.ask(
        context, RecipientRequest(RequestKind.JOIN, email, lists=chosen, details=details.columns)
    )
    return context.page("check-your-mail.html", email=email, known_only=False)
