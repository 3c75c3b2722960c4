"""Approvals, in SQLite: what was approved is kept once, however many approve it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.campaigns.approval import Approval

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import datetime

    from sqlite_utils import Database


class Signatures:
    """See `store.approvals.Approvals`."""

    db: Database
    writing: Callable[[], AbstractContextManager[None]]

    def approve(
        self,
        campaign: str,
        list_name: str,
        *,
        person: str,
        query: str,
        snapshot: bytes,
        digest: str,
        now: datetime,
    ) -> None:
        at = now.isoformat(timespec="seconds")
        with self.writing():
            self.db.execute(_KEEP, (digest, snapshot))
            self.db.execute(_SIGN, (campaign, list_name, person, query, digest, at))

    def approvals(self, campaign: str, list_name: str) -> list[Approval]:
        rows = self.db.execute(_APPROVALS, (campaign, list_name)).fetchall()
        return [Approval(*row) for row in rows]


_KEEP = "INSERT INTO approved (digest, snapshot) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING"

_SIGN = """
INSERT INTO approvals (campaign, list_name, person, query, digest, at) VALUES (?, ?, ?, ?, ?, ?)"""

_APPROVALS = """
SELECT person, at, query, snapshot FROM approvals JOIN approved USING (digest)
WHERE campaign = ? AND list_name = ? ORDER BY id"""
