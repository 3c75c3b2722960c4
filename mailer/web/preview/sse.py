"""Server-sent events that tell every open page which files have changed."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

_SECONDS = 20
"""Seconds between keep-alive comments, which reveal a browser that is gone."""


class EventStream:
    """The event streams of all open pages. Use it in the event loop only."""

    def __init__(self) -> None:
        self._readers: set[asyncio.Queue[str | None]] = set()
        self._closed = False

    def edited(self, campaigns: Collection[str]) -> None:
        """Tell pages that these campaigns were saved; () means a file that all campaigns use."""
        self._tell(f"event: edited\ndata: {json.dumps(sorted(campaigns))}\n\n")

    def close(self) -> None:
        """End every stream, and every later one at once."""
        self._closed = True
        self._tell(None)

    def _tell(self, events: str | None) -> None:
        for reader in self._readers:
            reader.put_nowait(events)

    async def stream(self) -> AsyncIterator[str]:
        """Yield events until the server stops or the browser disconnects."""
        reader: asyncio.Queue[str | None] = asyncio.Queue()
        self._readers.add(reader)
        try:
            yield "retry: 500\n\n"
            while not self._closed and (events := await _next(reader)) is not None:
                yield events
        finally:
            self._readers.discard(reader)


async def _next(reader: asyncio.Queue[str | None]) -> str | None:
    try:
        return await asyncio.wait_for(reader.get(), _SECONDS)
    except TimeoutError:
        return ": still here\n\n"
