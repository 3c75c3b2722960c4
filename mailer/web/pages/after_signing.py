"""What follows a signature: confirming it, thanks, further details, and withdrawing it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from starlette.responses import RedirectResponse

from mailer.ledger.signature import SignatureState
from mailer.lists.request import RecipientRequest, RequestKind
from mailer.web.pages import double_opt_in, form_reading, petition, public_forms
from mailer.web.pages.petition_view import view

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from mailer.compiler.page_words import Words
    from mailer.ledger.signature import Signature
    from mailer.links import Purpose
    from mailer.web.pages.context import PageContext
    from mailer.web.pages.petition_library import ReadPetition

HOW = "page after signing, to be confirmed by mail"
_HEX = re.compile("[0-9a-f]{1,13}")


def thanks(
    context: PageContext,
    read: ReadPetition,
    signature: Signature,
    purpose: Purpose,
    send_id: int,
    **shown: Any,
) -> Response:
    """Thank for a signature: the count, ways to share, what is missing, what comes next.

    Args:
        context: of the page, with the brand of the mail that led there.
        read: the petition.
        signature: as it is now.
        purpose: "signed", or "confirmed" where the mailbox has led here.
        send_id: the send whose mail led here.
        shown: `form` and `problems` of what was typed; `mailed`, the names of details to be confirmed by mail.
    """
    usual: dict[str, Any] = {"form": {}, "problems": {}, "mailed": ()}
    ask = [name for name in _missing(read, signature) if name not in shown.get("mailed", ())]
    return context.page(
        "petition-signed.html",
        422 if shown.get("problems") else 200,
        view=view(context, read),
        signature=signature,
        ask=ask,
        consent=_consent(context, read, signature),
        action=thanks_path(context, signature, purpose, send_id),
        **usual | shown,
    )


def thanks_path(context: PageContext, signature: Signature, purpose: Purpose, send_id: int) -> str:
    """The path of the page that thanks. It names the mail that led there, if it is another than the first one."""
    path = context.link(purpose, context.keys.passing(purpose, signature.id, context.clock()))
    return path if send_id == signature.send_id else f"{path}?mail={send_id:x}"


def _send_id(request: Request, signature: Signature) -> int:
    """The send whose mail led here; it chooses the brand, and no more."""
    mail = request.query_params.get("mail", "")
    return int(mail, 16) if _HEX.fullmatch(mail) else signature.send_id


def _missing(read: ReadPetition, signature: Signature) -> list[str]:
    """The fields that are asked for after signing."""
    ask = ("zip", "comment")
    asked = ["first_name", "last_name", *(name for name in ask if name in read.petition.front.ask)]
    return [name for name in asked if not getattr(signature, name)]


def _consent(context: PageContext, read: ReadPetition, signature: Signature) -> str:
    """The words of the choice to join, where it is still to be made."""
    front = read.petition.front
    if not front.consent or signature.consent or not signature.email:
        return ""
    joined = context.store.subscribers.is_subscribed(front.list, signature.email)
    return "" if joined else front.consent


async def signed(context: PageContext, request: Request) -> Response:
    """The page after signing from a mail; POST adds what was missing."""
    return await _complete(context, request, "signed")


async def confirmed(context: PageContext, request: Request) -> Response:
    """The page after confirming a signature; POST adds what was missing."""
    return await _complete(context, request, "confirmed")


async def _complete(context: PageContext, request: Request, purpose: Purpose) -> Response:
    signature_id = context.read_expiring_token(purpose, request)
    signature = context.store.petitions.get(signature_id) if signature_id else None
    read = context.petitions.get(signature.petition) if signature else None
    if signature is None or read is None or not signature.email:
        return context.invalid_link()
    send_id = _send_id(request, signature)
    context = context.for_petition(read, send_id)
    if request.method != "POST" or signature.status is not SignatureState.SIGNED:
        return thanks(context, read, signature, purpose, send_id)
    form = await form_reading.read(request)
    changes, problems = _read(form, _missing(read, signature), context.words)
    if problems:
        return thanks(context, read, signature, purpose, send_id, form=form, problems=problems)
    requests: list[RecipientRequest] = []
    mailed: tuple[str, ...] = ()
    if purpose == "signed" and changes:
        requests.append(_addition(signature, changes))
        mailed, changes = tuple(changes), {}
    consent = _consent(context, read, signature)
    if consent and form.get("consent") == "yes":
        lists = (read.petition.front.list,)
        requests.append(RecipientRequest(RequestKind.JOIN, signature.email, lists=lists))
        changes |= {
            "consent": consent,
            "consent_version": read.petition.consent_version,
            "consent_how": HOW,
            "consented": context.clock().isoformat(timespec="seconds"),
        }
    if requests and await context.is_rate_limited(request):
        return context.rate_limited()
    for wish in requests:
        if not await double_opt_in.ask(context, wish):
            return context.busy()
    now, found_id = context.clock(), signature.id
    completed = await context.group_commit.write(
        lambda store: store.petitions.complete(found_id, changes, now=now)
    )
    if completed is None:
        return context.invalid_link()
    return thanks(context, read, completed, purpose, send_id, mailed=mailed)


def _addition(signature: Signature, details: Mapping[str, str]) -> RecipientRequest:
    """The request to add details to a signature: its mailbox has to confirm them.

    A mail is forwarded with its links, and a friend would sign with another name, or speak in the name, of
    the person who got it.
    """
    details = {**details, "petition": signature.petition, "signature": f"{signature.id:x}"}
    return RecipientRequest(
        RequestKind.SIGN, signature.email, send_id=signature.send_id, details=details
    )


def _read(
    form: Mapping[str, str], missing: Sequence[str], words: Words
) -> tuple[dict[str, str], dict[str, str]]:
    """What was missing and is in the form, and problems by field."""
    details = public_forms.read_details(form, words)
    changes = {name: value for name, value in details.columns.items() if name in missing}
    if "zip" in changes:
        changes |= {name: details.columns[name] for name in ("city", "state")}
    problems = {name: text for name, text in details.problems.items() if name in missing}
    comment = petition.read_comment(form) if "comment" in missing else ""
    if problem := petition.comment_problem(comment, words):
        problems["comment"] = problem
    elif comment:
        changes |= {"comment": comment, "comment_public": form.get("comment_public", "")}
    return changes, problems


async def confirm(context: PageContext, request: Request) -> Response:
    """GET shows what is signed, the button signs for a stranger whose mailbox this is."""
    request_id = context.read_expiring_token("confirm-signature", request)
    pending = context.store.requests.get(request_id) if request_id else None
    if pending is None or pending.wish.kind is not RequestKind.SIGN:
        return context.invalid_link()
    wish, found_id = pending.wish, pending.id
    read = context.petitions.get(wish.details["petition"])
    if read is None:
        return context.invalid_link()
    context = context.for_petition(read, wish.send_id)
    shown, adds_details = view(context, read), "signature" in wish.details
    can_confirm = shown.status == "open" or adds_details
    if can_confirm and not pending.settled and not adds_details and not shown.is_read(wish.details):
        return petition.page(context, shown, {}, {}, changed=True)
    is_confirmed = bool(await form_reading.choice(request))
    if not is_confirmed and not pending.settled and can_confirm:
        action = context.own_path("confirm-signature", request)
        return context.page(
            "petition-confirm.html",
            view=shown,
            wish=wish,
            adds_details=adds_details,
            action=action,
        )
    if is_confirmed and can_confirm:
        now = context.clock()
        pending = await context.group_commit.write(
            lambda store: store.requests.grant(found_id, now=now)
        )
        context.wake_mailer()
    signature = context.store.petitions.find(read.petition.name, email=wish.email)
    if pending is None or pending.settled == "refused":
        return context.page("refused.html")
    if signature is None or signature.status is SignatureState.PENDING:
        return RedirectResponse(shown.url, 303)
    return thanks(context, read, signature, "confirmed", signature.send_id)


async def withdraw(context: PageContext, request: Request) -> Response:
    """GET asks, the button takes a name off the petition, also after its file is gone."""
    signature_id = context.read_expiring_token("withdraw", request)
    signature = context.store.petitions.get(signature_id) if signature_id else None
    read = context.petitions.get(signature.petition) if signature else None
    if signature is None:
        return context.invalid_link()
    if await form_reading.choice(request):
        now, found_id = context.clock(), signature.id
        signature = await context.group_commit.write(
            lambda store: store.petitions.withdraw(found_id, now=now)
        )
    send_id = signature.send_id if signature else 0
    context = context.for_petition(read, send_id) if read else context.for_mail(send_id, 0)
    return context.page(
        "petition-withdraw.html",
        view=view(context, read) if read else None,
        signature=signature,
        action=context.own_path("withdraw", request),
    )
