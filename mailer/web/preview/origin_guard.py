"""Refuses requests that do not come from the preview's own pages in a browser on this machine.

Any web page can make a browser send requests to this port: with an image, a form, a script, a window, or
by giving its own host name this machine's address (DNS rebinding). So a request must name the host it
was meant for, must not come from another page, and to act it must carry a token that only the
preview's own pages know.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

from mailer.web.security_headers import add_security_headers

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

HOSTS = ("127.0.0.1", "localhost", "[::1]")
TOKEN = "x-preview-token"  # noqa: S105 - the name of a header
"""A header, which no form can set."""

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)


class OriginGuard:
    """ASGI middleware that refuses foreign hosts, origins and requests without the token.

    Args:
        app: what answers.
        token: made anew for each run.
    """

    def __init__(self, app: ASGIApp, *, token: str) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        refusal = self._refusal(scope["method"], Headers(scope=scope))
        app = PlainTextResponse(f"{refusal}\n", 403) if refusal else self._app
        # the page around a mail shows it in a frame
        guarded = add_security_headers(send, content_policy=_POLICY, x_frame_options="SAMEORIGIN")
        await app(scope, receive, guarded)

    def _refusal(self, method: str, headers: Headers) -> str:
        """Return why the request is refused, "" when it is not."""
        host = headers.get("host", "")
        if host.rpartition(":")[0] not in HOSTS and host not in HOSTS:
            return "This is a preview for this machine only."
        # "same-site" is another port of this machine
        if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            return "Another page may not ask this. Type the address yourself."
        if headers.get("origin", f"http://{host}") != f"http://{host}":
            return "Another page may not ask this."
        if method not in {"GET", "HEAD"} and not hmac.compare_digest(
            headers.get(TOKEN, "").encode(), self._token.encode()
        ):
            return "Load the page again: the preview was started anew."
        return ""
