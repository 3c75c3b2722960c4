"""The quiet period as staff meet it: who is left alone, that it is said, and how they get it later."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tools.projects.project import SETTINGS, VOTE, address, enrol, files, make_project, name

QUIET = "[send]\nquiet_hours = 48\n"


@pytest.fixture
def root(tmp_path):
    root = make_project(tmp_path / "project", people=3)
    (root / "mailer.toml").write_text(SETTINGS + QUIET)
    (root / "campaigns" / "next.md").write_text(VOTE)
    (root / "campaigns" / "alert.md").write_text(VOTE.replace("list:", "urgent: yes\nlist:"))
    return root


@pytest.fixture
def after_vote(mailer, store):
    """Three people had "vote" a moment ago; two more have joined since."""
    assert mailer("send", "vote", "--yes")[0] == 0
    enrol(store, [3, 4])


@pytest.mark.usefixtures("after_vote")
def test_whoever_had_another_campaign_is_left_out_and_counted(mailer, root):
    code, said = mailer("send", "next", "--dry-run")
    assert code == 0
    assert "Recipients  2\n" in said
    assert "Left out    3 had another campaign lately\n" in said
    code, said = mailer("send", "next", "--yes")
    assert code == 0
    assert files(root, "next") == [address(3), address(4)]
    rest = "3 people had another campaign lately and did not get this one."
    assert f"{rest} Offer it to them later with: mailer send next" in said
    assert rest in mailer("status", "next")[1]
    (found,) = json.loads(mailer("status", "next", "--json")[1])
    assert (found["held_back"], found["audience"]) == (3, 2)


@pytest.mark.usefixtures("after_vote")
def test_they_get_it_later_by_the_same_command(mailer, root, at):
    assert mailer("send", "next", "--yes")[0] == 0
    at(datetime.now(UTC) + timedelta(hours=49))
    _, said = mailer("send", "next", "--yes")
    assert "Recipients  3: 3 who joined since" in said
    assert files(root, "next") == [address(n) for n in range(5)]
    assert "lately" not in mailer("status", "next")[1]


def test_whoever_was_passed_over_at_their_turn_is_offered_it_later(mailer, root, store, at):
    assert mailer("send", "next", "--yes", "--limit", "1")[0] == 0
    assert mailer("send", "alert", "--yes")[0] == 0
    _, said = mailer("resume", "next", "--yes")
    assert files(root, "next") == [address(0)]
    assert "2 people had another campaign lately and did not get this one." in said
    at(datetime.now(UTC) + timedelta(hours=49))
    assert mailer("send", "next", "--yes")[0] == 0
    assert files(root, "next") == [address(n) for n in range(3)]
    counts = store.sends.counts(store.sends.find("next", "members").id)
    assert (counts.audience, counts.accepted, counts.balanced) == (3, 3, True)


@pytest.mark.usefixtures("after_vote")
def test_an_order_for_later_leaves_alone_whoever_had_another_campaign_by_then(mailer, root, at):
    due = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(days=5)
    code, said = mailer("send", "next", "--at", f"{due:%Y-%m-%d %H:%M} UTC", "--yes")
    assert code == 0
    assert "Recipients  5\n" in said
    assert "lately" not in said
    at(due - timedelta(hours=47))
    only = f'recipient.first_name == "{name(3)}"'
    assert mailer("send", "alert", "--where", only, "--yes")[0] == 0
    at(due)
    assert mailer("worker", "--once")[0] == 0
    assert files(root, "next") == [address(n) for n in (0, 1, 2, 4)]


@pytest.mark.usefixtures("after_vote")
def test_what_is_urgent_goes_to_everybody_and_says_so(mailer, root):
    _, said = mailer("send", "alert", "--yes")
    assert "Urgent      yes: also for those who had another campaign lately" in said
    assert len(files(root, "alert")) == 5


def test_with_everybody_held_back_nobody_is_left_to_send_to(mailer):
    mailer("send", "vote", "--yes")
    code, said = mailer("send", "next", "--yes")
    assert code == 2
    assert "nobody on members would get it: 3 had another campaign lately" in said


def test_approving_counts_as_sending_does(mailer, store, at):
    mailer("send", "vote", "--yes")
    enrol(store, [3])
    assert "Recipients  1\n" in mailer("approve", "next", "--by", "Ana Fern", "--yes")[1]
    at(datetime.now(UTC) + timedelta(hours=49))
    assert "Recipients  4\n" in mailer("approve", "next", "--by", "Bo Reed", "--yes")[1]
