"""Runs mailer with the ids 1, 2, 3, so that tests can write them down."""

from __future__ import annotations

from mailer import cli
from mailer.store.sql import ids

CONSTANTS = {"_RANDOM_BITS": 0, "_EPOCH": 1 << 62}

if __name__ == "__main__":
    for name, value in CONSTANTS.items():
        setattr(ids, name, value)
    cli.main()
