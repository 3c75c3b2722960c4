"""PgBouncer between mailer and the server."""

from __future__ import annotations

from contextlib import closing

import pytest

from mailer.store.postgres import health
from tools.postgres import Pooler, has_pooler

pytestmark = pytest.mark.skipif(
    not has_pooler(), reason="needs PgBouncer: apt-get install pgbouncer"
)


@pytest.mark.parametrize(("mode", "pooled"), [("transaction", True), ("session", False)])
def test_the_doctor_finds_a_pool_that_gives_leases_away(address, postgres_server, mode, pooled):
    with closing(Pooler(postgres_server, mode)) as pooler:
        examined = health.examine(pooler.url(address))
    assert examined.problem == ""
    assert examined.server.pooled is pooled


def test_a_pool_that_knows_no_transactions_is_named(address, postgres_server):
    with closing(Pooler(postgres_server, "statement")) as pooler:
        problem = health.examine(pooler.url(address)).problem
    assert "not allowed in statement pooling mode" in problem


def test_without_a_pool_there_is_none(address):
    assert not health.examine(address).server.pooled
