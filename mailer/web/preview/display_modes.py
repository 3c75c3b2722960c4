"""Display modes of a mail: light or dark, with or without images."""

from __future__ import annotations

import re
from typing import Literal

Mode = Literal["light", "dark"]

_MEDIA_QUERY = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)", re.IGNORECASE)
_ALWAYS, _NEVER = "(min-width: 0px)", "(max-width: 0px)"
_HEAD = re.compile(r"</head>", re.IGNORECASE)


def apply_mode(html: str, mode: Mode) -> str:
    """Return the mail as shown to a reader who prefers this color scheme.

    A page cannot set the browser's preference, so the media queries in the mail are replaced.
    """
    html = _MEDIA_QUERY.sub(lambda query: _ALWAYS if query[1].lower() == mode else _NEVER, html)
    scheme = f"<style>:root {{ color-scheme: only {mode} !important; }}</style>"
    return _HEAD.sub(lambda end: scheme + end[0], html, count=1)


def policy(*, images: bool) -> str:
    """Return the Content-Security-Policy of a mail in a frame: styles and images only.

    `allow-same-origin` lets the page around it scroll it and mark places; the mail itself runs no
    script, and no link of it leads anywhere.
    """
    pictures = "https: http: data:" if images else "'none'"
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; img-src {pictures}; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'self'; sandbox allow-same-origin"
    )
