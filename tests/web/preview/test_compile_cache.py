"""What the preview shows of the files on disk, and when it compiles again."""

from __future__ import annotations

import threading

import pytest

from mailer.sending import test_mail
from mailer.web.preview import compile_cache as working
from mailer.web.preview.sample_recipients import DIFFICULT
from tests.support.preview_project import edit, somebody


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
