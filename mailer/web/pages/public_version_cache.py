"""Public web versions of campaigns, compiled when they are first requested, by one server for all."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections import OrderedDict
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from mailer.campaigns.snapshot import Snapshot
from mailer.errors import MailerError
from mailer.mail import web_version
from mailer.mail.web_version import WebVersion

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailer.ledger.delivery import Send
    from mailer.store import Store
    from mailer.web.pages.group_commit import GroupCommit

_SIZE = 50
_COMPILES_AT_ONCE = 2
_LOOK = 0.2
"""Seconds between looks whether another server has compiled it."""
_PATIENCE = 30.0
"""Seconds after which a server that compiles counts as gone: as long as a request may take."""


class PublicVersionCache:
    """Cache of public web versions. The content of a send never changes, so each is compiled once.

    Args:
        store: for reading.
        group_commit: for writing.
        seconds: the time, in seconds since 1970.
        open_by_default: whether campaigns that do not say so themselves have a public version.
    """

    def __init__(
        self,
        store: Store,
        group_commit: GroupCommit,
        *,
        seconds: Callable[[], float],
        open_by_default: bool,
    ) -> None:
        self._store = store
        self._group_commit = group_commit
        self._seconds = seconds
        self._program = version("mailer")
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
            self._versions[key] = asyncio.create_task(self._shared(send))
            self._versions[key].add_done_callback(partial(self._forget_failure, key))
            if len(self._versions) > _SIZE:
                self._versions.popitem(last=False)
        # shielded: other requests that wait for it still get it when one request is canceled
        return await asyncio.shield(self._versions[key])

    def _forget_failure(self, key: tuple[int, int], task: asyncio.Task[WebVersion | None]) -> None:
        """Let the next request try again where the store has failed."""
        if task.cancelled() or task.exception():
            self._versions.pop(key, None)

    async def _shared(self, send: Send) -> WebVersion | None:
        """The version that a server has kept for all, or will in a moment; else this one compiles it."""
        snapshot = await run_in_threadpool(_public_snapshot, send, self._open_by_default)
        if snapshot is None:
            return None
        arm = send.winner or 1
        while True:
            content = self._store.public_versions.find(send.id, arm, self._program)
            if content:
                return WebVersion(**json.loads(zlib.decompress(content)))
            if await self._begin(send.id, arm):
                return await self._compile(send.id, snapshot, arm)
            await asyncio.sleep(_LOOK)

    async def _begin(self, send_id: int, arm: int) -> bool:
        try:
            return await self._group_commit.write(
                lambda store: store.public_versions.begin(
                    send_id, arm, self._program, patience=_PATIENCE, clock=self._seconds
                )
            )
        except MailerError:
            return True  # a standby, or a full disk, cannot keep it, but the visitor can read it

    async def _compile(self, send_id: int, snapshot: Snapshot, arm: int) -> WebVersion | None:
        fields = self._store.subscribers.field_names()
        async with self._compiling:
            compiled = await run_in_threadpool(_render, snapshot, fields, arm)
        with suppress(MailerError):
            await self._group_commit.write(self._ending(send_id, arm, compiled))
        return compiled

    def _ending(
        self, send_id: int, arm: int, compiled: WebVersion | None
    ) -> Callable[[Store], None]:
        if compiled is None:
            return lambda store: store.public_versions.give_up(send_id, arm)
        content = zlib.compress(json.dumps(asdict(compiled)).encode())
        return lambda store: store.public_versions.keep(send_id, arm, self._program, content)


def _public_snapshot(send: Send, open_by_default: bool) -> Snapshot | None:
    """Return the content of a send; None when it is not public."""
    try:
        snapshot = Snapshot.from_bytes(send.snapshot)
        is_public = snapshot.parsed.front.public
    except MailerError:
        return None
    return snapshot if (open_by_default if is_public is None else is_public) else None


def _render(snapshot: Snapshot, fields: frozenset[str], arm: int) -> WebVersion | None:
    try:
        return web_version.render_public(snapshot, fields, arm)
    except MailerError:
        return None
