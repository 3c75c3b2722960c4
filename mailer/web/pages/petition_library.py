"""The petition files of the project, read again when they change."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

from mailer.campaigns import petition as petition_file
from mailer.compiler import petition_text
from mailer.errors import MailerError

if TYPE_CHECKING:
    from pathlib import Path

    from mailer.campaigns.petition import Petition
    from mailer.compiler.page_words import PageWords
    from mailer.compiler.petition_text import PetitionText

log = logging.getLogger("mailer.web")


class ReadPetition(NamedTuple):
    petition: Petition
    text: PetitionText


class PetitionLibrary:
    """Petitions by name. While a file is being edited and cannot be read, its last version stands.

    Args:
        folder: of the petition files.
        page_words: of the pages.
        language: the organization's.
    """

    def __init__(self, folder: Path, page_words: PageWords, language: str) -> None:
        self._folder = folder
        self._page_words = page_words
        self._language = language
        self._known: dict[str, tuple[tuple[int, int], ReadPetition]] = {}

    def get(self, name: str) -> ReadPetition | None:
        """Return None when there is no such petition."""
        if not petition_file.NAME.fullmatch(name):
            return None
        path = self._folder / f"{name}.md"
        known = self._known.get(name)
        try:
            status = path.stat()
            version = status.st_mtime_ns, status.st_size
            if known is None or known[0] != version:
                petition = petition_file.parse(
                    f"{petition_file.FOLDER}/{name}.md", path.read_text(encoding="utf-8")
                )
                text = petition_text.render(petition, self._page_words, usual=self._language)
                known = version, ReadPetition(petition, text)
                self._known[name] = known
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError, MailerError) as err:
            log.error("petition %s cannot be read: %s", name, err)  # noqa: TRY400 - no traceback
        return known[1] if known else None
