"""Colors of the pages, made from the brand's own so that words on them can always be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailer.config import Colors

LEAST = 4.5
"""Contrast of text, WCAG 2 level AA."""

_DARK = {"background": "#101415", "surface": "#1a2022", "text": "#e9edeb", "muted": "#a9b3b1"}


def light(colors: Colors) -> dict[str, str]:
    return _complete(
        {
            "background": colors.background,
            "surface": colors.surface,
            "text": readable(colors.text, colors.surface),
            "muted": readable(
                readable(colors.muted, colors.surface), colors.background, _ink(colors.background)
            ),
        },
        colors,
    )


def dark(colors: Colors) -> dict[str, str]:
    return _complete(_DARK, colors)


def _complete(base: dict[str, str], colors: Colors) -> dict[str, str]:
    link = readable(colors.primary, base["surface"])
    return base | {
        "link": link,
        "button": link,
        "on_button": _ink(link),
        "accent": readable(colors.accent, base["surface"]),
        "header": readable(colors.primary, base["background"]),
        "line": mix(base["text"], base["surface"], 45),
    }


def readable(color: str, background: str, towards: str = "") -> str:
    """The color, darkened or lightened as far as it takes to be read on a background."""
    towards = towards or _ink(background)
    blends = (mix(color, towards, share) for share in range(0, 100, 5))
    return next((c for c in blends if contrast(c, background) >= LEAST), towards)


def _ink(background: str) -> str:
    return max("#000000", "#ffffff", key=lambda ink: contrast(ink, background))


def mix(color: str, other: str, share: int) -> str:
    """Blend in `share` percent of another color."""
    parts = zip(_rgb(color), _rgb(other), strict=True)
    return "#" + "".join(f"{(a * (100 - share) + b * share) // 100:02x}" for a, b in parts)


def contrast(color: str, other: str) -> float:
    """As WCAG 2 defines it, 1 to 21."""
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
