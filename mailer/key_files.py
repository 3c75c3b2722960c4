"""Files of secret keys: one key a line, the newest first, for the user who runs mailer alone."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from itertools import pairwise
from typing import TYPE_CHECKING

from mailer.atomic import atomic_write, private_folder
from mailer.errors import ConfigError, Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_MIN_KEY = 16
_MIN_DISTINCT = 6
"""Characters; a random key of 16 hexadecimal digits has fewer once in 600 times."""
_COMMON = re.compile(
    r"change[ _-]?(me|this|it)|pass(word|phrase)?|secrets?|keys?|example|default|insecure|replace"
    r"|please|your|qwert(y|z)|admin|letmein|mailer|newsletter|testing|\W|_"
)
"""Words of keys that people think up; what is left of a key is what has to be guessed."""


def read(file: Path, older: Iterable[str] = ()) -> list[str]:
    """The keys of a file, which is made with a random one where it is not there.

    Args:
        file: the file of keys.
        older: keys that a new file holds after its random one.

    Raises:
        ConfigError: a key is empty or short, or the file cannot be read or made.
    """
    try:
        if not file.exists():
            _create(file, [secrets.token_urlsafe(32), *older])
        text = file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigError(
            f"the secret key cannot be read or made: {err}",
            place=Place(str(file)),
            hint="Restore the file from your backup. With a new key, what the old one signed is no "
            "longer recognized: links in mail already sent, and people who were erased.",
        ) from err
    return check(text.splitlines(), Place(str(file)))


def check(keys: Sequence[str], place: Place) -> list[str]:
    """The keys without blanks around them.

    Raises:
        ConfigError: there is none, or one is short or can be guessed.
    """
    stripped = [key.strip() for key in keys if key.strip()]
    problem = ""
    if not stripped:
        problem = f"holds no secret key of at least {_MIN_KEY} characters"
    elif any(len(key) < _MIN_KEY for key in stripped):
        problem = f"holds a secret key shorter than {_MIN_KEY} characters"
    elif any(_is_weak(key) for key in stripped):
        problem = "holds a secret key that can be guessed"
    if problem:
        hint = 'Make one with: python3 -c "import secrets; print(secrets.token_urlsafe(32))"'
        raise ConfigError(problem, place=place, hint=hint)
    return stripped


def _is_weak(key: str) -> bool:
    """Whether a key repeats itself, counts up or down, or consists of common words."""
    rest = _COMMON.sub("", key.lower())
    steps = [abs(ord(after) - ord(before)) for before, after in pairwise(rest)]
    return (
        len(rest) < _MIN_KEY // 2
        or len(set(rest)) < _MIN_DISTINCT
        or sum(step <= 1 for step in steps) > len(steps) / 2
        or rest == rest[: len(rest) // 2] * 2
    )


def rotate(file: Path) -> None:
    """Put a new random key before those of a file, which are kept.

    Raises:
        ConfigError: the file cannot be read or written.
    """
    _write(file, [secrets.token_urlsafe(32), *read(file)])


def add(file: Path, keys: Iterable[str]) -> None:
    """Put keys after those of a file where they are not among them.

    Raises:
        ConfigError: the file cannot be read or written.
    """
    _write(file, list(dict.fromkeys([*read(file), *keys])))


def _write(file: Path, keys: Iterable[str]) -> None:
    try:
        with atomic_write(file, private=True) as stream:
            stream.write(_lines(keys).encode("ascii"))
    except OSError as err:
        raise ConfigError(
            f"the secret key cannot be written: {err}", place=Place(str(file))
        ) from err


def _lines(keys: Iterable[str]) -> str:
    return "".join(f"{key}\n" for key in keys)


def _create(file: Path, keys: Iterable[str]) -> None:
    """Whole or not at all, and only one of several processes that start together."""
    private_folder(file.parent)
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(_lines(keys))
    try:
        with contextlib.suppress(FileExistsError):
            os.link(draft, file)
    finally:
        draft.unlink()
