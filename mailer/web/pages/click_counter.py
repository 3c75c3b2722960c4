"""Counts clicks on links, without any record of the person."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from mailer.errors import MailerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mailer.store import Store
    from mailer.web.pages.group_commit import GroupCommit


class ClickCounter:
    """Counts clicks in memory and writes them in batches.

    A redirect does not wait for the write, and a burst of clicks does not delay unsubscribes. A server
    that dies loses the clicks since its last write, some milliseconds' worth.

    Args:
        writer: to the database.
    """

    def __init__(self, group_commit: GroupCommit) -> None:
        self._writer = group_commit
        self._clicks: Counter[int] = Counter()
        self._writing: asyncio.Task[None] | None = None

    def count(self, link_id: int) -> None:
        self._clicks[link_id] += 1
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        while self._clicks:
            clicks, self._clicks = self._clicks, Counter()
            try:
                await self._writer.write(_step(clicks))
            except MailerError:
                # tried again with the next click
                self._clicks.update(clicks)
                return

    async def close(self) -> None:
        """Write the remaining clicks."""
        if self._writing:
            await self._writing


def _step(clicks: Mapping[int, int]) -> Callable[[Store], None]:
    return lambda store: store.clicks.add(clicks)
