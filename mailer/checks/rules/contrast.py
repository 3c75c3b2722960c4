"""Whether every word stands out from what is behind it (WCAG 2.2, 1.4.3), in light and in dark mode."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

from mailer.checks.finding import Finding, Severity
from mailer.colors import LEAST, contrast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mailer.checks.rendered_mail import RenderedMail
    from mailer.checks.style.computed import ComputedStyle

CONTRAST = "contrast"

_LEAST_LARGE = 3.0
_LARGE, _LARGE_BOLD = 24, 18.66
"""CSS pixels; 18 and 14 points."""
_TINY = 1
"""CSS pixels of text that nobody sees: a preheader's, or a spacer's."""
_LIGHT_HINT = "Change one of the two colors: in templates/partials/head.mjml, or the brand's own in mailer.toml."
_DARK_HINT = (
    "Change one of the two colors under @media (prefers-color-scheme: dark), in "
    "templates/partials/head.mjml. A text color without a background of its own needs both."
)


class _Pair(NamedTuple):
    ink: str
    ground: str
    need: float


def low_contrast(mail: RenderedMail) -> Iterator[Finding]:
    """Report each pair of colors once, with a text that is shown in it."""
    reported: set[_Pair] = set()
    for looks, mode, hint in (
        (mail.light, "", _LIGHT_HINT),
        (mail.dark, " in dark mode", _DARK_HINT),
    ):
        for pair, written in _pairs(looks).items():
            ratio = contrast(pair.ink, pair.ground)
            if ratio < pair.need and pair not in reported:
                reported.add(pair)
                text = _of_the_author(written, mail)
                yield Finding(
                    CONTRAST,
                    Severity.WARNING,
                    f"“{text}” is hard to read{mode}: {pair.ink} on {pair.ground} has a contrast of "
                    f"{int(ratio * 10) / 10:g}:1, and needs {pair.need:g}:1",
                    hint,
                    mail.place_of_text(text),
                    text,
                )


def _of_the_author(written: Sequence[str], mail: RenderedMail) -> str:
    """Words that have a line, and are the same for everybody; else the first."""
    return next((text for text in written if mail.place(text).line), written[0])


def _pairs(looks: Mapping[Any, ComputedStyle]) -> dict[_Pair, list[str]]:
    texts: dict[_Pair, list[str]] = {}
    for element, look in looks.items():
        text = _text(element) if look.shown and look.size > _TINY else ""
        if text:
            large = look.size >= (_LARGE_BOLD if look.bold else _LARGE)
            need = _LEAST_LARGE if large else LEAST
            texts.setdefault(_Pair(look.ink.hex, look.ground.hex, need), []).append(text)
    return texts


def _text(element: Any) -> str:
    """The first line of an element's own text; of a picture, what stands there while it is off."""
    own = element.get("alt") if element.tag == "img" else element.text
    for text in (own, *(child.tail for child in element)):
        for line in (text or "").splitlines():
            if any(unicodedata.category(sign)[0] not in "ZCM" for sign in line):
                return line.strip()[:60].strip()
    return ""
