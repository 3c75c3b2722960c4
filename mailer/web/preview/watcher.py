"""Watches campaigns, templates, look-ups and mailer.toml for changes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from watchfiles import awatch

from mailer import config
from mailer.errors import MailerError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection

    from watchfiles import Change

_QUIET = 10
"""Milliseconds without a further change, after which a save is taken to be over."""
_LONGEST = 100
"""Milliseconds that changes are collected at most."""
_AGAIN = 0.5
"""Seconds until the search for folders is repeated."""


class Watcher:
    """File watcher. It does not descend into folders that sends and imports write to.

    Args:
        root: the project's folder.
        on_edit: called with the names of the saved campaigns; with no name for a file that all
            campaigns use.
    """

    def __init__(self, root: Path, on_edit: Callable[[Collection[str]], None]) -> None:
        self._root = root
        self._on_edit = on_edit
        self._folders = (root / "campaigns", root / "templates")

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            stop = asyncio.Event()
            tables = self._tables()
            deep = [folder for folder in self._folders if folder.is_dir()]
            flat = {self._root, *(table.parent for table in tables if table.parent.is_dir())}
            async with asyncio.TaskGroup() as group:
                if deep:
                    group.create_task(self._watch(deep, stop))
                group.create_task(self._watch(flat, stop, tables))
            # for what is saved before the next watch begins
            asyncio.get_running_loop().call_later(_AGAIN, self._on_edit, ())

    def _tables(self) -> set[Path]:
        """Return the files of the look-ups."""
        try:
            lookups = config.load(self._root).settings.lookups
        except MailerError:
            return set()
        return {self._root / lookup.file for lookup in lookups.values()}

    async def _watch(
        self, folders: Collection[Path], stop: asyncio.Event, tables: Collection[Path] | None = None
    ) -> None:
        """Watch until the set of watched files has changed.

        With `tables`, folders are not looked into, and only these files and the project's own count.
        """
        own = {self._root / config.FILE, *self._folders}
        entries = None if tables is None else own | set(tables)
        async for paths in _changes(folders, entries, stop):
            if entries and paths & own:
                stop.set()
            self._on_edit(self._campaigns(paths))

    def _campaigns(self, paths: set[Path]) -> set[str]:
        names = {path.stem for path in paths if path.parent == self._folders[0]}
        return names if len(names) == len(paths) else set()


async def _changes(
    folders: Collection[Path], entries: Collection[Path] | None, stop: asyncio.Event
) -> AsyncIterator[set[Path]]:
    """Changed paths: among the given files, or without files anything below the folders."""

    def matters(_: Change, path: str) -> bool:
        return entries is None or Path(path) in entries

    try:
        async for changes in awatch(
            *folders,
            watch_filter=matters,
            debounce=_LONGEST,
            step=_QUIET,
            stop_event=stop,
            recursive=entries is None,
        ):
            yield {Path(path) for _, path in changes}
    except FileNotFoundError:
        # a folder went while it was looked for
        await asyncio.sleep(_AGAIN)
        stop.set()
