"""Behind the preview's pages: what is compiled, kept, examined and noticed, and when."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import threading
import time
from datetime import UTC, datetime

import pytest

from mailer.errors import MailerError
from mailer.links import Keys
from mailer.sending import test_mail
from mailer.web.preview import check_runner as examining
from mailer.web.preview import compile_cache as working
from mailer.web.preview.check_runner import CheckRunner
from mailer.web.preview.compile_cache import CompileCache
from mailer.web.preview.display_modes import apply_mode
from mailer.web.preview.overview import Overview
from mailer.web.preview.sample_recipients import DIFFICULT, SampleRecipients
from mailer.web.preview.sse import EventStream
from mailer.web.preview.store_pool import StorePool
from mailer.web.preview.watcher import Watcher
from tools.projects.project import address, copy_project, make_project, open_store, start

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_project(tmp_path_factory.mktemp("preview") / "project", 9)


@pytest.fixture
def root(made, tmp_path):
    return copy_project(made, tmp_path / "project")


@pytest.fixture
def store(root):
    opened = open_store(root)
    yield opened
    opened.close()


@pytest.fixture
def compile_cache(root):
    return CompileCache(
        root,
        keys=Keys(["a key for tests only"]),
        fields=frozenset,
        tallies=lambda _: {},
        clock=lambda: NOW,
    )


def somebody(_words):
    return test_mail.SAMPLE_SUBSCRIBER


def edit(root, old, new, path="campaigns/vote.md"):
    text = (root / path).read_text()
    assert old in text
    (root / path).write_text(text.replace(old, new, 1))


# ---------------------------------------------------------------- the workshop


def test_what_is_on_disk_is_shown(compile_cache, root):
    assert "the vote is Tuesday" in compile_cache.show("vote", somebody).merged.subject
    edit(root, "Tuesday", "Wednesday")
    assert "the vote is Wednesday" in compile_cache.show("vote", somebody).merged.subject
    edit(root, "PO Box 118", "PO Box 229", "mailer.toml")
    assert compile_cache.show("vote", somebody).compiled.snapshot.content.brand.address.startswith(
        "PO Box 229"
    )


def test_nothing_is_compiled_again_that_says_the_same(compile_cache, root):
    first = compile_cache.show("vote", somebody)
    (root / "campaigns" / "vote.md").touch()
    again = compile_cache.show("vote", somebody)
    assert again.compiled is first.compiled
    assert again.merged.variant is first.merged.variant


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("{% else %}", "{% els %}", "campaigns/vote.md"),
        ("list: members", "lists: members", "campaigns/vote.md"),
        ("[sender]", "[sender", "mailer.toml"),
        ("<mj-body", "<mj-boddy", "templates/newsletter.mjml"),
    ],
)
def test_a_mistake_has_its_place_and_the_last_good_version_stays(
    compile_cache, root, old, new, path
):
    good = compile_cache.show("vote", somebody)
    edit(root, old, new, path)
    result = compile_cache.show("vote", somebody)
    lines = (root / path).read_text().splitlines()
    assert result.problem.place.path == path
    assert new in lines[result.problem.place.line - 1]
    assert result.merged.html == good.merged.html
    edit(root, new, old, path)
    assert compile_cache.show("vote", somebody).problem is None


def test_a_mistake_that_only_some_get_is_shown_to_those(compile_cache, root):
    edit(root, "Oregon votes first.", "{{ nonsense }}")
    assert compile_cache.show("vote", somebody).merged is None  # somebody made up is in Oregon
    elsewhere = compile_cache.show(
        "vote", lambda _: DIFFICULT["no-zip"].make(test_mail.SAMPLE_SUBSCRIBER)
    )
    assert elsewhere.problem is None
    assert "Your turn comes" in elsewhere.merged.text


def test_what_was_never_good_shows_the_mistake_alone(compile_cache, root):
    edit(root, "---\n", "--\n")
    result = compile_cache.show("vote", somebody)
    assert result.merged is None
    assert "front matter" in str(result.problem)
    assert "there is no campaign" in str(compile_cache.show("nothing", somebody).problem)


def test_a_save_that_takes_a_moment_is_waited_for(compile_cache, root):
    compile_cache.show("vote", somebody)
    file = root / "campaigns" / "vote.md"
    text = file.read_text()
    file.write_text(text[:10])
    rest = threading.Timer(working._SETTLE / 2, file.write_text, [text])
    rest.start()
    assert compile_cache.show("vote", somebody).problem is None
    rest.join()


@pytest.mark.parametrize("path", ["campaigns/vote.md", "mailer.toml", "templates/newsletter.mjml"])
def test_a_campaign_is_read_again_only_when_a_file_of_its_own_has_changed(
    compile_cache, root, path
):
    first = compile_cache.snapshot("vote")
    assert compile_cache.snapshot("vote") is first
    file = root / path
    text = file.read_text()
    file.write_text(text.replace("Dear", "Hi").replace("[send]", "[send] # said") + "\n")
    assert compile_cache.snapshot("vote") is not first
    (root / "templates" / "further.mjml").write_text("<mj-text>x</mj-text>")
    assert "templates/further.mjml" in compile_cache.snapshot("vote").files


def test_a_mistake_that_stays_is_waited_for_only_once(compile_cache, root, monkeypatch):
    waits = []
    monkeypatch.setattr(working.time, "sleep", waits.append)
    edit(root, "{% else %}", "{% els %}")
    for _ in range(3):
        assert compile_cache.show("vote", somebody).problem
    assert len(waits) == 1


def test_lines_are_read_from_the_project_alone(compile_cache, root):
    lines = (root / "campaigns" / "vote.md").read_text().splitlines()
    found = compile_cache.excerpt("campaigns/vote.md", 3, 1)
    assert found == [(number, lines[number - 1]) for number in (2, 3, 4)]
    assert compile_cache.excerpt("campaigns/vote.md", 1, 1)[0] == (1, "---")
    (root.parent / "secret").write_text("nobody may read this")
    for path in ("../secret", str(root.parent / "secret"), "campaigns/gone.md", "campaigns"):
        assert compile_cache.excerpt(path, 1) == []


# ---------------------------------------------------------------- looks


def test_the_mail_is_asked_for_its_dark_side_and_answers():
    html = (
        "<html><head><style>@media (prefers-color-scheme: dark) { p { color: red } }"
        "@media screen and ( PREFERS-COLOR-SCHEME:light ) { p { color: blue } }</style></head></html>"
    )
    dark, light = apply_mode(html, "dark"), apply_mode(html, "light")
    for mail, yes, no in ((dark, "red", "blue"), (light, "blue", "red")):
        assert f"(min-width: 0px) {{ p {{ color: {yes}" in mail
        assert f"(max-width: 0px) {{ p {{ color: {no}" in mail
    assert "color-scheme: only dark" in dark


# ---------------------------------------------------------------- people


def test_the_example_is_looked_for_once_and_again_when_it_is_gone(
    store, compile_cache, monkeypatch
):
    looked = []
    original = test_mail.example
    monkeypatch.setattr(
        test_mail, "example", lambda *given: (looked.append(1), original(*given))[1]
    )
    people, snapshot = SampleRecipients(), compile_cache.snapshot("vote")
    assert people.find(store, snapshot, "").email == address(0)
    assert people.find(store, snapshot, "no-name").first_name == ""
    assert people.find(store, snapshot, "7").id == 7
    assert looked == [1]
    store.subscribers.erase(address(0), now=NOW)
    assert people.find(store, snapshot, "").email == address(1)


@pytest.mark.parametrize("key", DIFFICULT)
def test_difficult_people_do_not_break_the_mail(compile_cache, key):
    result = compile_cache.show("vote", lambda _: DIFFICULT[key].make(test_mail.SAMPLE_SUBSCRIBER))
    assert result.problem is None
    assert "<script" not in result.merged.html
    assert "<b>Max" not in result.merged.html


# ---------------------------------------------------------------- the examiner


@pytest.fixture
def check_runner(compile_cache, root, monkeypatch):
    monkeypatch.setattr(examining, "_PAUSE", 0.01)
    pool = StorePool(lambda: open_store(root))
    found = CheckRunner(compile_cache, pool, lambda: NOW)
    found.start()
    yield found
    found.close()
    pool.close()


def outcome(check_runner, compile_cache, name="vote"):
    """After as many questions as a page would ask."""
    for _ in range(400):
        preview_findings = check_runner.findings(name, compile_cache.snapshot(name), first=True)
        if not preview_findings.running:
            return preview_findings.outcome
        time.sleep(0.01)
    raise AssertionError("it never ends")


def test_everybody_is_counted_by_variant_with_somebody_to_look_at(
    check_runner, compile_cache, store
):
    found = outcome(check_runner, compile_cache)
    assert found.recipients == 9
    assert [(group.recipients, group.name) for group in found.groups] == [
        (6, "state: not OR"),
        (3, "state: OR"),
    ]
    assert [store.subscribers.get(int(group.example)).state for group in found.groups] == [
        "WA",
        "OR",
    ]
    assert found.left_out == ()


def test_who_is_left_out_is_said_after_looking_again(check_runner, compile_cache, store):
    outcome(check_runner, compile_cache)
    store.subscribers.unsubscribe("members", address(0), how="staff", now=NOW)
    assert outcome(check_runner, compile_cache).recipients == 9
    check_runner.again("vote")
    found = outcome(check_runner, compile_cache)
    assert found.recipients == 8
    assert found.left_out == (("unsubscribed", 1),)


def test_an_edit_begins_anew_and_what_was_found_stays_until_then(check_runner, compile_cache, root):
    first = outcome(check_runner, compile_cache)
    edit(root, "Oregon votes first.", "TODO")
    preview_findings = check_runner.findings("vote", compile_cache.snapshot("vote"), first=True)
    assert preview_findings.running
    assert preview_findings.outcome is first
    assert "placeholder" in {
        finding.code for finding in outcome(check_runner, compile_cache).findings
    }


def test_a_save_stops_what_is_under_way(check_runner, compile_cache, root, monkeypatch):
    reached, go_on = threading.Event(), threading.Event()
    original = examining.audience.everybody

    def slow(*given):
        selections, size = original(*given)

        def one_by_one():
            for selection in selections:
                reached.set()
                go_on.wait(5)
                yield selection

        return one_by_one(), size

    monkeypatch.setattr(examining.audience, "everybody", slow)
    snapshot = compile_cache.snapshot("vote")
    check_runner.findings("vote", snapshot, first=True)
    assert reached.wait(5)
    assert check_runner.findings("vote", snapshot, first=True).total == 9
    check_runner.edited(["vote"])
    edit(root, "Oregon votes first.", "TODO")
    go_on.set()
    assert "placeholder" in {
        finding.code for finding in outcome(check_runner, compile_cache).findings
    }


def test_variants_are_there_to_look_at_before_everybody_is_counted(
    check_runner, compile_cache, store, monkeypatch
):
    waiting, go_on = threading.Event(), threading.Event()
    original = examining.audience.everybody

    def held_up(*given):
        selections, size = original(*given)

        def one_by_one():
            for number, selection in enumerate(selections):
                if number == 5:
                    waiting.set()
                    go_on.wait(5)
                yield selection

        return one_by_one(), size

    monkeypatch.setattr(examining.audience, "everybody", held_up)
    snapshot = compile_cache.snapshot("vote")
    check_runner.findings("vote", snapshot, first=True)
    assert waiting.wait(5)
    preview_findings = check_runner.findings("vote", snapshot, first=True)
    assert (preview_findings.done, preview_findings.total, preview_findings.outcome) == (5, 9, None)
    assert [group.recipients for group in preview_findings.groups] == [3, 2]
    assert [
        store.subscribers.get(int(group.example)).state for group in preview_findings.groups
    ] == [
        "WA",
        "OR",
    ]
    go_on.set()
    assert outcome(check_runner, compile_cache).recipients == 9


def test_what_somebody_waits_for_comes_before_the_rest(check_runner, compile_cache, root):
    for number in range(5):
        shutil.copy(root / "campaigns" / "vote.md", root / "campaigns" / f"other-{number}.md")
    for number in range(5):
        name = f"other-{number}"
        check_runner.findings(name, compile_cache.snapshot(name), first=False)
    outcome(check_runner, compile_cache)
    last = check_runner.findings("other-4", compile_cache.snapshot("other-4"), first=False)
    assert last.running
    assert outcome(check_runner, compile_cache, "other-4").recipients == 9


def test_a_list_that_is_not_there_is_a_problem(check_runner, compile_cache, root):
    edit(root, "list: members", "list: nobody")
    assert 'there is no list "nobody"' in str(outcome(check_runner, compile_cache).problem)


def test_an_audience_that_cannot_be_worked_out_is_found_and_not_counted(
    check_runner, compile_cache, root
):
    edit(root, "list: members", "list: members\naudience: recipient.nothing")
    found = outcome(check_runner, compile_cache)
    assert "nothing" in found.findings[0].message
    assert not found.is_counted


def test_a_campaign_without_a_list_is_examined_all_the_same(check_runner, compile_cache, root):
    edit(root, "list: members\n", "")
    edit(root, "Oregon votes first.", "TODO")
    found = outcome(check_runner, compile_cache)
    assert not found.is_counted
    assert "placeholder" in {finding.code for finding in found.findings}


def test_a_fault_of_ours_is_said_and_does_not_end_the_thread(
    check_runner, compile_cache, root, monkeypatch
):
    original = examining.run_checks
    monkeypatch.setattr(examining, "run_checks", lambda *_, **__: 1 / 0)
    assert isinstance(outcome(check_runner, compile_cache).problem, MailerError)
    monkeypatch.setattr(examining, "run_checks", original)
    edit(root, "Tuesday", "Friday")
    assert outcome(check_runner, compile_cache).recipients == 9


def test_a_damaged_database_is_said_in_a_sentence(check_runner, compile_cache, root):
    for file in (root / "lists").glob("mailer.db*"):
        file.write_bytes(b"this is no database" * 1000)
    found = outcome(check_runner, compile_cache)
    assert str(found.problem).startswith("the database cannot be")
    assert "mailer doctor" in found.problem.hint


# ---------------------------------------------------------------- watching


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


# ---------------------------------------------------------------- the command


def test_a_port_that_is_taken_is_said_in_a_sentence(root):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said, _ = start(root, "preview", "--port", port).communicate()
    assert said.startswith(f"127.0.0.1:{port} cannot be listened on")
    assert "Choose another with --port." in said


# ---------------------------------------------------------------- brands and senders

SENDER_PROFILES = """
[senders.bo]
name = "Bo Lund"
email = "bo@river.example.org"

