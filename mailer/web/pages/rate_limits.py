"""Rate limits for requests that send mail, counted in the store for all page servers together."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailer.links import Keys
    from mailer.store import Store
    from mailer.web.pages.group_commit import GroupCommit

PER_HOUR = 20
BURST = 10


class RateLimits:
    """Rate limit for each client. Of a client, the store has a keyed hash, and not for long.

    Args:
        store: for reading: a flood of requests that are refused keeps nobody from writing.
        group_commit: for writing.
        keys: of this installation, the same on all servers.
        seconds: the time, in seconds since 1970.
    """

    def __init__(
        self, store: Store, group_commit: GroupCommit, keys: Keys, seconds: Callable[[], float]
    ) -> None:
        self._store = store
        self._group_commit = group_commit
        self._keys = keys
        self._seconds = seconds

    async def allows(self, client: str) -> bool:
        """Count a request, and return False when this client is over the limit.

        Args:
            client: an IP address, or anything.
        """
        mark = self._keys.mark(_network(client))
        rate, burst, clock = PER_HOUR / 3600, BURST, self._seconds
        if self._store.visitors.is_limited(mark, rate=rate, burst=burst, clock=clock):
            return False
        return await self._group_commit.write(
            lambda store: store.visitors.count(mark, rate=rate, burst=burst, clock=clock)
        )


def _network(client: str) -> str:
    """Return the address, or the /64 network of an IPv6 address, which one household has whole."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    # as a server that listens for both names a client of IPv4 (RFC 4291, 2.5.5.2)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))
