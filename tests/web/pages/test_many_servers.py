"""Several page servers on one store: they share the limits of visitors, and what one has compiled."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager

import pytest

from mailer import config
from mailer.campaigns import snapshot
from mailer.errors import CampaignError, StoreError
from mailer.ledger.delivery import DeliveryState, Result, SendState
from mailer.links import Keys
from mailer.lists.import_row import ImportRow
from mailer.mail import web_version
from mailer.store import connect
from mailer.web.pages import public_version_cache
from mailer.web.pages.group_commit import GroupCommit
from mailer.web.pages.public_version_cache import PublicVersionCache
from mailer.web.pages.rate_limits import RateLimits
from tests.support.postgres import database_kind, postgres_server
from tools.projects.project import NOW, make_project

__all__ = ["database_kind", "postgres_server"]

pytestmark = [pytest.mark.usefixtures("database_kind"), pytest.mark.slow]


class PageServer:
    """What one server has of its own."""

    def __init__(self, root):
        self.store = self._open(root)
        self.writer = self._open(root)
        self.clock = 1_000.0
        self.group_commit = GroupCommit(self.writer)
        seconds = lambda: self.clock  # noqa: E731 - read at each request
        self.limits = RateLimits(self.store, self.group_commit, Keys(["s" * 40]), seconds)
        self.versions = PublicVersionCache(
            self.store, self.group_commit, seconds=seconds, open_by_default=True
        )

    def _open(self, root):
        return connect(root / "lists" / "mailer.db", lambda email: [f"hash of {email}"])

    @asynccontextmanager
    async def serving(self):
        self.group_commit.start()
        yield self
        self.group_commit.stop()

    def close(self):
        self.store.close()
        self.writer.close()


@pytest.fixture
def servers(tmp_path):
    root = make_project(tmp_path / "project", people=2)
    started = [PageServer(root), PageServer(root)]
    _send(started[0].store, snapshot.load(config.load(root), "vote").to_bytes())
    yield started
    for server in started:
        server.close()


def _send(store, content):
    rows = [ImportRow(number, f"person{number}@example.org") for number in (1, 2)]
    store.imports.import_rows("members", rows, source="test", now=NOW)
    ids = [person.id for person in store.subscribers.audience("members")]
    about = {"query": "", "digest": "", "transport": "outbox", "now": NOW}
    send, _ = store.sends.freeze("vote", "members", ids, snapshot=content, **about)
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    claims = store.deliveries.claim(send.id, 2, now=NOW)
    accepted = [Result(claim.delivery_id, DeliveryState.ACCEPTED, "id") for claim in claims]
    store.deliveries.record(accepted, now=NOW)


def ask(servers, questions):
    """Run `questions` with the servers, while they serve."""

    async def run():
        async with servers[0].serving(), servers[1].serving():
            return await questions(*servers)

    return asyncio.run(run())


# ---------------------------------------------------------------- limits


@pytest.mark.parametrize(
    ("clients", "another"),
    [
        ([f"2001:db8::{i:x}" for i in range(1, 13)], "2001:db8:0:1::1"),
        (["192.0.2.1", "::ffff:192.0.2.1"] * 6, "::ffff:192.0.2.2"),
    ],
)
def test_clients_of_one_household_share_their_limit_on_all_servers(servers, clients, another):
    async def requests(first, second):
        allowed = [
            await (first, second)[number % 2].limits.allows(client)
            for number, client in enumerate(clients)
        ]
        return [*allowed, await first.limits.allows(another)]

    assert ask(servers, requests) == [True] * 10 + [False] * 2 + [True]
    marks = [mark for (mark,) in servers[0].store.database.rows("SELECT mark FROM visitors")]
    assert len(marks) == 2
    assert not any("192" in mark or "2001" in mark for mark in marks)


def test_a_client_is_forgotten_when_its_requests_no_longer_count(servers):
    async def requests(first, second):
        return [await server.limits.allows("192.0.2.1") for server in [first, second] * 6]

    ask(servers, requests)
    visitors, count = servers[0].store.visitors, "SELECT count(*) FROM visitors"
    visitors.forget(clock=lambda: 1_000 + 1_799)
    assert servers[0].store.database.value(count) == 1
    visitors.forget(clock=lambda: 1_000 + 1_801)
    assert servers[0].store.database.value(count) == 0


def test_a_client_that_is_over_its_limit_keeps_nobody_from_writing(servers):
    async def requests(first, second):
        for _ in range(10):
            await first.limits.allows("192.0.2.1")
        with second.store.database.writing():
            return await first.limits.allows("192.0.2.1")

    assert ask(servers, requests) is False


# ---------------------------------------------------------------- one compile


@pytest.fixture
def compiles(monkeypatch):
    """Makes a compile last, and counts them."""
    compiled = []
    render = web_version.render_public

    def slowly(*arguments):
        compiled.append(arguments)
        time.sleep(0.3)
        return render(*arguments)

    monkeypatch.setattr(web_version, "render_public", slowly)
    return compiled


def test_one_compile_serves_all_who_wait_for_it_on_all_servers(servers, compiles):
    async def visit(first, second):
        gone = asyncio.create_task(first.versions.get("vote"))
        others = [
            asyncio.create_task(server.versions.get("vote"))
            for server in [first] * 20 + [second] * 20
        ]
        await asyncio.sleep(0.05)
        gone.cancel()  # its reader has gone
        return await asyncio.gather(*others)

    versions = ask(servers, visit)
    assert len(compiles) == 1
    assert {version.subject for version in versions} == {"Friend, the vote is Tuesday"}
    assert len({version.html for version in versions}) == 1


def test_what_another_version_of_the_program_has_compiled_is_compiled_again(servers, compiles):
    async def visit(first, second):
        second.versions._program = "another"
        return [await first.versions.get("vote"), await second.versions.get("vote")]

    assert None not in ask(servers, visit)
    assert len(compiles) == 2


def test_a_server_that_dies_while_it_compiles_is_not_waited_for(servers, compiles):
    async def visit(first, second):
        await first.versions._begin(servers[0].store.sends.published("vote").id, 1)
        waiting = asyncio.create_task(second.versions.get("vote"))
        await asyncio.sleep(0.5)
        assert not waiting.done()
        second.clock += public_version_cache._PATIENCE
        return await waiting

    assert ask(servers, visit).subject == "Friend, the vote is Tuesday"
    assert len(compiles) == 1


def test_what_does_not_compile_on_one_server_may_on_another(servers, monkeypatch):
    def fail(*_):
        raise CampaignError("broken")

    async def visit(first, second):
        render = web_version.render_public
        monkeypatch.setattr(web_version, "render_public", fail)
        absent = await first.versions.get("vote")
        monkeypatch.setattr(web_version, "render_public", render)
        return absent, await second.versions.get("vote")

    absent, version = ask(servers, visit)
    assert absent is None
    assert version is not None


def test_a_store_that_fails_is_asked_again_by_the_next_visitor(servers, monkeypatch):
    def fail(*_):
        raise StoreError("away")

    async def visit(first, _):
        with monkeypatch.context() as patch:
            patch.setattr("mailer.store.sql.public_versions.SqlPublicVersions.find", fail)
            with pytest.raises(StoreError):
                await first.versions.get("vote")
        return await first.versions.get("vote")

    assert ask(servers, visit) is not None


def test_a_store_that_can_only_be_read_shows_the_version_all_the_same(servers, compiles):
    async def visit(first, _):
        first.writer.database.execute("INSERT INTO moved (place) VALUES ('another')")
        return await first.versions.get("vote")

    assert ask(servers, visit).subject == "Friend, the vote is Tuesday"
    assert len(compiles) == 1
