"""Whether an address is known must not show in what a page says, nor in the work it does meanwhile."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from mailer.lists.membership import SuppressionReason
from tests.web.conftest import Site
from tools.projects.project import NOW, address, open_store

KINDS = ["known", "unknown", "unsubscribed", "complained", "erased"]


@pytest.fixture
def traced(root):
    """A site, and every statement that its writing thread runs."""
    statements = []
    opened = []

    def open_traced():
        store = open_store(root)
        store.database.connection.set_trace_callback(
            statements.append if len(opened) == 1 else None
        )
        opened.append(store)
        return store

    site = Site(root, open_traced)
    with site.client:
        yield site, statements
    site.store.close()


def prepare(site, kind, number):
    email = address(number)
    if kind == "unknown":
        return f"person{number}@other.example.org"
    if kind == "unsubscribed":
        site.store.subscribers.unsubscribe("members", email, how="form", now=NOW)
    elif kind == "complained":
        site.store.suppressions.suppress(email, SuppressionReason.COMPLAINED, detail="", now=NOW)
    elif kind == "erased":
        site.store.subscribers.erase(email, now=NOW)
    return email


@pytest.mark.parametrize("path", ["/unsubscribe", "/join"])
@pytest.mark.parametrize("times", [1, 5])
def test_every_address_makes_the_same_work(traced, path, times):
    site, statements = traced
    work, texts = {}, {}
    for number, kind in enumerate(KINDS):
        email = prepare(site, kind, number)
        statements.clear()
        for _ in range(times):
            answer = site.post(path, {"email": email, "list-members": "yes"})
            assert answer.status_code == 200
        work[kind] = [re.sub(r"'[^']*'|\d+", "?", statement) for statement in statements]
        texts[kind] = answer.text.replace(email, "*")
        site.clock.ahead += timedelta(hours=1)  # past the limit of one client
    assert len(work["known"]) > 3
    assert all(statements == work["known"] for statements in work.values())
    assert len(set(texts.values())) == 1
