"""Approvals: an approved snapshot is kept once, however many people approve it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.campaigns.approval import Approval
from mailer.store.sql.rows import iso

if TYPE_CHECKING:
    from datetime import datetime

    from mailer.store.sql.database import SqlDatabase


class SqlApprovals:
    def __init__(self, database: SqlDatabase) -> None:
        self._db = database

    def add(
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
        approval = {
            "campaign": campaign,
            "list": list_name,
            "person": person,
            "query": query,
            "digest": digest,
            "at": iso(now),
        }
        with self._db.writing():
            self._db.execute(_ADD_SNAPSHOT, {"digest": digest, "snapshot": snapshot})
            self._db.execute(_ADD, approval)

    def all(self, campaign: str, list_name: str) -> list[Approval]:
        rows = self._db.rows(_ALL, {"campaign": campaign, "list": list_name})
        return [Approval(*row) for row in rows]


_ADD_SNAPSHOT = """
INSERT INTO approved (digest, snapshot) VALUES (:digest, :snapshot)
ON CONFLICT (digest) DO NOTHING"""

_ADD = """
INSERT INTO approvals (campaign, list_name, person, query, digest, at)
VALUES (:campaign, :list, :person, :query, :digest, :at)"""

_ALL = """
SELECT person, at, query, snapshot FROM approvals JOIN approved USING (digest)
WHERE campaign = :campaign AND list_name = :list ORDER BY id"""
