"""Joined texts in URLs, taken apart: the writer's own part stays as it is, each value is encoded.

`"https://example.org/?e=" ~ recipient.email` is one value wherever it is shown. In a link it is an
address and a parameter, and a "&" or "#" in the parameter must not become part of the address.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from mailer.compiler import ascii_urls, escaping
from mailer.compiler.escaping import SLOT, Context

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailer.compiler.recorder import Recorder
    from mailer.compiler.slots import Slot

_IN_URLS = {Context.URL, Context.PLAIN_URL, Context.URL_PART, Context.MAILBOX, Context.PHONE}


def in_html(source: str, recorder: Recorder) -> str:
    """A document with the joined slots of its links taken apart; the recorder gets those of the parts."""
    before = r"""=\s*(?:"[^"<>]*|'[^'<>]*|[^\s<>"']*)"""
    return _taken_apart(source, recorder, before, escaping.places_in_html, html.escape)


def in_plain_text(source: str, recorder: Recorder) -> str:
    before = r"(?:<|[a-z]:)[^\s<>]*"
    return _taken_apart(source, recorder, before, escaping.places_in_plain_text, str)


def _taken_apart(
    source: str,
    recorder: Recorder,
    before: str,
    places: Callable[[str], list[tuple[str, Context]]],
    escape: Callable[[str], str],
) -> str:
    joined = [f"zqs{index:04d}qz" for index, slot in enumerate(recorder.slots) if slot.parts]
    if not any(re.search(before + token, source) for token in joined):
        return source  # as the address in each footer, which is no link: a tenth of a compile
    try:
        contexts = iter(places(source))
    except ValueError:
        return source  # told when it is cut, with its place

    def replaced(token: str) -> str:
        slot = recorder.slots[int(token[3:7])]
        _, context = next(contexts)
        return _parts(slot, recorder, escape) if slot.parts and context in _IN_URLS else token

    return SLOT.sub(lambda match: replaced(match[0]), source)


def _parts(slot: Slot, recorder: Recorder, escape: Callable[[str], str]) -> str:
    return "".join(
        escape(ascii_urls.part(part)) if isinstance(part, str) else recorder.write(part, slot.place)
        for part in slot.parts
    )
