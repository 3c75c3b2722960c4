"""Names as files write them: full names split where that is safe, damaged letters mended or found."""

from __future__ import annotations

import html
import re
from functools import lru_cache

from mailer.lists.translation import is_in_unspaced_script

_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#x[0-9a-fA-F]{1,6}|[a-zA-Z]{2,12}[0-9]{0,2});")
# What UTF-8 looks like when it is read as Windows-1252: a lead byte, then continuation bytes.
_MOJIBAKE = re.compile("[\u00c2-\u00f4][\u0080-\u00bf\u0152-\u0178\u0192\u02c6\u02dc\u2013-\u2122]")
_DAMAGED = re.compile(
    "\ufffd|(?<=[^\\W\\d_])\\?+(?=[^\\W\\d_])|\u00c3[^A-Z\\s]|\u00c2[\u00a0-\u00bf]|\u00e2\u20ac"
)
_PARTICLE = re.compile(
    "da|de|del|della|der|di|do|dos|du|el|la|le|las|los|san|st|ten|ter|van|von|zu|bin|ibn|al"
)
_NO_NAME = re.compile(
    "dr|mr|mrs|ms|mx|miss|prof|rev|hon|sen|rep|sir|jr|sr|ii|iii|iv|phd|md|esq|fr|and"
    "|inc|llc|co|corp|corporation|ltd|company|foundation|association|alliance|coalition|network"
    "|society|club|team|group|council|committee|department|office|school|university|library|museum"
    "|hospital|institute|center|centre|fund|trust|city|county|community|family|household|estate"
    "|friends|anonymous|unknown|donor|members?|volunteers?|test"
)
"""Titles, degrees, and words of organizations and couples: nobody is greeted by one of them."""
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019.-][^\W\d_]+)*\.?")
_BYTES = {chr(byte): byte for byte in range(0x80, 0x100)} | {
    bytes([byte]).decode("cp1252"): byte
    for byte in range(0x80, 0xA0)
    if byte not in {0x81, 0x8D, 0x8F, 0x90, 0x9D}
}


def mend(text: str) -> str:
    """Text whose letters were damaged on the way here, right again where that is certain.

    HTML entities (`O&#39;Brien`) and UTF-8 that was read as Windows-1252 (`JosÃ©`).
    """
    if "&" in text:
        text = _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
    return _repaired(text) if not text.isascii() and _MOJIBAKE.search(text) else text


def is_mendable(text: str) -> bool:
    """Whether `mend` may have something to do: for most rows, no."""
    return ("&" in text and ";" in text) or (not text.isascii() and bool(_MOJIBAKE.search(text)))


def _repaired(text: str) -> str:
    try:
        data = b"".join(
            char.encode("ascii") if char.isascii() else bytes([_BYTES[char]]) for char in text
        )
        return data.decode("utf-8")
    except (KeyError, UnicodeDecodeError):
        return text


def is_damaged(text: str) -> bool:
    """Whether a name has lost letters for good: `Mar?a`, `Jos\ufffd`."""
    return (not text.isascii() or "?" in text) and bool(_DAMAGED.search(text))


@lru_cache(maxsize=1_000)
def split_name(text: str) -> tuple[str, str]:
    """First and last name of a full name; two blanks where it is not certain which is which.

    `Ana Fern`, `Lunt, Bo`, `Ana B. Fern` and `Uta von Berg` are certain; `Mary Ann Lee`, titles,
    couples, organizations and Chinese, Japanese and Korean names are not.
    """
    last, comma, first = (part.strip() for part in text.partition(","))
    words = text.replace(",", " ").split()
    if is_in_unspaced_script(text):
        return "", ""  # the family name comes first
    if any(
        not _WORD.fullmatch(word) or _NO_NAME.fullmatch(word.lower().strip(".")) for word in words
    ):
        return "", ""
    if comma:
        return (first, last) if last and _is_first_name(first, last) else ("", "")
    if len(words) > 2 and len(words[1].rstrip(".")) == 1:  # noqa: PLR2004 - a middle initial
        del words[1]
    if len(words) == 2 or (len(words) > 2 and _PARTICLE.fullmatch(words[1].lower())):  # noqa: PLR2004
        return words[0], " ".join(words[1:])
    return "", ""


def _is_first_name(first: str, last: str) -> bool:
    """Whether what follows a comma is a first name, and no degree: `Ana Fern, RN`."""
    is_degree = first.replace(".", "").isupper() and not last.isupper()
    return bool(first) and "," not in first and not is_degree
