"""Public web versions of campaigns, compiled when they are first requested."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from mailer.campaigns.snapshot import Snapshot
from mailer.errors import MailerError
from mailer.mail import web_version

if TYPE_CHECKING:
    from mailer.ledger.delivery import Send
    from mailer.mail.web_version import WebVersion
    from mailer.store import Store

_SIZE = 50
_COMPILES_AT_ONCE = 2


class PublicVersions:
    """Cache of public web versions. The content of a send never changes, so each is compiled once.

    Args:
        store: for reading.
        open_by_default: whether campaigns that do not say so themselves have a public version.
    """

    def __init__(self, store: Store, *, open_by_default: bool) -> None:
        self._store = store
        self._open_by_default = open_by_default
        self._versions: OrderedDict[tuple[int, int], asyncio.Task[WebVersion | None]] = (
            OrderedDict()
        )
        self._compiling = asyncio.Semaphore(_COMPILES_AT_ONCE)

    async def get(self, campaign: str) -> WebVersion | None:
        """Return None when the campaign has no recipients, is not public, or does not compile."""
        send = self._store.sends.published(campaign)
        if send is None:
            return None
        # an A/B test has another subject when its winner is known
        key = (send.id, send.winner)
        if key not in self._versions:
            self._versions[key] = asyncio.create_task(self._compile(send))
            if len(self._versions) > _SIZE:
                self._versions.popitem(last=False)
        # shielded: other requests that wait for it still get it when one request is canceled
        return await asyncio.shield(self._versions[key])

    async def _compile(self, send: Send) -> WebVersion | None:
        fields = self._store.subscribers.field_names()
        async with self._compiling:
            return await run_in_threadpool(_render, send, fields, self._open_by_default)


def _render(send: Send, fields: frozenset[str], open_by_default: bool) -> WebVersion | None:
    try:
        snapshot = Snapshot.from_bytes(send.snapshot)
        is_public = snapshot.parsed.front.public
        if is_public is False or (is_public is None and not open_by_default):
            return None
        return web_version.render_public(snapshot, fields, send.winner or 1)
    except MailerError:
        return None
