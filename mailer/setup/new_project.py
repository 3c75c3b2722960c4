"""A new project: settings, folders, and what version control must not hold."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from mailer import config
from mailer.atomic import PRIVATE_FOLDER
from mailer.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_SKELETON = Path(__file__).parent / "skeleton"
_FILES = {config.FILE: "mailer.toml", ".gitignore": "gitignore"}
_FOLDERS = ("campaigns/images", "lists/lookups", "templates")
_KEYS = {"name": "brand.name", "email": "sender.email", "base_url": "site.base_url"}
"""Where the schema names what a person was asked for by another name."""


@dataclass(frozen=True)
class Organization:
    """What every project must know."""

    name: str
    email: str
    """The address that mail comes from."""
    address: str
    """Postal."""
    base_url: str
    """The address of the recipients' pages."""


EXAMPLE = Organization(
    name="Example Organization",
    email="news@example.org",
    address="PO Box 1, Anytown, OR 97000",
    base_url="https://mail.example.org",
)
"""Stands in where nobody can be asked. The address is none, so `doctor` warns of it."""


def create(root: Path, organization: Organization) -> list[str]:
    """Write a project into a folder, which is made if need be.

    Returns:
        What was written, as paths inside the folder.

    Raises:
        UsageError: a value cannot be used, the folder holds a project, or it cannot be written.
            Nothing is written then.
    """
    texts = {name: _fill(file, organization) for name, file in _FILES.items()}
    _validate(texts[config.FILE])
    for name in texts:
        if (root / name).exists():
            raise UsageError(
                f"{root / name} is there already",
                hint="Name a new folder. A project that exists is never written over.",
            )
    try:
        for folder in _FOLDERS:
            (root / folder).mkdir(parents=True, exist_ok=True)
        (root / "lists").chmod(PRIVATE_FOLDER)
        for name, text in texts.items():
            (root / name).write_text(text, encoding="utf-8")
    except OSError as err:
        raise UsageError(
            f"{root} cannot be written: {(err.strerror or str(err)).lower()}",
            hint="Name another folder, or check its permissions.",
        ) from err
    return [*texts, *(f"{folder}/" for folder in _FOLDERS)]


def check(field: str, value: str) -> None:
    """Raise UsageError for a value that settings would refuse."""
    values = {each.name: getattr(EXAMPLE, each.name) for each in fields(Organization)}
    _validate(_fill(_FILES[config.FILE], Organization(**{**values, field: value})))


def _fill(file: str, organization: Organization) -> str:
    text = (_SKELETON / file).read_text(encoding="utf-8")
    return Template(text).safe_substitute(
        {key: _quoted(value) for key, value in _values(organization).items()}
    )


def _values(organization: Organization) -> Mapping[str, str]:
    domain = organization.email.rpartition("@")[2].removeprefix("mail.")
    values = {each.name: getattr(organization, each.name) for each in fields(organization)}
    return {**values, "website": f"https://www.{domain}", "legal": organization.name}


def _quoted(value: str) -> str:
    # a JSON string is a basic string of TOML, but for control characters
    return json.dumps(" ".join(value.split()), ensure_ascii=False)


def _validate(text: str) -> None:
    try:
        settings = config.parse(text)
    except ConfigError as err:
        raise UsageError(err.message, hint=err.hint) from err
    if not (settings.brand.name and settings.brand.address):
        raise UsageError("the organization needs a name and a postal address")
