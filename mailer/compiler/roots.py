"""The symbols that a campaign begins with: `recipient` and `links`."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from mailer.compiler.slots import column
from mailer.compiler.symbolic import Symbol
from mailer.links import LINKS, PERSONAL, SIGN
from mailer.lists.subscriber import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mailer.campaigns.lookups import LookupTable, Row
    from mailer.compiler.recorder import Recorder
    from mailer.compiler.slots import Recipient


def _subscriber_shape(tables: Mapping[str, LookupTable], fields: frozenset[str]) -> dict[str, Any]:
    shape: dict[str, Any] = {name: _column_shape(name) for name in (*COLUMNS, "tags")}
    further = {name: _column_shape(f"fields.{name}") for name in fields}
    lookups = {name: _lookup_shape(name, table) for name, table in tables.items()}
    shape["fields"] = ("recipient.fields", operator.attrgetter("subscriber.fields"), further)
    shape["lookups"] = ("recipient.lookups", _whole(lookups), lookups)
    return shape


def _whole(shape: Mapping[str, Any]) -> Callable[[Recipient], dict[str, Any]]:
    """All that may be asked, as plain data, so that code which gets the whole sees no more than that."""
    return lambda recipient: {name: entry[1](recipient) for name, entry in shape.items()}


def _column_shape(name: str) -> tuple[str, Callable[[Recipient], Any], None, frozenset[str]]:
    return f"recipient.{name}", column(name), None, frozenset({name})


def _lookup_shape(
    name: str, table: LookupTable
) -> tuple[str, Callable[[Recipient], Any], Any, Any]:
    text = f"recipient.lookups.{name}"
    reads = frozenset(key if key in COLUMNS else f"fields.{key}" for key in table.key)
    if table.many:
        return text, lambda r: r.rows(table), [dict.fromkeys(table.columns)], reads

    def row(recipient: Recipient) -> Row:
        rows = recipient.rows(table)
        return rows[0] if rows else {}

    columns = {
        column: (f"{text}.{column}", lambda r, column=column: row(r).get(column, ""), None, reads)
        for column in table.columns
    }
    return text, row, columns, reads


def roots(
    recorder: Recorder,
    tables: Mapping[str, LookupTable],
    fields: frozenset[str],
    petitions: Iterable[str] = (),
) -> dict[str, Symbol]:
    """Return `recipient` and `links` for one run; `links.sign` holds the links of petitions, by name."""
    shape = _subscriber_shape(tables, fields)
    links: dict[str, Any] = {
        name: (
            f"links.{name}",
            operator.attrgetter(f"links.{name}"),
            None,
            None if name in PERSONAL else frozenset(),
        )
        for name in LINKS
    }
    sign = {name: _sign_link(name) for name in petitions}
    links["sign"] = ("links.sign", _whole(sign), sign)
    return {
        "recipient": Symbol(recorder, "recipient", _whole(shape), shape),
        "links": Symbol(recorder, "links", _whole(links), links),
    }


def _sign_link(petition: str) -> tuple[str, Callable[[Recipient], Any], None, None]:
    return f"links.{SIGN}{petition}", lambda r: r.links and r.links.sign(petition), None, None
