"""The rows that an import refused, in a file for staff to correct and import again."""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
from typing import TYPE_CHECKING

from mailer.atomic import atomic_write
from mailer.lists.csv_file import defuse
from mailer.lists.header_mapping import REJECTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from mailer.lists.importing import RejectedRow


class RejectsFile:
    """Collects them in a nameless temporary file, so that a crash leaves none behind.

    Args:
        headings: of the file that is imported.
    """

    def __init__(self, headings: Sequence[str]) -> None:
        self._spool = tempfile.TemporaryFile()  # noqa: SIM115 - `close` closes it
        self._text = io.TextIOWrapper(self._spool, "utf-8-sig", newline="")
        self._rows = csv.writer(self._text)
        self._write((*REJECTS, *headings))
        self.number = 0

    def add(self, rejected: RejectedRow) -> None:
        self.number += 1
        position = str(rejected.row), str(rejected.line)
        self._write((*position, rejected.reason, rejected.why, *rejected.cells))

    def _write(self, cells: Iterable[str]) -> None:
        self._rows.writerow(map(defuse, cells))

    def save(self, path: Path) -> None:
        """Put the file in its place; without rejects, take away the one of an earlier import."""
        if not self.number:
            path.unlink(missing_ok=True)
            return
        self._text.flush()
        self._spool.seek(0)
        with atomic_write(path, private=True) as file:
            shutil.copyfileobj(self._spool, file)

    def close(self) -> None:
        self._text.close()
