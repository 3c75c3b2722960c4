"""Time zones by the names people write."""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from mailer.errors import suggest


@cache
def find_zone(name: str) -> ZoneInfo | None:
    """A zone by its name in the tz database; None for any other word."""
    # what has no slash is there for old programs' sake: EST, for one, has no daylight-saving time
    is_usable = name in _names() and ("/" in name or name == "UTC")
    return ZoneInfo(name) if is_usable else None


_COMMON = {
    "America/New_York": ("ET", "EST", "EDT", "EASTERN"),
    "America/Chicago": ("CT", "CST", "CDT", "CENTRAL"),
    "America/Denver": ("MT", "MST", "MDT", "MOUNTAIN"),
    "America/Los_Angeles": ("PT", "PST", "PDT", "PACIFIC"),
    "America/Anchorage": ("AKT", "AKST", "AKDT", "ALASKA"),
    "Pacific/Honolulu": ("HT", "HST", "HAWAII"),
}
"""What people call a zone. These are suggested, not taken: EST is not what New York has in July."""


@cache
def _names() -> frozenset[str]:
    # it goes through the folders of the database at each call
    return frozenset(available_timezones())


def hint_for_zone(name: str) -> str:
    """Suggest the zone that a wrong name may stand for."""
    common = next((zone for zone, names in _COMMON.items() if name.upper() in names), "")
    if common:
        return f'Did you mean "{common}"?'
    near = suggest(name, (zone for zone in _names() if "/" in zone))
    return near if near.startswith("Did") else "Write it as in America/New_York or Europe/Lisbon."
