"""Saved files are noticed and told to open pages."""

from __future__ import annotations

import asyncio
import contextlib
import shutil

import pytest

from mailer.web.preview.sse import EventStream
from mailer.web.preview.watcher import Watcher


@contextlib.asynccontextmanager
async def watched(root):
    told = asyncio.Queue()
    task = asyncio.create_task(Watcher(root, told.put_nowait).run())
    await asyncio.sleep(0.2)
    try:
        yield told
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def replace(file, text):
    draft = file.with_name(".draft")
    draft.write_text(text)
    draft.replace(file)


def test_saves_of_every_kind_are_noticed(root):
    async def run():
        async with watched(root) as told:
            campaign = root / "campaigns" / "vote.md"
            for save in (
                lambda: campaign.write_text("in place"),
                campaign.unlink,
                lambda: campaign.write_text("made anew"),
            ):
                save()
                assert await asyncio.wait_for(told.get(), 2) == {"vote"}
            for file in (root / "templates" / "newsletter.mjml", root / "mailer.toml"):
                replace(file, file.read_text() + "\n")
                assert not set(await asyncio.wait_for(told.get(), 2)) - {".draft"}

    asyncio.run(run())


def test_what_a_send_or_an_import_writes_is_no_edit(root):
    async def run():
        async with watched(root) as told:
            (root / "outbox" / "vote").mkdir(parents=True)
            (root / "outbox" / "vote" / "1.eml").write_text("a mail")
            (root / "lists" / "mailer.db-wal").touch()
            (root / "lists" / "mailer.db").touch()
            await asyncio.sleep(0.3)
            assert told.empty()

    asyncio.run(run())


def test_a_lookup_that_is_declared_later_is_watched_and_so_are_folders_made_anew(root):
    async def run():
        async with watched(root) as told:
            (root / "tables").mkdir()
            (root / "tables" / "cities.csv").write_text("city,mayor\n")
            with (root / "mailer.toml").open("a") as settings:
                settings.write('[lookups.cities]\nfile = "tables/cities.csv"\nkey = ["city"]\n')
            shutil.move(root / "campaigns", root / "moved")
            shutil.move(root / "moved", root / "campaigns")
            await asyncio.sleep(1)
            while not told.empty():
                told.get_nowait()
            (root / "tables" / "cities.csv").write_text("city,mayor\nPortland,Nia Brook\n")
            assert await asyncio.wait_for(told.get(), 2) == set()
            (root / "campaigns" / "vote.md").touch()
            assert await asyncio.wait_for(told.get(), 2) == {"vote"}

    asyncio.run(run())


def test_every_open_page_is_told_until_the_server_stops():
    async def run():
        events = EventStream()
        streams = [events.stream() for _ in range(2)]
        for stream in streams:
            assert await anext(stream) == "retry: 500\n\n"
        waiting = [asyncio.create_task(anext(stream)) for stream in streams]
        await asyncio.sleep(0.01)
        events.edited({"vote"})
        assert await asyncio.gather(*waiting) == ['event: edited\ndata: ["vote"]\n\n'] * 2
        events.close()
        for stream in streams:
            with pytest.raises(StopAsyncIteration):
                await anext(stream)
        assert not events._readers
        late = events.stream()
        assert await anext(late) == "retry: 500\n\n"
        with pytest.raises(StopAsyncIteration):
            await anext(late)

    asyncio.run(run())
