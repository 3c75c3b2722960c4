"""Addresses with letters beyond ASCII, as every mail program opens them: Punycode and % (RFC 3987)."""

from __future__ import annotations

import re

from markdown_it.common.normalize_url import normalizeLink

from mailer.compiler import escaping

_IN_HTML = re.compile(r"""(\s(?:href|src)=)(["'])(https?:[^"'<>]*[^\x00-\x7f"'<>][^"'<>]*)\2""")
_IN_TEXT = re.compile(r"<(https?:[^\s<>]*[^\x00-\x7f\s<>][^\s<>]*)(?=>)")


def in_html(source: str) -> str:
    """A document with all addresses of its links and pictures in ASCII; the rest as it is."""
    return _IN_HTML.sub(
        lambda match: f"{match[1]}{match[2]}{normalizeLink(match[3])}{match[2]}", source
    )


def in_plain_text(source: str) -> str:
    """A text part with the addresses in angle brackets in ASCII; the rest as it is."""
    return _IN_TEXT.sub(lambda match: f"<{normalizeLink(match[1])}", source)


def part(text: str) -> str:
    """A writer's own part of an address, perhaps its beginning, in ASCII."""
    is_beginning = re.match("https?://", text, re.IGNORECASE)
    return normalizeLink(text) if is_beginning and not text.isascii() else escaping.url_text(text)