[brands.river]
name = "River Watch"
website = "https://river.example.org"
"""


def test_a_campaign_is_shown_in_each_brand_and_in_its_own(compile_cache, root):
    assert compile_cache.brands() == {}
    with (root / "mailer.toml").open("a", encoding="utf-8") as settings:
        settings.write(SENDER_PROFILES)
    edit(root, "list: members", "list: members\nbrand: river\nsender: bo")

    def names(brand):
        html = compile_cache.show("vote", somebody, brand).merged.html
        return "River Watch" in html, "Juniper Street Action" in html.replace("is a 501", "")

    usual = working.USUAL_BRAND
    assert compile_cache.brands() == {usual: "Juniper Street Action", "river": "River Watch"}
    assert names("")[0]
    assert names("river")[0]
    assert names(usual) == (False, True)
    assert names("no such brand")[0]


def test_the_overview_and_the_mails_frame_name_a_sender_and_a_brand_of_their_own(
    compile_cache, root
):
    overview = Overview(compile_cache, None, lambda: NOW)
    content = compile_cache.snapshot("vote").content
    assert overview.sender_profile(content) == ""
    with (root / "mailer.toml").open("a", encoding="utf-8") as settings:
        settings.write(SENDER_PROFILES)
    edit(root, "list: members", "list: members\nbrand: river\nsender: bo")
    content = compile_cache.snapshot("vote").content
    assert overview.sender_profile(content) == "From Bo Lund · Brand: River Watch"
