"""Colors as CSS writes them, and as they look on one another."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from tinycss2 import color4


class CssColor(NamedTuple):
    """sRGB, each from 0 to 1."""

    red: float
    green: float
    blue: float
    alpha: float = 1.0

    def over(self, below: CssColor, share: float = 1.0) -> CssColor:
        """As it looks on an opaque color."""
        a = self.alpha * share
        pairs = zip(self[:3], below[:3], strict=True)
        return CssColor(*(a * mine + (1 - a) * other for mine, other in pairs))

    @property
    def hex(self) -> str:
        return "#" + "".join(f"{round(255 * min(max(part, 0), 1)):02x}" for part in self[:3])


@lru_cache(maxsize=1024)
def parse_css_color(value: str) -> CssColor | None:
    """None for what is no color of its own."""
    if not value:
        return None
    try:
        parsed = color4.parse_color(value)
        if not isinstance(parsed, color4.Color):
            return None
        parts = [part or 0.0 for part in parsed.to("srgb")]
    except (NotImplementedError, ArithmeticError, ValueError, TypeError, RecursionError):
        return None  # nonsense, or a color space that mail programs do not know either
    return CssColor(*parts)
