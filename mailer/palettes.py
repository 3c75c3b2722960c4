"""Palettes of the pages, made from the brand's own colors so that words on them can always be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.colors import ink_on, mix, readable

if TYPE_CHECKING:
    from mailer.config import Colors

_DARK = {"background": "#101415", "surface": "#1a2022", "text": "#e9edeb", "muted": "#a9b3b1"}


def light(colors: Colors) -> dict[str, str]:
    return _complete(
        {
            "background": colors.background,
            "surface": colors.surface,
            "text": readable(colors.text, colors.surface),
            "muted": readable(
                readable(colors.muted, colors.surface), colors.background, ink_on(colors.background)
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
        "on_button": ink_on(link),
        "accent": readable(colors.accent, base["surface"]),
        "header": readable(colors.primary, base["background"]),
        "line": mix(base["text"], base["surface"], 45),
    }
