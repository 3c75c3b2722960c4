"""Tells every open page that files have changed, as server-sent events."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

_SECONDS = 20
"""Between two signs of life; a browser that is gone is noticed by them."""


class EventStream:
    """Used in the event loop only."""

    def __init__(self) -> None:
        self._readers: set[asyncio.Queue[str | None]] = set()
        self._closed = False

    def edited(self, campaigns: Collection[str]) -> None:
        """These campaigns' files were saved; none in particular means something they all use."""
        self._tell(f"event: edited\ndata: {json.dumps(sorted(campaigns))}\n\n")

    def close(self) -> None:
        """End every stream, also of whoever asks for one from now on."""
        self._closed = True
        self._tell(None)

    def _tell(self, news: str | None) -> None:
        for reader in self._readers:
            reader.put_nowait(news)

    async def stream(self) -> AsyncIterator[str]:
        """Until the server stops or the browser leaves."""
        reader: asyncio.Queue[str | None] = asyncio.Queue()
        self._readers.add(reader)
        try:
            yield "retry: 500\n\n"
            while not self._closed and (news := await _next(reader)) is not None:
                yield news
        finally:
            self._readers.discard(reader)


async def _next(reader: asyncio.Queue[str | None]) -> str | None:
    try:
        return await asyncio.wait_for(reader.get(), _SECONDS)
    except TimeoutError:
        return ": still here\n\n"
