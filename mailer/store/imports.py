"""Importing rows of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from mailer.lists.import_log import LoggedImport, UndoPlan
    from mailer.lists.import_row import ImportRow, ImportTotals, StoredRow


class Imports(Protocol):
    def import_rows(
        self,
        list_name: str,
        rows: Iterable[ImportRow],
        *,
        source: str,
        file: str = "",
        now: datetime,
        dry_run: bool = False,
        on_stored: Callable[[StoredRow], None] | None = None,
    ) -> ImportTotals:
        """Add or update subscribers and their membership of a list; all of them or none.

        Later non-blank values win; tags and fields are united. Unsubscribed, suppressed and erased
        people stay so; the file's people who left become so. Memory does not grow with the number of
        rows.

        Args:
            list_name: created if missing.
            rows: in the order of the file.
            source: how new people agreed to get mail.
            file: where the rows come from, for the log of imports.
            now: the time.
            dry_run: count, and change nothing.
            on_stored: called with the outcome of each row, in order.
        """
        ...


class ImportLog(Protocol):
    def imports(self) -> list[LoggedImport]:
        """Every import, the oldest first."""
        ...

    def plan_undo(self, number: int) -> UndoPlan: ...

    def undo(self, number: int, *, now: datetime) -> UndoPlan:
        """Undo the changes of an import that nothing else has changed since.

        With people who were mailed, or later imports into the same list, nothing is changed.
        """
        ...
