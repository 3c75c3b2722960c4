"""Colors as CSS writes them."""

from __future__ import annotations

from functools import lru_cache

from tinycss2 import color4

from mailer.colors import Color


@lru_cache(maxsize=1024)
def parse_css_color(value: str) -> Color | None:
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
    return Color(*parts)
