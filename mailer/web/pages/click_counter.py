"""Counts clicks, without a trace of who clicked."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from mailer.errors import MailerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mailer.store.recipients import RecipientStore
    from mailer.web.pages.group_commit import GroupCommit


class ClickCounter:
    """Counts clicks and writes them down behind the readers' backs, many at once.

    Nobody waits for it, and a burst of clicks takes no place from those who unsubscribe. A server that
    dies forgets the clicks since its last write, some milliseconds' worth.

    Args:
        writer: to the database.
    """

    def __init__(self, writer: GroupCommit) -> None:
        self._writer = writer
        self._clicks: Counter[int] = Counter()
        self._writing: asyncio.Task[None] | None = None

    def pass_through(self, link_id: int) -> None:
        self._clicks[link_id] += 1
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        while self._clicks:
            clicks, self._clicks = self._clicks, Counter()
            try:
                await self._writer.write(_step(clicks))
            except MailerError:
                # with the next click, when the database may be well again
                self._clicks.update(clicks)
                return

    async def close(self) -> None:
        """Write what is left."""
        if self._writing:
            await self._writing


def _step(clicks: Mapping[int, int]) -> Callable[[RecipientStore], None]:
    return lambda store: store.clicked(clicks)
