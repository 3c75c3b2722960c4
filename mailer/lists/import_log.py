"""Imports by their numbers, and what undoing one changes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LoggedImport:
    number: int
    at: str
    list_name: str
    file: str
    """The path as the user typed it."""
    source: str
    new: int
    updated: int
    undone: str
    """When it was undone, "" if it was not."""


@dataclass(frozen=True, slots=True)
class UndoPlan:
    """What undoing an import changes, and what forbids it. Counts are people."""

    forgotten: int = 0
    """New with the import, and on no other list."""
    removed: int = 0
    """Taken off the list that they joined with the import."""
    restored: int = 0
    """People whose details become what they were."""
    resubscribed: int = 0
    """People who are on the list again, which the import took them off."""
    unsuppressed: int = 0
    """Addresses that are no longer suppressed by the import."""
    mailed: int = 0
    """Mailed through the list since: then the import cannot be undone."""
    later: tuple[int, ...] = ()
    """Numbers of later imports into the list: they have to be undone first."""
