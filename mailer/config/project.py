"""The project's folder, and the places inside it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from mailer.config.settings import Settings


class Project:
    """The folder that holds mailer.toml, and the places inside it."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self.root = root
        self.settings = settings

    @property
    def database(self) -> Path:
        """The store's file, where it is not on a server."""
        return self.root / "lists" / "mailer.db"

    @property
    def store(self) -> Path | str:
        """The store: a file, or the address of a PostgreSQL database, which other machines may share."""
        return os.environ.get("MAILER_STORE") or self.settings.store or self.database

    @property
    def secret_key_file(self) -> Path:
        return self.root / "lists" / "secret.key"

    @property
    def address_key_file(self) -> Path:
        return self.root / "lists" / "addresses.key"

    @property
    def junk_file(self) -> Path:
        """What came in as an event and is none."""
        return self.root / "lists" / "events-junk.jsonl"

    @property
    def outbox(self) -> Path:
        return self.root / "outbox"

    @property
    def build(self) -> Path:
        return self.root / "build"

    @property
    def published(self) -> Path:
        """Pictures, resized for mail, under names that never change."""
        return self.root / "published"

    @property
    def petitions(self) -> Path:
        return self.root / "campaigns" / "petitions"

    @property
    def pictures_url(self) -> str:
        """Where published pictures answer, without the slash before a name."""
        return self.settings.images.base_url or f"{self.settings.site.base_url}/i"

    def show(self, path: Path) -> str:
        """A path as staff would type it: relative to the project where it is inside it."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)
