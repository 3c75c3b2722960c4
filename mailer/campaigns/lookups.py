"""Look-ups: a CSV keyed by what is known of a subscriber."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING

from mailer.errors import CampaignError, Place, suggest
from mailer.lists.subscriber import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mailer.lists.subscriber import Subscriber

Row = dict[str, str]


@dataclass(frozen=True)
class LookupTable:
    """Rows by key. With `many` a key has a list of rows; without, exactly one."""

    key: tuple[str, ...]
    columns: tuple[str, ...]
    many: bool
    rows: Mapping[tuple[str, ...], list[Row]]

    @cached_property
    def _getters(self) -> list[Callable[[Subscriber], str]]:
        return [_getter(name) for name in self.key]

    def find(self, subscriber: Subscriber) -> list[Row]:
        return self.rows.get(tuple([_fold(get(subscriber)) for get in self._getters]), [])


def read_table(path: str, text: str, key: Sequence[str], *, many: bool) -> LookupTable:
    """Parse a look-up.

    Raises:
        CampaignError: no header, a key column that is not there, a row of the wrong length, or two
            rows for one key where one is expected; with path and line.
    """
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), restkey="", strict=True)
    rows: dict[tuple[str, ...], list[Row]] = {}
    try:
        columns = tuple(name.strip() for name in reader.fieldnames or ())
        reader.fieldnames = list(columns)
        _check_key(path, key, columns)
        for row in reader:
            if None in row.values() or "" in row:
                raise CampaignError(
                    f"the row does not have {len(columns)} cells",
                    place=Place(path, reader.line_num),
                    hint="Put a value that holds a comma in double quotes.",
                )
            clean = {name: value.strip() for name, value in row.items()}
            entries = rows.setdefault(tuple(_fold(clean[name]) for name in key), [])
            if entries and not many:
                raise CampaignError(
                    f"there is already a row for {', '.join(clean[name] for name in key)}",
                    place=Place(path, reader.line_num),
                    hint="Keep one of them, or set many = true for this look-up in mailer.toml.",
                )
            entries.append(clean)
    except csv.Error as err:
        raise CampaignError(
            f"is not a CSV file: {err}",
            place=Place(path, reader.line_num),
            hint="Save it again as CSV (UTF-8) from your spreadsheet.",
        ) from err
    return LookupTable(tuple(key), columns, many, rows)


def _check_key(path: str, key: Sequence[str], columns: Sequence[str]) -> None:
    for name in key:
        if name not in columns:
            raise CampaignError(
                f'has no column "{name}", which mailer.toml names as its key',
                place=Place(path, 1),
                hint=suggest(name, columns) or "The first line must name the columns.",
            )


def _getter(name: str) -> Callable[[Subscriber], str]:
    if name in COLUMNS:
        return attrgetter(name)
    return lambda subscriber: subscriber.fields.get(name, "")


@lru_cache(maxsize=50_000)
def _fold(text: str) -> str:
    """Keys match in any case and with any space around them."""
    return text.strip().casefold()
