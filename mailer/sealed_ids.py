"""Two ids in one signed text that tells nothing about them.

The ids are encrypted with a keystream that their signature makes (as in SIV, RFC 5297): the same ids
have the same text, and any other text has no signature. Ids that grow would tell how large a list is.
"""

from __future__ import annotations

import hashlib
import hmac
from binascii import Error, a2b_base64, b2a_base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_BITS = 60
"""Of an id; two of them have 15 octets, so that the text ends in a letter: programs that find links in
plain text leave out a "-" or "_" at their end."""
_IDS = 2 * _BITS // 8
_SIGNATURE = 16
LENGTH = 42
"""Characters of a text: letters, digits, "-" and "_"."""

_from_bytes = int.from_bytes
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_BASE64 = bytes.maketrans(b"-_", b"+/")


class Seal:
    """Seals and opens with one key.

    Args:
        key: at most 32 octets.
    """

    def __init__(self, key: bytes) -> None:
        # keyed BLAKE2s (RFC 7693), 128 bits: a third of the time of BLAKE2b for so few octets, a tenth of
        # HMAC's, and half as long in a link
        self.sign = hashlib.blake2s(key=key, digest_size=_SIGNATURE, person=b"sign").copy
        self.encrypt = hashlib.blake2s(key=key, digest_size=_IDS, person=b"encrypt").copy

    def open(self, text: str, subject: str = "") -> tuple[int, int] | None:
        """The two ids; None for anything but a text of this key and subject."""
        if len(text) != LENGTH:
            return None
        try:
            content = a2b_base64(text.encode("ascii").translate(_BASE64) + b"==", strict_mode=True)
        except (Error, UnicodeError):
            return None
        signature = content[:_SIGNATURE]
        encrypt = self.encrypt()
        encrypt.update(signature)
        number = _from_bytes(content[_SIGNATURE:]) ^ _from_bytes(encrypt.digest())
        # compared as a whole: base64 has spare bits in its last character, so that several texts decode alike
        ids = number >> _BITS, number & ((1 << _BITS) - 1)
        if not hmac.compare_digest(seal((self,), *ids, subject)[0], text.encode()):
            return None
        return ids


def seal(seals: Iterable[Seal], first: int, second: int, subject: str = "") -> list[bytes]:
    """Seal two ids of at most 60 bits with each of these. The texts are good for this subject only."""
    # a loop without calls of our own: they took a quarter longer, and three tokens stand in each mail
    number = first << _BITS | second
    signed = number.to_bytes(_IDS)
    if subject:
        signed += subject.encode()
    texts = []
    for key in seals:
        sign, encrypt = key.sign(), key.encrypt()
        sign.update(signed)
        signature = sign.digest()
        encrypt.update(signature)
        content = signature + (number ^ _from_bytes(encrypt.digest())).to_bytes(_IDS)
        texts.append(b2a_base64(content, newline=False).translate(_URL_SAFE)[:LENGTH])
    return texts
