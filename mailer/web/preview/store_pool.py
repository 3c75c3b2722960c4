"""Connections to the store, each in the hands of one thread at a time."""

from __future__ import annotations

import contextlib
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from mailer.store.sqlite import store as sqlite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mailer.store.base import Store


class StorePool:
    def __init__(self, open_store: Callable[[], Store]) -> None:
        self._open_store = open_store
        self._idle: SimpleQueue[Store] = SimpleQueue()

    @contextlib.contextmanager
    def borrow(self) -> Iterator[Store]:
        """Raises StoreError for whatever is wrong with the database."""
        try:
            store = self._idle.get_nowait()
        except Empty:
            store = self._open_store()
        try:
            yield store
        except sqlite.Error as err:
            raise sqlite.problem(err, "read") from err
        finally:
            self._idle.put(store)

    def close(self) -> None:
        """Those that nobody is using."""
        with contextlib.suppress(Empty):
            while True:
                self._idle.get_nowait().close()
