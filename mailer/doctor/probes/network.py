"""Asks name servers and the site. Every question ends within seconds."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import dns.exception
import dns.resolver
import urllib3
from urllib3 import exceptions as http

from mailer.doctor.facts import NoAnswer, Page, Records

if TYPE_CHECKING:
    from dns.rdata import Rdata

_SECONDS = 5.0


def resolver() -> dns.resolver.Resolver | NoAnswer:
    """One that asks the name servers of this machine."""
    try:
        return dns.resolver.Resolver()
    except dns.exception.DNSException as err:
        return NoAnswer(f"this machine knows no name server ({err})")


def lookup(asked: dns.resolver.Resolver | NoAnswer, name: str, kind: str) -> Records | NoAnswer:
    """The records of one type; none is ()."""
    if isinstance(asked, NoAnswer):
        return asked
    try:
        answer = asked.resolve(name, kind, lifetime=_SECONDS)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return ()
    except dns.resolver.LifetimeTimeout:
        return NoAnswer(f"no name server answered within {_SECONDS:g} seconds")
    except dns.exception.DNSException as err:
        return NoAnswer(f"the name servers could not say ({err})")
    return tuple(_text(record) for record in answer)


def _text(record: Rdata) -> str:
    if hasattr(record, "strings"):
        # one text, cut into strings of 255 octets (RFC 7208, 3.3)
        return b"".join(record.strings).decode("utf-8", "replace")
    return record.to_text().lower().rstrip(".")


def click_once(url: str) -> Page | NoAnswer:
    """Unsubscribe as mail programs do (RFC 8058): one POST, no cookie, no redirect followed."""
    timeout = urllib3.Timeout(connect=_SECONDS, read=_SECONDS)
    with urllib3.PoolManager(timeout=timeout, retries=False) as pool:
        try:
            answer = pool.request(
                "POST",
                url,
                body=b"List-Unsubscribe=One-Click",
                headers={"Content-Type": "application/x-www-form-urlencoded"},
                redirect=False,
                preload_content=False,
            )
        except http.HTTPError as err:
            return NoAnswer(_reason(err))
        answer.close()
        return Page(answer.status, answer.headers.get("Location", ""))


def _reason(err: http.HTTPError) -> str:
    match err:
        case http.NameResolutionError():
            return _unresolved(err.__cause__)
        case http.NewConnectionError():
            return "nothing answers there"
        case http.TimeoutError():
            return f"no answer within {_SECONDS:g} seconds"
        case http.SSLError():
            return f"no secure connection is possible ({err})"
    return f"the connection broke off ({err})"


def _unresolved(cause: BaseException | None) -> str:
    if isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_AGAIN:
        return "its name could not be looked up: no name server answered"
    return "there is no such host"
