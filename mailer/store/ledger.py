"""Sends, deliveries and the shared throttle, in SQLite."""

from __future__ import annotations


class Ledger:
    """See `store.base.Store`: the part about sends."""
