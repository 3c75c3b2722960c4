"""Refuses requests that do not come from the preview's own pages in the browser of the person who started it.

The address that `mailer preview` prints holds a secret, as Jupyter's does: it is exchanged for a cookie,
and nothing is answered without. So other users of the machine, who can reach the port, see nothing.

Any web page can make a browser send requests to this port: with an image, a form, a script, a window, or
by giving its own host name this machine's address (DNS rebinding). So a request must also name the host
it was meant for, must not come from another page, and to act it must carry the secret in a header.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, PlainTextResponse

from mailer.web.security_headers import add_security_headers

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

HOSTS = ("127.0.0.1", "localhost", "[::1]")
TOKEN = "x-preview-token"  # noqa: S105 - the name of a header
"""A header, which no form can set."""

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_ENTRY = '<!doctype html><meta http-equiv="refresh" content="0;url=/"><title>Your campaigns</title>'
_UNKNOWN_BROWSER = "Open the address that mailer preview has printed: it holds a secret."


class OriginGuard:
    """ASGI middleware that refuses foreign hosts, origins and requests without the secret.

    Args:
        app: what answers.
        token: the secret, new for each run.
    """

    def __init__(self, app: ASGIApp, *, token: str) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # the page around a mail shows it in a frame
        guarded = add_security_headers(send, content_policy=_POLICY, x_frame_options="SAMEORIGIN")
        await self._choose(scope, Headers(scope=scope))(scope, receive, guarded)

    def _choose(self, scope: Scope, headers: Headers) -> ASGIApp:
        if not _is_own_host(headers):
            return _refusal("This is a preview for this machine only.")
        secret = parse_qs(scope["query_string"].decode("latin-1")).get("token")
        if scope["path"] == "/" and secret:
            return self._enter(headers) if self._is_token(secret[0]) else _refusal(_UNKNOWN_BROWSER)
        cookies = cookie_parser(headers.get("cookie", ""))
        if not self._is_token(cookies.get(_cookie_name(headers), "")):
            return _refusal(_UNKNOWN_BROWSER)
        problem = self._problem(scope["method"], headers)
        return _refusal(problem) if problem else self._app

    def _enter(self, headers: Headers) -> Response:
        """Keep the secret in a cookie, and take it out of the address.

        A page that leads on, not a redirect: the browser may come from elsewhere, such as a file, and a
        redirect would go on saying so.
        """
        response = HTMLResponse(_ENTRY)
        response.set_cookie(_cookie_name(headers), self._token, httponly=True, samesite="strict")
        return response

    def _is_token(self, text: str) -> bool:
        return hmac.compare_digest(text.encode(), self._token.encode())

    def _problem(self, method: str, headers: Headers) -> str:
        """Return why the request is refused, "" when it is not."""
        # "same-site" is another port of this machine
        if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            return "Another page may not ask this. Type the address yourself."
        host = headers["host"]
        if headers.get("origin", f"http://{host}") != f"http://{host}":
            return "Another page may not ask this."
        if method not in {"GET", "HEAD"} and not self._is_token(headers.get(TOKEN, "")):
            return "Load the page again: the preview was started anew."
        return ""


def _is_own_host(headers: Headers) -> bool:
    host = headers.get("host", "")
    return host.rpartition(":")[0] in HOSTS or host in HOSTS


def _cookie_name(headers: Headers) -> str:
    """The cookie's name for this port: all ports of a host share cookies, and previews run side by side."""
    return f"mailer-preview-{headers['host'].rpartition(':')[2]}"


def _refusal(text: str) -> Response:
    return PlainTextResponse(f"{text}\n", 403)
