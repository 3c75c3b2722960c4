"""HTML → PDF by WeasyPrint, with fonts for every letter or not at all.

WeasyPrint is an extra, `mailer[pdf]`: it needs Pango, which mailing does not.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Any

from mailer.errors import UsageError

_SHOWN = 12
"""Letters without a font that an error names."""
_INSTALL = 'Install it with: pip install "mailer[pdf]". It also needs Pango; see docs/petitions.md.'


def write(html: str, names: str) -> bytes:
    """Render a document.

    Args:
        html: for print; it loads nothing.
        names: all text that must be readable.

    Raises:
        UsageError: WeasyPrint or Pango is missing, or no font has some letters.
    """
    try:
        import weasyprint  # noqa: PLC0415 - an extra
    except (ImportError, OSError) as err:
        raise UsageError("PDF needs WeasyPrint, which is not here", hint=_INSTALL) from err
    missing = "".join(sorted(without_font(names, covered())))
    if missing:
        raise UsageError(
            f"no font on this machine has {' '.join(missing[:_SHOWN])}",
            hint="Install fonts for these letters, such as fonts-noto-core and fonts-noto-cjk.",
        )
    document = weasyprint.HTML(string=html, url_fetcher=_refuse)
    pdf: bytes = document.write_pdf()
    return pdf


def _refuse(url: str, *_: Any, **__: Any) -> Any:
    raise ValueError(f"{url} is not loaded: a petition's document holds no pictures")


def covered() -> list[range]:
    """The code points that fontconfig's fonts have; everything where fontconfig cannot be asked."""
    program = shutil.which("fc-list")
    if program is None:
        return [range(0x110000)]
    listing = subprocess.run(  # noqa: S603 - no argument is from outside
        [program, "--format", "%{charset}\n"], capture_output=True, text=True, check=False
    ).stdout
    spans = set(re.findall(r"[0-9a-f]+(?:-[0-9a-f]+)?", listing))
    return [_span(span) for span in spans] or [range(0x110000)]


def _span(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first, 16), int(last or first, 16) + 1)


def without_font(text: str, fonts: list[range]) -> set[str]:
    """The visible letters of a text that no font has."""
    letters = {letter for letter in text if letter.isprintable() and not letter.isspace()}
    return {letter for letter in letters if not any(ord(letter) in span for span in fonts)}
