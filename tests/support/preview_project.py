"""What tests of the preview do with a campaign."""

from __future__ import annotations

from datetime import UTC, datetime

from mailer.sending import test_mail

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def somebody(_words):
    return test_mail.SAMPLE_SUBSCRIBER


def edit(root, old, new, path="campaigns/vote.md"):
    text = (root / path).read_text()
    assert old in text
    (root / path).write_text(text.replace(old, new, 1))
