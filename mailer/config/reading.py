"""mailer.toml is found, read and validated; every error has its line."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

from pydantic import ValidationError

from mailer import toml_mistakes
from mailer.config.project import Project
from mailer.config.settings import Settings
from mailer.errors import ConfigError, Place, suggest
from mailer.schema import explain

if TYPE_CHECKING:
    from pathlib import Path


FILE = "mailer.toml"


def find_root(start: Path) -> Path:
    """The nearest folder, from `start` upwards, that holds mailer.toml."""
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return folder
    raise ConfigError(
        f"no {FILE} in {start} or any folder above it",
        hint="Change into your project's folder, or name it with --project DIR.",
    )


def load(root: Path) -> Project:
    """Read and validate `root`/mailer.toml.

    Raises:
        ConfigError: with path and line, for TOML that does not parse and keys or values the schema
            does not allow.
    """
    path = root / FILE
    try:
        # Notepad begins a file with a byte order mark
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as err:
        raise ConfigError(
            f"there is no {FILE} in {root}", hint="Name your project's folder with --project DIR."
        ) from err
    except OSError as err:
        raise ConfigError(
            f"cannot be read: {err.strerror}",
            place=Place(FILE),
            hint="Check the file's permissions.",
        ) from err
    except UnicodeDecodeError as err:
        raise ConfigError(
            "is not UTF-8 text", place=Place(FILE), hint="Save it as UTF-8 in your editor."
        ) from err
    return Project(root, parse(text))


def parse(text: str) -> Settings:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as err:
        position = re.search(r"line (\d+)", str(err))
        line = int(position[1]) if position else text.count("\n") + 1
        message, hint = toml_mistakes.explained(str(err).partition(" (at")[0].lower(), line, text)
        raise ConfigError(message, place=Place(FILE, line), hint=hint) from err
    try:
        settings = Settings.model_validate(table)
    except ValidationError as err:
        raise explain(err, Settings, lambda where: Place(FILE, _line_of(text, where))) from err
    for name, usual in settings.lists.items():
        for key, known in (("sender", settings.senders), ("brand", settings.brands)):
            value = getattr(usual, key)
            if value and value not in known:
                raise ConfigError(
                    f'there is no {key} "{value}"',
                    place=Place(FILE, _line_of(text, ["lists", name, key])),
                    hint=suggest(value, known) or f"Add a section [{key}s.{value}].",
                )
    return settings


def _line_of(text: str, where: list[int | str]) -> int | None:
    """The line of a key: the last part that is written out, looked for below its table's header."""
    line = None
    table: list[str] = []
    names = [str(part) for part in where if isinstance(part, str)]
    for number, content in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", content)
        if header:
            table = [part.strip(" \"'") for part in header[1].split(".")]
            if table == names[: len(table)]:
                line = number
            continue
        key = re.match(r"\s*([\w.\"'-]+)\s*=", content)
        written = [*table, *key[1].replace('"', "").split(".")] if key else []
        if written == names:
            return number
        if written and written == names[: len(written)]:
            line = number  # it holds the key, as { key = … } does
    return line
