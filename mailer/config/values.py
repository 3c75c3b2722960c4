"""Types of single values in mailer.toml, with the message for a value that is refused."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import AfterValidator

from mailer.hosts import ascii_host
from mailer.timezones import find_zone


def _https(url: str) -> str:
    """A web address in ASCII, without a slash at its end."""
    url = url.strip()
    if not re.match(r"https?://[^\s/?#]", url, re.IGNORECASE):
        raise ValueError("must be a web address that begins with https://")
    if re.search(r"[\s<>\"]", url):
        raise ValueError("must be one web address, with no blank and no quotation marks in it")
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError as err:
        raise ValueError("must have a port between 1 and 65535, or none") from err
    if "@" in parts.netloc:
        raise ValueError("must hold no user name and no password: everybody would see them")
    host = ascii_host(parts.hostname or "")
    if ":" in host:
        host = f"[{host}]"
    elif not re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", host):
        raise ValueError("must have the name of a site that can exist after https://")
    rest = urlunsplit(("", "", parts.path, parts.query, parts.fragment))
    return f"{parts.scheme}://{host}{port}{quote(rest, safe=_URL_SAFE)}".rstrip("/")


_URL_SAFE = "%/:?#[]@!$&'()*+,;=~"


def _base(url: str) -> str:
    address = _https(url)
    if re.search("[?#]", address):
        raise ValueError('must have no "?" and no "#": the rest of each address is put behind it')
    return address


def _address(text: str) -> str:
    if not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+", text):
        raise ValueError("must be an e-mail address such as news@example.org")
    local, _, domain = text.rpartition("@")
    if not local.isascii():
        raise ValueError('must have letters from a to z before the "@": Amazon SES takes no others')
    if not re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", ascii_host(domain)):
        raise ValueError('must have a domain that can exist after the "@"')
    return f"{local}@{ascii_host(domain)}"


def _header_text(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be one line of visible characters: it stands in a header")
    return text


def _color(text: str) -> str:
    if not re.fullmatch(r"#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})", text):
        raise ValueError('must be a color such as "#1f5c4d"')
    short = len(text) == len("#fff")
    return "#" + "".join(digit * 2 for digit in text[1:]) if short else text


def _tag_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._~-]+", text):
        raise ValueError('must be a name such as "utm_source"')
    return text


def _tag_value(text: str) -> str:
    if "@" in text:
        raise ValueError("must not hold an address")
    if re.search(r"[{}]", text.replace("{campaign}", "")):
        raise ValueError('can hold "{campaign}", and no other word in braces')
    return text


def _host(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", text):
        raise ValueError('must be a domain such as "example.org"')
    return text


def _time_zone(text: str) -> str:
    if text and not find_zone(text):
        raise ValueError('must be the name of a time zone: a continent, "/", and a city')
    return text


def _smtp_server(text: str) -> str:
    server = re.fullmatch(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*(?::(\d{1,5}))?", text)
    if text and (not server or not 0 < int(server[1] or 1) <= _HIGHEST_PORT):
        raise ValueError('must be a server such as "smtp.example.org" or "smtp.example.org:465"')
    return text


_HIGHEST_PORT = 65_535


def _segment_name(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name in _TAKEN:
        raise ValueError(
            "must be a name of lower-case letters, digits and _, other than recipient, links and sample"
        )
    return name


_TAKEN = {
    "recipient",
    "links",
    "sample",
    *("and", "else", "false", "if", "in", "is", "none", "not", "or", "true"),
}
"""Names that mean something else in a condition."""


def _condition(text: str) -> str:
    if not text.strip():
        raise ValueError("must be a condition, as in 'recipient.state == \"OR\"'")
    return text


HeaderText = Annotated[str, AfterValidator(_header_text)]
SmtpServer = Annotated[str, AfterValidator(_smtp_server)]
WebAddress = Annotated[str, AfterValidator(_https)]
BaseAddress = Annotated[str, AfterValidator(_base)]
EmailAddress = Annotated[str, AfterValidator(_address)]
Color = Annotated[str, AfterValidator(_color)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Host = Annotated[str, AfterValidator(_host)]
Segments = dict[
    Annotated[str, AfterValidator(_segment_name)], Annotated[str, AfterValidator(_condition)]
]
Tags = dict[Annotated[str, AfterValidator(_tag_name)], Annotated[str, AfterValidator(_tag_value)]]
