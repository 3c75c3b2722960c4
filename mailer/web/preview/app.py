"""The preview as one ASGI application: what answers where."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

from mailer.campaigns.campaign import NAME
from mailer.errors import MailerError
from mailer.sending import test_mail
from mailer.web.preview import display_modes
from mailer.web.preview.check_runner import CheckRunner
from mailer.web.preview.compile_cache import CompileCache
from mailer.web.preview.origin_guard import OriginGuard
from mailer.web.preview.sse import EventStream
from mailer.web.preview.store_pool import StorePool
from mailer.web.preview.views import Views
from mailer.web.preview.watcher import Watcher

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection
    from datetime import datetime

    from starlette.requests import Request

    from mailer.campaigns.snapshot import Snapshot
    from mailer.links import Keys
    from mailer.store.base import Store
    from mailer.transports.base import Transport

_SCRIPT = Path(__file__).parent / "static" / "preview.js"
_LARGEST = 10_000
"""Bytes of a request: an address."""


class Preview:
    """The application, and what it is made of.

    Args:
        root: the project's folder.
        keys: that sign links.
        open_store: for as many threads as ask at once.
        open_transport: the way out for proofs of a campaign.
        clock: aware UTC time.
    """

    def __init__(
        self,
        root: Path,
        *,
        keys: Keys,
        open_store: Callable[[], Store],
        open_transport: Callable[[Snapshot], Transport],
        clock: Callable[[], datetime],
    ) -> None:
        self._keys = keys
        self._open_transport = open_transport
        self._clock = clock
        self._pool = StorePool(open_store)
        self._workshop = CompileCache(root, keys=keys, fields=self._fields, clock=clock)
        self._examiner = CheckRunner(self._workshop, self._pool, clock)
        self._watcher = Watcher(root, self._edited)
        self.news = EventStream()
        token = secrets.token_urlsafe()
        self._screens = Views(self._workshop, self._examiner, self._pool, clock=clock, token=token)
        self.app = Starlette(
            routes=self._routes(),
            middleware=[Middleware(OriginGuard, token=token)],
            exception_handlers={MailerError: _explain, HTTPException: _refuse},
            lifespan=self._lifespan,
            max_body_size=_LARGEST,
        )

    def _fields(self) -> frozenset[str]:
        with self._pool.borrow() as store:
            return store.field_names()

    def _edited(self, names: Collection[str]) -> None:
        self._examiner.edited(names)
        self.news.edited(names)

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        self._examiner.start()
        watching = asyncio.create_task(self._watcher.run())
        try:
            yield
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
            await run_in_threadpool(self._examiner.close)
            self._pool.close()

    def _routes(self) -> list[Route]:
        return [
            Route("/", self._overview),
            Route("/-/rows", self._rows),
            Route("/-/news", self._news),
            Route("/-/blank", _blank),
            Route("/-/preview.js", _script),
            Route("/-/preview.css", self._style),
            Route("/favicon.ico", _no_icon),
            Route("/{name}", self._campaign),
            Route("/{name}/mail", self._mail),
            Route("/{name}/state", self._state),
            Route("/{name}/side", self._side),
            Route("/{name}/sends", self._sends),
            Route("/{name}/people", self._people),
            Route("/{name}/again", self._again, methods=["POST"]),
            Route("/{name}/test", self._test, methods=["POST"]),
        ]

    # ---------------------------------------------------------------- pages

    def _overview(self, _: Request) -> Response:
        return HTMLResponse(self._screens.overview())

    def _rows(self, _: Request) -> Response:
        return JSONResponse(self._screens.rows())

    async def _news(self, _: Request) -> Response:
        return StreamingResponse(self.news.stream(), media_type="text/event-stream")

    def _style(self, _: Request) -> Response:
        return Response(self._screens.style(), media_type="text/css")

    def _campaign(self, request: Request) -> Response:
        name = _name(request)
        if name not in self._workshop.names():
            raise HTTPException(404, f'There is no campaign "{name}".')
        return HTMLResponse(self._screens.campaign(name))

    def _mail(self, request: Request) -> Response:
        mode: display_modes.Mode = "dark" if _asked(request, "mode") == "dark" else "light"
        sheet = self._screens.sheet(_name(request), _asked(request, "as"))
        html = display_modes.dressed(sheet.merged.html, mode) if sheet.merged else ""
        return HTMLResponse(html, headers=_policy(request))

    def _state(self, request: Request) -> Response:
        who, view = _asked(request, "as"), _asked(request, "view")
        return JSONResponse(self._screens.state(_name(request), who, view))

    def _side(self, request: Request) -> Response:
        return JSONResponse(self._screens.side(_name(request)))

    def _sends(self, request: Request) -> Response:
        return JSONResponse(self._screens.sends(_name(request)))

    def _people(self, request: Request) -> Response:
        return HTMLResponse(self._screens.found(_name(request), _asked(request, "q")[:200]))

    # ---------------------------------------------------------------- what acts

    def _again(self, request: Request) -> Response:
        self._examiner.again(_name(request))
        return JSONResponse({})

    async def _test(self, request: Request) -> Response:
        """What `mailer test` does."""
        address = (await request.body()).decode(errors="replace")
        send = partial(self._send_proof, _name(request), address)
        return JSONResponse({"said": await run_in_threadpool(send)})

    def _send_proof(self, name: str, address: str) -> str:
        words = self._workshop.words(name)
        with self._pool.borrow() as store:
            drawn_up = test_mail.make_test_mails(store, self._keys, words, [address])
            transport = self._open_transport(words)
            (sent,) = test_mail.deliver(
                store, transport, drawn_up, lambda: self._clock().timestamp()
            )
        where = "written to the outbox" if transport.name == "outbox" else "sent"
        return f"“{sent.subject}” to {sent.email} is {where}."


def _name(request: Request) -> str:
    name: str = request.path_params["name"]
    if not NAME.fullmatch(name):
        raise HTTPException(404, "There is no such page.")
    return name


def _asked(request: Request, key: str) -> str:
    return request.query_params.get(key, "")


def _policy(request: Request) -> dict[str, str]:
    return {
        "content-security-policy": display_modes.policy(images=_asked(request, "images") != "off")
    }


async def _blank(request: Request) -> Response:
    """What a mail is written into."""
    return HTMLResponse("<!doctype html><title>The mail</title>", headers=_policy(request))


async def _script(_: Request) -> Response:
    return Response(_SCRIPT.read_bytes(), media_type="text/javascript")


async def _no_icon(_: Request) -> Response:
    return Response(status_code=204)


async def _explain(_: Request, err: Exception) -> Response:
    assert isinstance(err, MailerError)
    said: dict[str, Any] = {"problem": str(err), "hint": err.hint or ""}
    return JSONResponse(said, 422)


async def _refuse(_: Request, err: Exception) -> Response:
    assert isinstance(err, HTTPException)
    return PlainTextResponse(f"{err.detail}\n", err.status_code, err.headers)
