"""Color math: colors laid over one another, blended, and compared. Text is a color as "#1f5c4d"."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

LEAST = 4.5
"""Contrast of text, WCAG 2 level AA."""


class Color(NamedTuple):
    """sRGB, each from 0 to 1."""

    red: float
    green: float
    blue: float
    alpha: float = 1.0

    def over(self, below: Color, share: float = 1.0) -> Color:
        """Blend over an opaque color."""
        a = self.alpha * share
        pairs = zip(self[:3], below[:3], strict=True)
        return Color(*(a * mine + (1 - a) * other for mine, other in pairs))

    @property
    def hex(self) -> str:
        return _hex(self[:3])


@lru_cache(maxsize=4096)
def _hex(parts: tuple[float, ...]) -> str:
    return "#" + "".join(f"{round(255 * min(max(part, 0), 1)):02x}" for part in parts)


def readable(color: str, background: str, toward: str = "") -> str:
    """The color, darkened or lightened as far as it takes to be read on a background."""
    toward = toward or ink_on(background)
    blends = (mix(color, toward, share) for share in range(0, 100, 5))
    return next((c for c in blends if contrast(c, background) >= LEAST), toward)


def ink_on(background: str) -> str:
    """Black or white, whichever is easier to read on a background."""
    return max("#000000", "#ffffff", key=lambda ink: contrast(ink, background))


def mix(color: str, other: str, share: int) -> str:
    """Blend in `share` percent of another color."""
    parts = zip(_rgb(color), _rgb(other), strict=True)
    return "#" + "".join(f"{(a * (100 - share) + b * share) // 100:02x}" for a, b in parts)


def contrast(color: str, other: str) -> float:
    """The contrast ratio of WCAG 2, 1 to 21."""
    low, high = sorted((_luminance(color), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: str) -> float:
    linear = [
        v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - of WCAG 2
        for v in (part / 255 for part in _rgb(color))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _rgb(color: str) -> tuple[int, ...]:
    return tuple(int(color[i : i + 2], 16) for i in (1, 3, 5))
