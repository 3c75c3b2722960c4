"""Files of secret keys: one key a line, the newest first, for the user who runs mailer alone."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from itertools import pairwise
from typing import TYPE_CHECKING

from mailer.atomic import private_folder
from mailer.errors import ConfigError, Place

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_MIN_KEY = 16
_MIN_DISTINCT = 6
"""Characters; a random key of 16 hexadecimal digits has fewer once in 600 times."""
_COMMON = re.compile(
    r"change[ _-]?(me|this|it)|pass(word|phrase)?|secrets?|keys?|example|default|insecure|replace"
    r"|please|your|qwert(y|z)|admin|letmein|mailer|newsletter|testing|\W|_"
)
"""Words of keys that people think up; what is left of a key is what has to be guessed."""


def read(file: Path) -> list[str]:
    """The keys of a file, which is made with a random one where it is not there.

    Raises:
        ConfigError: a key is empty or short, or the file cannot be read or made.
    """
    try:
        if not file.exists():
            _create(file)
        text = file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigError(
            f"the secret key cannot be read or made: {err}",
            place=Place(str(file)),
            hint="Restore the file from your backup, or set MAILER_SECRET_KEYS. With a new key, "
            "links in mail already sent stop working.",
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


def _create(file: Path) -> None:
    """Whole or not at all, and only one of several processes that start together."""
    private_folder(file.parent)
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(secrets.token_urlsafe(32) + "\n")
    try:
        with contextlib.suppress(FileExistsError):
            os.link(draft, file)
    finally:
        draft.unlink()
