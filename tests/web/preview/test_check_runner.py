"""Checks run beside the preview, once for each state of the files."""

from __future__ import annotations

import shutil
import threading
import time

import pytest

from mailer import assets
from mailer.errors import MailerError
from mailer.web.preview import check_runner as examining
from mailer.web.preview.check_runner import CheckRunner
from mailer.web.preview.store_pool import StorePool
from tests.support.preview_project import NOW, edit
from tools.projects.project import address, open_store


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


def test_pages_without_words_in_the_language_of_the_mail_are_found(
    check_runner, compile_cache, root
):
    words = root / "templates" / "languages" / "fr.txt"
    words.parent.mkdir(parents=True, exist_ok=True)
    words.write_text(assets.templates()["languages/en.txt"])
    edit(root, "subject:", "language: fr\nsubject:")
    codes = {finding.code for finding in outcome(check_runner, compile_cache).findings}
    assert "page-words" in codes
