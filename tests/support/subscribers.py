"""Importing people into a store, and looking at who is in it."""

from datetime import UTC, datetime

from mailer.lists.import_row import ImportRow

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
LATER = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)


def bring(store, *rows, to="members", source="form", now=NOW, **options):
    return store.imports.import_rows(to, rows, source=source, now=now, **options)


def row(email, number=1, **values):
    return ImportRow(number, f"{email}@example.org", **values)


def contents(store):
    """Every row that describes people, as the database has it."""
    tables = ("subscribers", "lists", "memberships", "suppressions", "field_names")
    return {name: sorted(store.database.rows(f"SELECT * FROM {name}")) for name in tables}


def audience(store, list_name="members"):
    return [
        subscriber.email.partition("@")[0] for subscriber in store.subscribers.audience(list_name)
    ]


def subscriber(store, email):
    return store.subscribers.history(f"{email}@example.org").subscriber
