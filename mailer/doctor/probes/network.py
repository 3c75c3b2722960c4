"""Asks name servers and the site. Every question ends within seconds."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import dns.exception
import dns.resolver

from mailer.http_probe import Deadline, HttpProbe, NoAnswer, Response

if TYPE_CHECKING:
    from dns.rdata import Rdata

    from mailer.doctor.facts import Records

_SECONDS = 5.0


def resolver() -> dns.resolver.Resolver | NoAnswer:
    """One that asks the name servers of this machine."""
    try:
        return dns.resolver.Resolver()
    except dns.exception.DNSException as err:
        return NoAnswer(f"this machine knows no name server ({err})")


def lookup(resolver: dns.resolver.Resolver | NoAnswer, name: str, kind: str) -> Records | NoAnswer:
    """The records of one type; none is ()."""
    if isinstance(resolver, NoAnswer):
        return resolver
    try:
        answer = resolver.resolve(name, kind, lifetime=_SECONDS)
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


def click_once(url: str) -> Response | NoAnswer:
    """Unsubscribe as mail programs do (RFC 8058): one POST, no cookie, no redirect followed."""
    with contextlib.closing(HttpProbe(public=False)) as probe:
        return probe.request(
            "POST",
            url,
            Deadline(_SECONDS),
            body=b"List-Unsubscribe=One-Click",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
