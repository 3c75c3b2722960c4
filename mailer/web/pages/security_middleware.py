"""Around every page: headers that keep tokens and pages to their reader, limits, one line of log."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("mailer.web")

SECONDS = 30
"""For one request, from its head to its answer. Longer than a send or an import holds the database."""

_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-robots-tag": "noindex",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "interest-cohort=(), camera=(), geolocation=(), microphone=()",
}


class SecurityMiddleware:
    """See above. Nothing that goes wrong inside reaches the server or its log with its text.

    Args:
        app: what answers.
        root: the path of `base_url`, for a proxy that passes it on.
        known: first parts of paths, which may be logged.
        sorry: the page for a failure of ours.
    """

    def __init__(
        self, app: ASGIApp, *, root: str, known: frozenset[str], sorry: Callable[[], Response]
    ) -> None:
        self._app = app
        self._root = root
        self._known = known
        self._sorry = sorry
        self._headers = [(k.encode(), v.encode()) for k, v in _HEADERS.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0

        async def guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = {name for name, _ in message["headers"]}
                more = [header for header in self._headers if header[0] not in given]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        scope = {**scope, "path": self._path(scope["path"])}
        try:
            async with asyncio.timeout(SECONDS):
                await self._app(scope, receive, guarded)
        except Exception as err:  # noqa: BLE001 - whatever it is, the reader gets a page
            _report(err)
            if not status:
                await self._sorry()(scope, receive, guarded)
        finally:
            kind = self._kind(scope["path"])
            milliseconds = (time.perf_counter() - began) * 1000
            log.info("%s %s %s %.0f ms", scope["method"], kind, status, milliseconds)

    def _kind(self, path: str) -> str:
        """The path as far as it is nobody's own: what follows may be a token, or an address."""
        first, _, rest = path[1:].partition("/")
        if first not in self._known:
            return "/…"
        return f"/{first}/…" if rest else f"/{first}"

    def _path(self, path: str) -> str:
        if self._root and path.startswith(self._root + "/"):
            path = path.removeprefix(self._root)
        return path.rstrip("/") or "/"


def _report(err: Exception) -> None:
    """Where, not what: the text of an error may hold an address."""
    frames = traceback.extract_tb(err.__traceback__)
    own = [frame for frame in frames if "/mailer/" in frame.filename] or frames
    place = f"{own[-1].filename}:{own[-1].lineno}" if own else "?"
    log.error("%s at %s", type(err).__name__, place)
