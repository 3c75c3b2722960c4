"""How often one client may ask for something that sends mail."""

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
    """Kept in memory only: who asked is nobody's business tomorrow."""

    def __init__(self) -> None:
        self._meters: OrderedDict[str, Bucket] = OrderedDict()

    def allows(self, client: str, now: float) -> bool:
        """Count a request of this client, if it is not one too many.

        Args:
            client: an IP address, or anything.
            now: seconds.
        """
        key = _network(client)
        meter, wait = throttle.reserve(
            self._meters.get(key), 1, rate=PER_HOUR / 3600, burst=BURST, now=now
        )
        if wait > 0:
            return False
        self._meters[key] = meter
        self._meters.move_to_end(key)
        if len(self._meters) > _REMEMBERED:
            self._meters.popitem(last=False)
        return True


def _network(client: str) -> str:
    """Of IPv6, the first 64 bits: a household has all that begin so."""
    try:
        found = ipaddress.ip_address(client)
    except ValueError:
        return client
    if found.version == 6:  # noqa: PLR2004 - the version's name
        return str(ipaddress.ip_network((found, 64), strict=False))
    return client
