"""Add security headers, a time limit and one log line to every page."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse

from mailer.web.pages import form_reading
from mailer.web.security_headers import add_security_headers

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("mailer.web")

SECONDS = 30
"""Seconds for one request, from its head to its answer. Longer than a send or an import holds the database."""

_POLICY = (
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


_TOO_LARGE = "Content Too Large"
# Not Starlette's own limit: it ends a page that does not read its body by an exception, which would
# be logged as an error.


class SecurityMiddleware:
    """ASGI middleware. The text of an error inside never reaches the reader, the server or the log.

    Args:
        app: what answers.
        root: the path of `base_url`, for a proxy that passes it on.
        path_prefixes: first parts of paths, which may be logged.
        error_page: makes the page for a failure of the server.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        root: str,
        path_prefixes: frozenset[str],
        error_page: Callable[[], Response],
    ) -> None:
        self._app = app
        self._root = root
        self._path_prefixes = path_prefixes
        self._sorry = error_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await guarded(message)

        guarded = add_security_headers(send, content_policy=_POLICY)

        scope = {**scope, "path": self._path(scope["path"])}
        too_large = _content_length(scope) > form_reading.LARGEST
        app = PlainTextResponse(f"{_TOO_LARGE}\n", 413) if too_large else self._app
        try:
            async with asyncio.timeout(SECONDS):
                await app(scope, _limited(receive), send_and_note)
        except Exception as err:  # noqa: BLE001 - whatever failed, the reader gets a page
            _report(err)
            if not status:
                await self._sorry()(scope, receive, send_and_note)
        finally:
            kind = self._kind(scope["path"])
            milliseconds = (time.perf_counter() - began) * 1000
            log.info("%s %s %s %.0f ms", scope["method"], kind, status, milliseconds)

    def _kind(self, path: str) -> str:
        """Return the part of the path that is not personal; the rest may be a token or an address."""
        first, _, rest = path[1:].partition("/")
        if first not in self._path_prefixes:
            return "/…"
        return f"/{first}/…" if rest else f"/{first}"

    def _path(self, path: str) -> str:
        if self._root and path.startswith(self._root + "/"):
            path = path.removeprefix(self._root)
        return path.rstrip("/") or "/"


def _report(err: Exception) -> None:
    """Log the type and place of an error, not its text, which may hold an address."""
    frames = traceback.extract_tb(err.__traceback__)
    own = [frame for frame in frames if "/mailer/" in frame.filename] or frames
    place = f"{own[-1].filename}:{own[-1].lineno}" if own else "?"
    log.error("%s at %s", type(err).__name__, place)


def _limited(receive: Receive) -> Receive:
    """Wrap an ASGI `receive` so that a body without a length is bounded, too."""
    size = 0

    async def receive_within_limit() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > form_reading.LARGEST:
            raise HTTPException(413, _TOO_LARGE)
        return message

    return receive_within_limit


def _content_length(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "")
    return int(length) if length.isdecimal() else 0
