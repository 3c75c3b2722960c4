"""Which context each slot stands in, and how a value is escaped there.

The context is read off the finished HTML, once for each slot of a variant, conditional comments
included; a place where no value is safe is a compile error.
"""

from __future__ import annotations

import html
import re
from bisect import bisect
from enum import Enum
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import quote

from mailer.compiler import markup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SLOT = re.compile(r"zqs(\d{4})qz")


class Context(Enum):
    TEXT = "text"
    """Between tags."""
    ATTRIBUTE = "attribute"
    URL = "whole URL"
    """An attribute's whole value, or its beginning."""
    URL_PART = "part of a URL"
    """Path, query or fragment."""
    ENCODED = "part of a URL, percent-encoded by the writer"
    MAILBOX = "address in a mailto: URL"
    PHONE = "number in a tel: URL"
    PLAIN = "plain text"
    PLAIN_URL = "whole URL in plain text"
    HEADER = "header"

    __hash__ = object.__hash__
    """Each is there once; Enum's own hash takes ten times as long, for each value of each mail."""


class UnsafePlaceError(ValueError):
    """A slot stands where no value can be made safe. `token` is its token, the text says where."""

    def __init__(self, token: str, where: str) -> None:
        super().__init__(where)
        self.token = token
        self.where = where


# ---------------------------------------------------------------- values

_BLANK = re.compile(r"[\x00-\x1f\x7f-\xa0\u2028\u2029]")
"""Control characters, line ends and hard spaces: each a blank in mail."""
_UNWANTED = re.compile(r"[\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff\ufffe\uffff]")
"""Would turn the direction of the text around them, or cannot be encoded."""
_WHOLE_URL = re.compile(r"(?:https?://[^\s/?#]|mailto:|tel:)", re.IGNORECASE)
_URL_SAFE = "!#$%&'()*+,-./:;=?@_~"
_SAFE_URL = re.compile(r"https?://[A-Za-z0-9._-][A-Za-z0-9!#$%()*+,\-./:;=?@_~]*")
"""What quoting and escaping would not change, as the recipient's own links: a tenth of the time."""


def clean(value: str) -> str:
    """A value as mail can show it: on one line, with nothing invisible that acts.

    Character by character, so that it is the same before and after values are joined.
    """
    if value.isascii() and value.isprintable():
        return value
    return _UNWANTED.sub("", _BLANK.sub(" ", value))


def _text(value: str) -> str:
    return html.escape(value, quote=False)


def _attribute(value: str) -> str:
    return html.escape(value, quote=True)


def _plain_url(value: str) -> str:
    """Empty unless it is a web, mail or telephone address."""
    if _SAFE_URL.fullmatch(value):
        return value
    return quote(value, safe=_URL_SAFE) if _WHOLE_URL.match(value) else ""


def _url(value: str) -> str:
    return value if _SAFE_URL.fullmatch(value) else html.escape(_plain_url(value), quote=True)


def _url_part(value: str) -> str:
    return quote(value, safe="")


def _encoded(value: str) -> str:
    """What is encoded stays; a filter may have put something else beside it."""
    return quote(value, safe="%+")


def url_text(text: str) -> str:
    """A writer's own part of a URL: only what cannot stand in one is encoded."""
    return quote(text, safe=_URL_SAFE)


def _mailbox(value: str) -> str:
    return quote(value, safe="@")


def _phone(value: str) -> str:
    return re.sub(r"[^+0-9]", "", value)


def _as_is(value: str) -> str:
    return value


ESCAPES: dict[Context, Callable[[str], str]] = {
    Context.TEXT: _text,
    Context.ATTRIBUTE: _attribute,
    Context.URL: _url,
    Context.URL_PART: _url_part,
    Context.ENCODED: _encoded,
    Context.MAILBOX: _mailbox,
    Context.PHONE: _phone,
    Context.PLAIN: _as_is,
    Context.PLAIN_URL: _plain_url,
    Context.HEADER: _as_is,
}
"""From a cleaned value to what may stand in each context."""


# ---------------------------------------------------------------- places

_URL_ATTRIBUTES = {"href", "src", "action", "background", "cite", "formaction", "poster"}
_FORBIDDEN_ATTRIBUTES = {"style", "srcset", "srcdoc", "http-equiv", "id", "class", "name"}
_RAW_TEXT = {"style", "script"}
_URL_IN_TEXT = re.compile(
    r"(?:https?://|mailto:|tel:)[^\s<>]*|(?<=<)zqs\d{4}qz[^\s<>]*(?=>)", re.IGNORECASE
)


