"""HTTP headers that keep pages and the tokens in their addresses to their reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders

if TYPE_CHECKING:
    from starlette.types import Message, Send

_HEADERS = {
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-robots-tag": "noindex",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "interest-cohort=(), camera=(), geolocation=(), microphone=()",
}


def add_security_headers(send: Send, *, content_policy: str, **replaced: str) -> Send:
    """Wrap an ASGI `send` so that every response has these headers, where it sets none itself.

    Args:
        send: of the server.
        content_policy: the default Content-Security-Policy.
        replaced: headers with another value than usual, with underscores for hyphens.
    """
    headers = {"content-security-policy": content_policy, **_HEADERS}
    headers |= {name.replace("_", "-"): value for name, value in replaced.items()}

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            response = MutableHeaders(scope=message)
            for name, value in headers.items():
                response.setdefault(name, value)
        await send(message)

    return send_with_headers
