from __future__ import annotations

import asyncio
import threading

import pytest

from mailer.errors import StoreError
from mailer.web.pages import group_commit as group_commit_module
from mailer.web.pages.group_commit import GroupCommit
from tools.projects.project import NOW, address


class Disk:
    """Counts commits; fails when told to."""

    def __init__(self):
        self.commits = []
        self.full = False
        self.database = self

    def together(self, steps):
        if self.full:
            raise StoreError("the disk is full")
        self.commits.append(len(steps))
        results = []
        for step in steps:
            try:
                results.append(step())
            except ValueError as err:
                results.append(err)
        return results


def run(store, ask):
    async def main():
        group_commit = GroupCommit(store)
        group_commit.start()
        try:
            return await ask(group_commit)
        finally:
            group_commit.stop()

    return asyncio.run(main())


def test_what_waits_together_is_committed_together():
    disk = Disk()

    async def ask(group_commit):
        return await asyncio.gather(*(group_commit.write(lambda _, i=i: i) for i in range(100)))

    assert run(disk, ask) == list(range(100))
    assert len(disk.commits) < 20
    assert sum(disk.commits) == 100


def test_a_step_that_fails_spoils_no_other():
    def fail(_):
        raise ValueError("no")

    async def ask(group_commit):
        return await asyncio.gather(
            group_commit.write(lambda _: 1),
            group_commit.write(fail),
            group_commit.write(lambda _: 2),
            return_exceptions=True,
        )

    one, failed, two = run(Disk(), ask)
    assert (one, two) == (1, 2)
    assert isinstance(failed, ValueError)


def test_when_nothing_can_be_written_everybody_who_waits_is_told():
    disk = Disk()
    disk.full = True

    async def ask(group_commit):
        for _ in range(2):
            with pytest.raises(StoreError):
                await group_commit.write(lambda _: 1)

    run(disk, ask)


def test_what_waits_when_the_server_stops_is_written(site):
    async def ask(group_commit):
        waiting = [
            asyncio.ensure_future(
                group_commit.write(lambda s, i=i: s.unsubscribes.leave(i, 1, how="form", now=NOW))
            )
            for i in range(1, 7)
        ]
        await asyncio.sleep(0)
        return waiting

    run(site.store, ask)
    assert site.rows("SELECT count(*) FROM departures") == [(6,)]


def test_a_step_taken_back_leaves_the_steps_around_it(site):
    store = site.store

    def fail():
        store.unsubscribes.leave(2, 1, how="form", now=NOW)
        raise ValueError("no")

    done = store.database.together(
        [
            lambda: store.unsubscribes.leave(1, 1, how="form", now=NOW),
            fail,
            lambda: store.unsubscribes.leave(3, 1, how="form", now=NOW),
        ]
    )
    assert [isinstance(result, ValueError) for result in done] == [False, True, False]
    unsubscribed = {
        address(i) for i in range(6) if site.status(address(i))["members"] == "unsubscribed"
    }
    assert unsubscribed == {address(0), address(2)}


def test_a_long_commit_is_busy_from_its_beginning_to_its_end(monkeypatch):
    monkeypatch.setattr(group_commit_module, "_BUSY", 0)
    began, go_on = threading.Event(), threading.Event()

    def write_slowly(_):
        began.set()
        return go_on.wait(30)

    async def ask(group_commit):
        assert not group_commit.is_busy
        written = asyncio.ensure_future(group_commit.write(write_slowly))
        await asyncio.to_thread(began.wait, 30)
        assert group_commit.is_busy
        go_on.set()
        return await written

    assert run(Disk(), ask)
