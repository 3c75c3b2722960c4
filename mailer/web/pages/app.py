"""The recipients' pages as one ASGI application, with its routes."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from mailer.web.pages import (
    after_signing,
    click,
    confirm,
    join,
    petition,
    sign,
    unsubscribe,
    update,
    web_version,
)
from mailer.web.pages.confirmation_mailer import ConfirmationMailer
from mailer.web.pages.confirmation_mails import ConfirmationMails
from mailer.web.pages.context import PageContext
from mailer.web.pages.group_commit import GroupCommit
from mailer.web.pages.petition_library import PetitionLibrary
from mailer.web.pages.pictures import show as show_picture
from mailer.web.pages.security_middleware import SecurityMiddleware
from mailer.web.pages.sender_profiles import SenderProfiles

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime
    from pathlib import Path

    from starlette.requests import Request

    from mailer.compiler.page_words import PageWords
    from mailer.config import Settings
    from mailer.links import Keys
    from mailer.store import Store
    from mailer.transports.base import Transport

    Page = Callable[[PageContext, Request], Awaitable[Response]]


def make_app(
    settings: Settings,
    *,
    keys: Keys,
    open_store: Callable[[], Store],
    open_transport: Callable[[], Transport],
    clock: Callable[[], datetime],
    delay: Callable[[], float],
    pictures: Path,
    petitions: Path,
    page_words: PageWords,
) -> Starlette:
    """Build the application; its threads run for as long as it is served.

    Args:
        settings: of the project.
        keys: that sign the links.
        open_store: called three times: for reading, for writing, for the mail that goes out.
        open_transport: opens the transport for confirmation mail.
        clock: aware UTC time.
        delay: returns the seconds, at random, until the mail for a request is looked at.
        pictures: the folder of published pictures.
        petitions: the folder of petition files.
        page_words: of every language.
    """
    reading, writing, mailing = open_store(), open_store(), open_store()
    group_commit = GroupCommit(writing)
    confirmation_mailer = ConfirmationMailer(
        ConfirmationMails(
            settings,
            keys,
            petitions=PetitionLibrary(petitions, page_words, settings.brand.language),
            page_words=page_words,
            sender_profiles=SenderProfiles(settings, mailing),
            store=mailing,
        ),
        rate=settings.send.rate,
        store=mailing,
        open_transport=open_transport,
        clock=clock,
        delay=delay,
        is_busy=lambda: group_commit.is_busy,
    )
    context = PageContext(
        settings,
        keys=keys,
        store=reading,
        group_commit=group_commit,
        clock=clock,
        wake_mailer=confirmation_mailer.wake,
        petitions=PetitionLibrary(petitions, page_words, settings.brand.language),
        page_words=page_words,
    )
    lifespan = partial(_lifespan, context, confirmation_mailer, (reading, writing, mailing))
    return _application(context, pictures, lifespan)


@contextlib.asynccontextmanager
async def _lifespan(
    context: PageContext, mailer: ConfirmationMailer, stores: Iterable[Store], _: Starlette
) -> AsyncIterator[None]:
    """Run the threads while the application is served; close the stores after them."""
    context.group_commit.start()
    mailer.start()
    try:
        yield
    finally:
        await context.clicks.close()
        context.group_commit.stop()
        mailer.stop()
        for store in stores:
            store.close()


def _application(
    context: PageContext,
    pictures: Path,
    lifespan: Callable[[Starlette], AbstractAsyncContextManager[None]],
) -> Starlette:
    routes = [*_routes(context), Route("/i/{name}", partial(show_picture, pictures))]
    security = Middleware(
        SecurityMiddleware,
        root=context.root,
        path_prefixes=frozenset(route.path.split("/")[1] for route in routes),
        error_page=partial(context.page, "server-error.html", 503),
    )
    return Starlette(
        routes=routes,
        middleware=[security],
        exception_handlers={HTTPException: partial(_refuse, context)},
        lifespan=lifespan,
    )


def _routes(context: PageContext) -> list[Route]:
    def page(path: str, answer: Page, *methods: str) -> Route:
        async def endpoint(request: Request) -> Response:
            return await answer(context, request)

        return Route(path, endpoint, methods=methods or ["GET"])

    both = ("GET", "POST")
    return [
        page("/u/{token}", unsubscribe.from_mail, *both),
        page("/undo/{token}", unsubscribe.undo, *both),
        page("/undo/{token}/reason", unsubscribe.reason, "POST"),
        page("/unsubscribe", unsubscribe.by_address, *both),
        page("/p/{token}", update.update, *both),
        page("/v/{token}", web_version.personal),
        page("/r/{token}", click.follow),
        page("/c/{campaign}", web_version.public),
        page("/f/{campaign}", web_version.forward),
        page("/join", join.join, *both),
        page("/join/{campaign}", join.join, *both),
        page("/j/{token}", confirm.join, *both),
        page("/m/{token}", confirm.move, *both),
        page("/l/{token}", confirm.leave, *both),
        page("/o/{token}", confirm.settle, *both),
        page("/w/{token}", confirm.restore, *both),
        page("/n/{token}", confirm.never, *both),
        page("/s/{petition}/{token}", sign.from_mail, *both),
        page("/petition/{petition}", petition.show, *both),
        page("/y/{token}", after_signing.confirm, *both),
        page("/t/{token}", after_signing.signed, *both),
        page("/k/{token}", after_signing.confirmed, *both),
        page("/x/{token}", after_signing.withdraw, *both),
        page("/style.css", _style),
        page("/healthz", _health),
        page("/robots.txt", _robots),
        page("/favicon.ico", _no_icon),
    ]


async def _style(context: PageContext, request: Request) -> Response:
    headers = {"cache-control": "public, max-age=86400"}
    style = context.style(request.query_params.get("brand", ""))
    return Response(style, media_type="text/css", headers=headers)


async def _health(context: PageContext, _: Request) -> Response:
    """Answer "ok" when the database is in place and can be read."""
    context.store.database.check_present()
    context.store.sends.all("")
    return PlainTextResponse("ok\n")


async def _robots(context: PageContext, _: Request) -> Response:
    root = context.root
    # petitions are made to be found, and shown where their address is shared
    return PlainTextResponse(f"User-agent: *\nAllow: {root}/petition/\nDisallow: /\n")


async def _no_icon(context: PageContext, _: Request) -> Response:
    """Browsers ask for it on their own, and from the web version as if from another site."""
    del context
    return Response(status_code=204, headers={"cross-origin-resource-policy": "cross-origin"})


async def _refuse(context: PageContext, _: Request, err: Exception) -> Response:
    assert isinstance(err, HTTPException)
    if err.status_code == 404:  # noqa: PLR2004 - of HTTP
        return context.invalid_link()
    return PlainTextResponse(f"{err.detail}\n", err.status_code, err.headers)
