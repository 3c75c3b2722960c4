"""A link's address (RFC 3986, 6068, 3966): what is wrong with it, and with where it leads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from mailer import hosts
from mailer.checks.finding import Severity

if TYPE_CHECKING:
    from urllib.parse import SplitResult

BROKEN = "link-broken"
RELATIVE = "link-relative"
SCHEME = "link-scheme"
NOT_HTTPS = "link-not-https"
CREDENTIALS = "link-credentials"
IP_ADDRESS = "link-ip-address"
PRIVATE = "link-private"
SHORTENED = "link-shortened"
MAILTO = "link-mailto"
TEL = "link-tel"

SHORTENERS = frozenset([
    "amzn.to", "bit.do", "bit.ly", "bitly.com", "bl.ink", "buff.ly", "clck.ru", "cutt.ly", "dlvr.it",
    "fb.me", "goo.gl", "hubs.ly", "is.gd", "j.mp", "lnkd.in", "lnk.bio", "mcaf.ee", "n9.cl", "ow.ly",
    "qr.ae", "rb.gy", "rebrand.ly", "s.id", "short.io", "shorturl.at", "smarturl.it", "snip.ly",
    "soo.gd", "su.pr", "t.co", "t.ly", "tiny.cc", "tiny.one", "tinyurl.com", "trib.al", "u.to",
    "urlz.fr", "v.gd", "wp.me", "x.gd",
])  # fmt: skip
_LABEL = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?")
_MAILBOX = re.compile(r"(?!/)[^@\s<>\"(),;:\\]+@(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_]{2,}")
_FIELD = re.compile(r"[A-Za-z-]+=[^=]*")
_PHONE = re.compile(r"\+?[\d*#]{3,20}")
_SEPARATORS = re.compile(r"[-.()]")
"""What RFC 3966 lets stand between digits."""


@dataclass(frozen=True, slots=True)
class Fault:
    code: str
    severity: Severity
    what: str
    """Reads on from "the link …"."""
    hint: str


@lru_cache(maxsize=4096)
def fault(url: str) -> Fault | None:
    """The first thing that is wrong with an address."""
    scheme, colon, rest = url.partition(":")
    scheme = scheme.lower()
    if not url:
        return _broken("leads nowhere", "Write its address, https://…")
    if not colon or not re.fullmatch(r"[a-z][a-z0-9+-]*", scheme):
        return Fault(
            RELATIVE,
            Severity.ERROR,
            f'leads to "{url}", and a mail is on no web site',
            "Write the whole address, https://www.…",
        )
    match scheme:
        case "http" | "https":
            return _web(url)
        case "mailto":
            return _mailto(rest)
        case "tel":
            return _tel(rest)
        case "sms" | "webcal":
            return None
    return Fault(
        SCHEME,
        Severity.ERROR,
        f"begins with {scheme}:, which mail programs do not open",
        "Link to a page, https://…",
    )


def host_of(url: str) -> str:
    """The host of a web address, "" for none."""
    parts = _parts(url)
    return (parts.hostname or "").rstrip(".") if parts else ""


def page(url: str) -> str:
    """An address without what varies on one page: a search, an amount, a personal value."""
    return re.split(r"[?#]", url, maxsplit=1)[0]


def is_example(host: str) -> bool:
    """A name that nobody can have (RFC 2606)."""
    return re.search(r"(?:^|\.)example(?:\.(?:com|net|org))?$", host) is not None


# ---------------------------------------------------------------- the web


def _web(url: str) -> Fault | None:
    parts = _parts(url)
    if parts is None or not re.match(r"https?://[^/]", url, re.IGNORECASE):
        return _broken(f"leads to {page(url)}, which is no address", "It begins https://www.…")
    if re.search(r"[\s<>\"\\^`{|}]", url):
        return _broken(
            f"leads to {page(url)}, which holds a blank or a character that no address may hold",
            "Copy it again from your browser's address bar.",
        )
    if parts.username is not None:
        return Fault(
            CREDENTIALS,
            Severity.ERROR,
            f"holds a name or a password before its host, {parts.hostname}",
            "Take out what stands before the @: everybody would read it, and filters take it for "
            "phishing.",
        )
    return _host(parts) or _not_https(parts)


def _host(parts: SplitResult) -> Fault | None:
    host = (parts.hostname or "").rstrip(".")
    if hosts.is_private(host):
        return Fault(
            PRIVATE,
            Severity.ERROR,
            f"leads to {host}, which readers cannot reach",
            "Link to the page on your public web site.",
        )
    if hosts.ip_address(host):
        return Fault(
            IP_ADDRESS,
            Severity.WARNING,
            f"leads to the bare number {host}",
            "Use the site's name: filters take numbers for phishing.",
        )
    if not all(_LABEL.fullmatch(label) for label in host.split(".")):
        return _broken(
            f"leads to {host}, which cannot be the name of a site", "Look for a typing error."
        )
    if host.lower().removeprefix("www.") in SHORTENERS:
        return Fault(
            SHORTENED,
            Severity.WARNING,
            f"goes through {host}, which hides where it leads",
            "Write the address it leads to: filters distrust shortened links, for spam uses them.",
        )
    return None


def _not_https(parts: SplitResult) -> Fault | None:
    if parts.scheme.lower() == "https":
        return None
    return Fault(
        NOT_HTTPS,
        Severity.WARNING,
        f"leads to {page(parts.geturl())}, which is not secure",
        "Write https:// and try whether it opens.",
    )


def _parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port, parts.hostname
    except ValueError:
        return None
    return parts


# ---------------------------------------------------------------- mail and telephone


def _mailto(rest: str) -> Fault | None:
    to, _, query = rest.partition("?")
    wrong = [box for box in to.split(",") if not _MAILBOX.fullmatch(unquote(box).strip())]
    if wrong and (to or not query):
        return Fault(
            MAILTO,
            Severity.ERROR,
            f'writes to "{unquote(wrong[0])}", which is no e-mail address',
            "Write it as in mailto:hello@example.org",
        )
    fields = query.split("&") if query else []
    if re.search(r"\s", rest) or not all(_FIELD.fullmatch(field) for field in fields):
        return Fault(
            MAILTO,
            Severity.WARNING,
            f"is a mailto: link that some mail programs cannot read: {rest}",
            "Write a blank as %20, & as %26, and fields as in mailto:hello@example.org?subject=Hello",
        )
    return None


def _tel(rest: str) -> Fault | None:
    number = _SEPARATORS.sub("", rest.partition(";")[0])
    if _PHONE.fullmatch(number):
        return None
    if _PHONE.fullmatch(re.sub(r"\s|%20|/", "", number)):
        return Fault(
            TEL,
            Severity.WARNING,
            f"dials {rest}, whose blanks or strokes some telephones stumble over",
            "Write it with hyphens, tel:+1-202-555-0100",
        )
    return Fault(
        TEL,
        Severity.ERROR,
        f'dials "{rest}", which is no telephone number',
        "Write it in digits, tel:+1-202-555-0100",
    )


def _broken(what: str, hint: str) -> Fault:
    return Fault(BROKEN, Severity.ERROR, what, hint)
