"""One mail as different programs show it: light or dark, with or without pictures."""

from __future__ import annotations

import re
from typing import Literal

Mode = Literal["light", "dark"]

_ASKED = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)", re.IGNORECASE)
_ALWAYS, _NEVER = "(min-width: 0px)", "(max-width: 0px)"
_HEAD = re.compile(r"</head>", re.IGNORECASE)


def dressed(html: str, mode: Mode) -> str:
    """The mail as a reader gets it who prefers this mode.

    A page cannot tell a browser what its reader prefers, so the question is answered in the mail.
    """
    answered = _ASKED.sub(lambda asked: _ALWAYS if asked[1].lower() == mode else _NEVER, html)
    scheme = f"<style>:root {{ color-scheme: only {mode} !important; }}</style>"
    return _HEAD.sub(lambda end: scheme + end[0], answered, count=1)


def policy(*, images: bool) -> str:
    """What a mail may do in a frame: look like itself, and nothing else.

    `allow-same-origin` lets the page around it scroll it and mark places; the mail itself runs no
    script, and no link of it leads anywhere.
    """
    pictures = "https: http: data:" if images else "'none'"
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; img-src {pictures}; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'self'; sandbox allow-same-origin"
    )
