"""Keyed hashes of addresses, by which an erased address is recognized without being kept.

Their keys live longer than those of the links: a links' key is retired when it has leaked, and an erased
person has to stay erased for as long as the database is used.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from mailer import key_files
from mailer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path


def address_hashes(keys: Sequence[str]) -> Callable[[str], list[str]]:
    """A function from an address to its hash under each key, the first key's first."""
    return lambda email: [
        hmac.digest(key.encode(), b"mailer.lists.address:" + email.encode(), "sha256").hex()
        for key in keys
    ]


def load(file: Path, *, earlier: Iterable[str] = ()) -> list[str]:
    """Keys of the hashes, from a file that is made on first use.

    Args:
        file: the file of keys; the first one marks, all recognize.
        earlier: the links' keys, which marked addresses before there was such a file. A new file keeps
            them, so that they can be retired. Where no file can be made, as on a disk that is read
            only, no mark is made either, and they recognize those that are there.

    Raises:
        ConfigError: the file cannot be read, or a key in it is short or can be guessed.
    """
    earlier = list(earlier)
    try:
        return key_files.read(file, earlier)
    except ConfigError:
        if file.exists() or not earlier:
            raise
        return earlier
