"""Host names and IP addresses: how they compare, who owns them, and who can reach them."""

from __future__ import annotations

import ipaddress
import re
import socket
from functools import cache, lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from publicsuffixlist import PublicSuffixList

    Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_PRIVATE_SUFFIXES = ("corp", "home", "internal", "intranet", "invalid", "lan", "local", "localhost")
_NUMBER = re.compile(r"(?:.*\.)?(?:0x[0-9a-f]*|[0-9]+)")
"""The last label of an IPv4 address, in any of the ways that browsers read (WHATWG URL, 3.5)."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""Holds an IPv4 address in its last 32 bits (RFC 6052)."""
_INTO_OTHER_NETWORKS = (
    _NAT64,
    ipaddress.IPv6Network("64:ff9b:1::/48"),  # NAT64 of one network (RFC 8215)
    ipaddress.IPv6Network("2002::/16"),  # 6to4 (RFC 3056)
    ipaddress.IPv6Network("2001::/32"),  # Teredo (RFC 4380)
)
"""Addresses that hold an IPv4 address, which may be a private one."""


def ascii_host(host: str) -> str:
    """A host as name servers know it: in lower case, with Punycode for other letters (RFC 5891)."""
    name = unquote(host).rstrip(".").lower()
    if name.isascii():
        return name
    import idna  # noqa: PLC0415 - 40 ms, for a few hosts

    try:
        return idna.encode(name, uts46=True).decode().rstrip(".")
    except idna.IDNAError:
        return name


def with_parents(domain: str) -> Iterator[str]:
    """A domain and the domains above it, but no top-level domain."""
    labels = domain.lower().split(".")
    yield from (".".join(labels[i:]) for i in range(len(labels) - 1))


def ip_address(host: str) -> Address | None:
    """The IP address that a browser takes a host for; None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    name = ascii_host(host)
    if not _NUMBER.fullmatch(name):
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(name))
    except OSError:
        return None


def is_private(host: str) -> bool:
    """Whether a host is reachable from one machine or one network only, or from none."""
    address = ip_address(host)
    if address:
        return not is_public(address)
    name = ascii_host(host)
    return "." not in name or name.endswith(tuple(f".{end}" for end in _PRIVATE_SUFFIXES))


def is_public(address: Address) -> bool:
    """Whether an IP address belongs to one machine on the public internet."""
    tunnels = address.version == 6 and any(address in net for net in _INTO_OTHER_NETWORKS)  # noqa: PLR2004 - IPv6
    return address.is_global and not address.is_multicast and not tunnels


def is_public_peer(text: str) -> bool:
    """Whether the other end of a connection is public.

    An IPv6-only network reaches all IPv4 hosts through NAT64: the address inside decides.
    """
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address) and address in _NAT64:
        return is_public(ipaddress.IPv4Address(address.packed[-4:]))
    return is_public(address)


def is_loopback(host: str) -> bool:
    address = ip_address(host)
    if address:
        return address.is_loopback
    return re.search(r"(?:^|\.)localhost$", ascii_host(host)) is not None


def same_owner(host: str, other: str) -> bool:
    """Whether two hosts are below one registered domain, by the Public Suffix List."""
    host, other = ascii_host(host), ascii_host(other)
    return host == other or _registered(host) == _registered(other)


@lru_cache(maxsize=1024)
def _registered(host: str) -> str:
    """The part of a host that its owner registered; all of it where there is no such part."""
    return host if ip_address(host) else _public_suffixes().privatesuffix(host) or host


@cache
def _public_suffixes() -> PublicSuffixList:
    """The list that the package brings along: no network, no cache. It takes 0.1 s to load."""
    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415

    return PublicSuffixList()
