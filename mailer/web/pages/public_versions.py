"""Public web versions of campaigns, compiled when they are first requested."""

from __future__ import annotations

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


class PublicVersions:
    """Cache of public web versions. The content of a send never changes, so each is compiled once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._versions: OrderedDict[tuple[int, int], WebVersion | None] = OrderedDict()

    async def get(self, campaign: str) -> WebVersion | None:
        """Return None when nobody got the campaign, or it cannot be compiled without a recipient."""
        send = self._store.sends.published(campaign)
        if send is None:
            return None
        # a subject test has another subject when its winner is known
        key = (send.id, send.winner)
        if key not in self._versions:
            fields = self._store.subscribers.field_names()
            self._versions[key] = await run_in_threadpool(_compile, send, fields)
            if len(self._versions) > _SIZE:
                self._versions.popitem(last=False)
        return self._versions[key]


def _compile(send: Send, fields: frozenset[str]) -> WebVersion | None:
    try:
        return web_version.render_public(
            Snapshot.from_bytes(send.snapshot), fields, send.winner or 1
        )
    except MailerError:
        return None