class _Places(HTMLParser):
    """Walks HTML in order and notes the context of every slot."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.contexts: list[tuple[str, Context]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del tag
        for name, value in attrs:
            if value and SLOT.search(value):
                self.contexts.extend(_in_attribute(name, value))

    handle_startendtag = handle_starttag

    def handle_data(self, data: str) -> None:
        for match in SLOT.finditer(data):
            if self.cdata_elem in _RAW_TEXT:
                raise UnsafePlaceError(match[0], f"inside <{self.cdata_elem}>")
            self.contexts.append((match[0], Context.TEXT))

    def handle_comment(self, data: str) -> None:
        if data.startswith("[if"):
            inner = _Places()
            inner.feed(data.partition("]>")[2].removesuffix("<![endif]"))
            inner.close()
            self.contexts.extend(inner.contexts)
        elif SLOT.search(data):
            raise UnsafePlaceError(SLOT.search(data)[0], "inside an HTML comment")  # type: ignore[index] # it matched

    def handle_decl(self, decl: str) -> None:
        match = SLOT.search(decl)
        if match:
            raise UnsafePlaceError(match[0], "inside a declaration")

    def handle_pi(self, data: str) -> None:
        self.handle_decl(data)

    def unknown_decl(self, data: str) -> None:
        self.handle_decl(data)


def _in_attribute(name: str, value: str) -> Iterator[tuple[str, Context]]:
    if name in _FORBIDDEN_ATTRIBUTES or name.startswith("on"):
        raise UnsafePlaceError(SLOT.search(value)[0], f"inside a {name}= attribute")  # type: ignore[index] # the caller searched
    if name in _URL_ATTRIBUTES:
        yield from _in_url(value, Context.URL)
    else:
        for match in SLOT.finditer(value):
            yield match[0], Context.ATTRIBUTE


def _in_url(url: str, whole: Context) -> Iterator[tuple[str, Context]]:
    for match in SLOT.finditer(url):
        before = url[: match.start()]
        scheme = before.partition(":")[0].lower()
        if not before:
            yield match[0], whole
        elif scheme == "tel":
            yield match[0], Context.PHONE
        elif scheme == "mailto" and "?" not in before:
            yield match[0], Context.MAILBOX
        elif scheme in {"http", "https"} and not re.match(
            r"https?://[^/?#]+[/?#]", before, re.IGNORECASE
        ):
            raise UnsafePlaceError(match[0], "in the host name of a link")
        else:
            yield match[0], Context.URL_PART


def places_in_html(source: str) -> list[tuple[str, Context]]:
    """(token, context) of every slot, in the order of the text.

    Raises:
        UnsafePlaceError: a slot stands where no value is safe.
        ValueError: the HTML is so broken that a slot cannot be placed.
    """
    contexts = _parsed(source)
    if [token for token, _ in contexts] != [match[0] for match in SLOT.finditer(source)]:
        raise ValueError("a personal value stands inside broken HTML")
    return contexts


def _parsed(source: str) -> list[tuple[str, Context]]:
    """What the parser finds; of a regular document it needs to read only the tags that hold a slot."""
    matches = markup.regular(source)
    if matches is None:
        return _read(source)
    starts = [match.start() for match in matches]
    contexts: list[tuple[str, Context]] = []
    end = 0
    for slot in SLOT.finditer(source):
        before = bisect(starts, slot.start()) - 1
        if before < 0 or matches[before].end() <= slot.start():
            contexts.append((slot[0], Context.TEXT))
        elif matches[before].end() > end:  # the first of its slots
            contexts += _read(matches[before][0])
            end = matches[before].end()
    return contexts


def _read(source: str) -> list[tuple[str, Context]]:
    parser = _Places()
    parser.feed(source)
    parser.close()
    return parser.contexts


def places_in_plain_text(source: str) -> list[tuple[str, Context]]:
    """Like `places`, for the text part, where URLs stand in angle brackets."""
    in_urls = {
        url.start() + offset: context
        for url in _URL_IN_TEXT.finditer(source)
        if SLOT.search(url[0])
        for offset, context in _url_offsets(url[0])
    }
    return [(m[0], in_urls.get(m.start(), Context.PLAIN)) for m in SLOT.finditer(source)]


def _url_offsets(url: str) -> Iterator[tuple[int, Context]]:
    contexts = _in_url(url, Context.PLAIN_URL)
    for match, (_, context) in zip(SLOT.finditer(url), contexts, strict=True):
        yield match.start(), context


def places_in_header(source: str) -> list[tuple[str, Context]]:
    return [(match[0], Context.HEADER) for match in SLOT.finditer(source)]
