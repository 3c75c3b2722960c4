"""Rate limits for requests that send mail."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from typing import TYPE_CHECKING

from mailer import throttle

if TYPE_CHECKING:
    from mailer.throttle import Bucket

PER_HOUR = 20
BURST = 10
_REMEMBERED = 50_000


class RateLimits:
    """Rate limit for each client, kept in memory only, so that no record of clients remains."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def allows(self, client: str, now: float) -> bool:
        """Count a request, and return False when this client is over the limit.

        Args:
            client: an IP address, or anything.
            now: seconds.
        """
        key = _network(client)
        bucket, wait = throttle.reserve(
            self._buckets.get(key), 1, rate=PER_HOUR / 3600, burst=BURST, now=now
        )
        if wait > 0:
            return False
        self._buckets[key] = bucket
        self._buckets.move_to_end(key)
        if len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)
        return True


def _network(client: str) -> str:
    """Return the address, or the /64 network of an IPv6 address, which one household has whole."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    if address.version == 6:  # noqa: PLR2004 - the version's name
        return str(ipaddress.ip_network((address, 64), strict=False))
    return client
