"""The preview as one ASGI application, with its routes."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

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
from mailer.images.picture import show_locally
from mailer.sending import test_mail
from mailer.web.preview import display_modes, petitions
from mailer.web.preview.check_runner import CheckRunner
from mailer.web.preview.compile_cache import CompileCache
from mailer.web.preview.origin_guard import OriginGuard
from mailer.web.preview.sse import EventStream
from mailer.web.preview.store_pool import StorePool
from mailer.web.preview.views import Views
from mailer.web.preview.watcher import Watcher

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from starlette.requests import Request

    from mailer.campaigns.petition import Tally
    from mailer.campaigns.snapshot import Snapshot
    from mailer.links import Keys
    from mailer.store import Store
    from mailer.transports.base import Transport
    from mailer.web.preview.compile_cache import PreviewResult

_SCRIPT = Path(__file__).parent / "static" / "preview.js"
_LARGEST = 10_000
"""Bytes of a request: an address."""


class PreviewApp:
    """The application and its parts.

    Args:
        root: the project's folder.
        keys: that sign links.
        open_store: for as many threads as ask at once.
        open_transport: opens the transport for test mail of a campaign.
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
        self._stores = StorePool(open_store)
        self._compile_cache = CompileCache(
            root, keys=keys, fields=self._fields, tallies=self._tallies, clock=clock
        )
        self._check_runner = CheckRunner(self._compile_cache, self._stores, clock)
        self._watcher = Watcher(root, self._edited)
        self.events = EventStream()
        self.token = secrets.token_urlsafe()
        """The secret in the address to open."""
        self._views = Views(
            self._compile_cache, self._check_runner, self._stores, clock=clock, token=self.token
        )
        self.app = Starlette(
            routes=self._routes(),
            middleware=[Middleware(OriginGuard, token=self.token)],
            exception_handlers={MailerError: _explain, HTTPException: _refuse},
            lifespan=self._lifespan,
            max_body_size=_LARGEST,
        )

    def _fields(self) -> frozenset[str]:
        with self._stores.borrow() as store:
            return store.subscribers.field_names()

    def _tallies(self, petitions: Sequence[str]) -> Mapping[str, Tally]:
        with self._stores.borrow() as store:
            return store.petitions.tallies(petitions)

    def _edited(self, names: Collection[str]) -> None:
        self._check_runner.edited(names)
        self.events.edited(names)

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        self._check_runner.start()
        watching = asyncio.create_task(self._watcher.run())
        try:
            yield
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
            await run_in_threadpool(self._check_runner.close)
            self._stores.close()

    def _routes(self) -> list[Route]:
        return [
            Route("/", self._overview),
            Route("/-/rows", self._rows),
            Route("/-/events", self._news),
            Route("/-/blank", _blank),
            Route("/-/preview.js", _script),
            Route("/-/preview.css", self._style),
            Route("/-/petition/{name}", self._petition),
            Route(petitions.STYLE, self._petition_style),
            Route("/favicon.ico", _no_icon),
            Route("/{name}", self._campaign),
            Route("/{name}/mail", self._mail),
            Route("/{name}/state", self._state),
            Route("/{name}/side", self._side),
            Route("/{name}/sends", self._sends),
            Route("/{name}/people", self._sample_recipients),
            Route("/{name}/again", self._again, methods=["POST"]),
            Route("/{name}/test", self._test, methods=["POST"]),
        ]

    # ---------------------------------------------------------------- pages

    def _overview(self, _: Request) -> Response:
        return HTMLResponse(self._views.overview())

    def _rows(self, _: Request) -> Response:
        return JSONResponse(self._views.rows())

    async def _news(self, _: Request) -> Response:
        return StreamingResponse(self.events.stream(), media_type="text/event-stream")

    def _style(self, _: Request) -> Response:
        return Response(self._views.style(), media_type="text/css")

    def _petition(self, request: Request) -> Response:
        project = self._compile_cache.project()
        with self._stores.borrow() as store:
            html = petitions.page(project, store, _name(request), self._clock())
        return HTMLResponse(html)

    def _petition_style(self, request: Request) -> Response:
        project, name = self._compile_cache.project(), request.query_params.get("name", "")
        return Response(petitions.style(project, name), media_type="text/css")

    def _campaign(self, request: Request) -> Response:
        name = _name(request)
        if name not in self._compile_cache.names():
            raise HTTPException(404, f'There is no campaign "{name}".')
        return HTMLResponse(self._views.campaign(name))

    def _mail(self, request: Request) -> Response:
        mode: display_modes.Mode = "dark" if _parameter(request, "mode") == "dark" else "light"
        result = self._views.result(
            _name(request), _parameter(request, "as"), _parameter(request, "brand")
        )
        html = display_modes.apply_mode(self._html(result), mode) if result.merged else ""
        return HTMLResponse(html, headers=_policy(request))

    def _html(self, result: PreviewResult) -> str:
        """The mail, with the pictures of `campaigns/images/` in it: they may not be published yet."""
        assert result.compiled is not None
        assert result.merged is not None
        pictures = result.compiled.snapshot.pictures
        return show_locally(result.merged.html, pictures, self._compile_cache.project().published)

    def _state(self, request: Request) -> Response:
        recipient, view = _parameter(request, "as"), _parameter(request, "view")
        brand = _parameter(request, "brand")
        return JSONResponse(self._views.state(_name(request), recipient, view, brand))

    def _side(self, request: Request) -> Response:
        return JSONResponse(self._views.side(_name(request)))

    def _sends(self, request: Request) -> Response:
        return JSONResponse(self._views.sends(_name(request)))

    def _sample_recipients(self, request: Request) -> Response:
        return HTMLResponse(self._views.people(_name(request), _parameter(request, "q")[:200]))

    # ---------------------------------------------------------------- actions

    def _again(self, request: Request) -> Response:
        self._check_runner.again(_name(request))
        return JSONResponse({})

    async def _test(self, request: Request) -> Response:
        """Send a test mail, as `mailer test` does."""
        address = (await request.body()).decode(errors="replace")
        send = partial(self._send_test, _name(request), address)
        return JSONResponse({"message": await run_in_threadpool(send)})

    def _send_test(self, name: str, address: str) -> str:
        snapshot = self._compile_cache.snapshot(name)
        with self._stores.borrow() as store:
            test_mails = test_mail.make_test_mails(store, self._keys, snapshot, [address])
            transport = self._open_transport(snapshot)
            (sent,) = test_mail.deliver(
                store, transport, test_mails, lambda: self._clock().timestamp()
            )
        where = "written to the outbox" if transport.name == "outbox" else "sent"
        return f"“{sent.subject}” to {sent.email} is {where}."


def _name(request: Request) -> str:
    name: str = request.path_params["name"]
    if not NAME.fullmatch(name):
        raise HTTPException(404, "There is no such page.")
    return name


def _parameter(request: Request, key: str) -> str:
    return request.query_params.get(key, "")


def _policy(request: Request) -> dict[str, str]:
    return {
        "content-security-policy": display_modes.policy(
            images=_parameter(request, "images") != "off"
        )
    }


async def _blank(request: Request) -> Response:
    """Answer the empty page into which the script writes a mail."""
    return HTMLResponse("<!doctype html><title>The mail</title>", headers=_policy(request))


async def _script(_: Request) -> Response:
    return Response(_SCRIPT.read_bytes(), media_type="text/javascript")


async def _no_icon(_: Request) -> Response:
    return Response(status_code=204)


async def _explain(_: Request, err: Exception) -> Response:
    assert isinstance(err, MailerError)
    return JSONResponse({"problem": str(err), "hint": err.hint or ""}, 422)


async def _refuse(_: Request, err: Exception) -> Response:
    assert isinstance(err, HTTPException)
    return PlainTextResponse(f"{err.detail}\n", err.status_code, err.headers)
