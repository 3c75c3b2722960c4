"""Importing rows of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from mailer.lists.import_row import ImportRow, ImportTotals, StoredRow


class Imports(Protocol):
    def import_rows(
        self,
        list_name: str,
        rows: Iterable[ImportRow],
        *,
        source: str,
        now: datetime,
        dry_run: bool = False,
        on_stored: Callable[[StoredRow], None] | None = None,
    ) -> ImportTotals:
        """Add or update subscribers and their membership of a list; all of them or none.

        Later non-blank values win; tags and fields are united. Unsubscribed, suppressed and erased
        people stay so. Memory does not grow with the number of rows.
        """
        ...
