"""The public page of a petition: anybody can read it, and sign with a confirmation by mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.lists.request import RecipientRequest, RequestKind
from mailer.web.pages import double_opt_in, form_reading, free_text, public_forms
from mailer.web.pages.petition_view import view

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from mailer.campaigns.petition import Petition
    from mailer.compiler.page_words import Words
    from mailer.web.pages.context import PageContext
    from mailer.web.pages.petition_view import PetitionView

LONGEST_COMMENT = 500
HOW = "petition page, confirmed by mail"
COMMENTS = 5
"""Comments on the page."""


async def show(context: PageContext, request: Request) -> Response:
    read = context.petitions.get(request.path_params["petition"])
    if read is None:
        return context.invalid_link()
    context, shown = context.for_petition(read), view(context, read)
    if request.method != "POST" or shown.status != "open":
        return page(context, shown, {}, {})
    form = await form_reading.read(request)
    if not shown.is_read(form):
        return page(context, shown, form, {}, changed=True)
    email = public_forms.read_address(form.get("email", ""))
    details = public_forms.read_details(form, context.words)
    problems = _problems(read.petition, form, details, context.words) | (
        {} if email else {"email": context.words.text.no_address}
    )
    if problems:
        return page(context, shown, form, problems)
    if await context.is_rate_limited(request):
        return context.rate_limited()
    wish = _wish(read.petition, email, form, details.columns)
    if not await double_opt_in.ask(context, wish):
        return context.busy()
    return context.page("petition-mailed.html", view=shown, email=email)


def page(
    context: PageContext,
    shown: PetitionView,
    form: Mapping[str, str],
    problems: Mapping[str, str],
    *,
    changed: bool = False,
) -> Response:
    """Show the public page.

    Args:
        context: of the page.
        shown: the petition at this moment.
        form: what was typed.
        problems: with it, by field.
        changed: whether other words were signed than those that stand there now.
    """
    response = context.page(
        "petition.html",
        409 if changed else 422 if problems else 200,
        view=shown,
        comments=context.store.petitions.comments(shown.petition.name, COMMENTS),
        form=form,
        problems=problems,
        changed=changed,
    )
    response.headers["x-robots-tag"] = "all"
    return response


def _problems(
    petition: Petition, form: Mapping[str, str], details: public_forms.Details, words: Words
) -> dict[str, str]:
    problems = dict(details.problems)
    text = words.text
    required = {"first_name": text.first_name_missing, "last_name": text.last_name_missing}
    required |= {"zip": text.zip_missing} if "zip" in petition.front.ask else {}
    for name, problem in required.items():
        if name not in details.columns and name not in problems:
            problems[name] = problem
    comment = read_comment(form)
    if problem := comment_problem(comment, words):
        problems["comment"] = problem
    return problems


def read_comment(form: Mapping[str, str]) -> str:
    return free_text.visible(public_forms.read_line(form.get("comment", "")))


def comment_problem(comment: str, words: Words) -> str:
    """Why a comment cannot be taken; "" when it can."""
    if len(comment) > LONGEST_COMMENT:
        return str(words.text.too_long(LONGEST_COMMENT))
    if free_text.has_link(comment):
        return str(words.text.no_links)
    return ""


def _wish(
    petition: Petition, email: str, form: Mapping[str, str], columns: Mapping[str, str]
) -> RecipientRequest:
    front = petition.front
    comment = read_comment(form) if "comment" in front.ask else ""
    joins = bool(front.consent and form.get("consent") == "yes")
    details = {**columns, "petition": petition.name, "wording": petition.wording}
    if comment:
        details |= {"comment": comment, "comment_public": form.get("comment_public", "")}
    if joins:
        details |= {
            "consent": front.consent,
            "consent_version": petition.consent_version,
            "consent_how": HOW,
        }
    lists = (front.list,) if joins else ()
    return RecipientRequest(RequestKind.SIGN, email, lists=lists, details=details)
