"""A/B tests of subjects: who gets which, what came of it, and how the winner is found."""

import re
from collections import Counter
from datetime import timedelta

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.campaigns import campaign
from mailer.campaigns.ab_test import ArmFigures, Split, best
from mailer.campaigns.campaign import ABTestSettings
from mailer.errors import CampaignError
from mailer.ledger.delivery import SendState
from mailer.web.pages.public_version_cache import PublicVersionCache
from tests.support.campaigns import ANA, BO, UMA, make_merger
from tools.projects.project import NOW, VOTE, make_project

TESTED = VOTE.replace(
    "subject: \"{{ recipient.first_name | default('Friend') }}, the vote is Tuesday\"",
    "subjects:\n  - \"{{ recipient.first_name | default('Friend') }}, the vote is Tuesday\"\n"
    "  - Two calls before Tuesday\nsubject_test:\n  share: 50 %",
)
REDIRECTS = "[links]\nredirects = true\n"

# ---------------------------------------------------------------- shares


@given(st.text(max_size=20), st.integers(2, 5), st.sampled_from([0.1, 0.2, 0.5]))
def test_each_subject_gets_its_part_of_the_share_and_the_rest_nobody_yet(seed, subjects, share):
    shares, people = Split(seed, subjects, share), 20_000
    arms = Counter(map(shares.arm, range(people)))
    assert set(arms) == set(range(subjects + 1))
    expected = people * share / subjects
    for number in range(1, subjects + 1):
        # six standard deviations
        assert abs(arms[number] - expected) < 6 * expected**0.5


def test_the_same_people_are_drawn_again_and_others_for_another_campaign():
    shares, again = Split("vote", 2, 0.2), Split("vote", 2, 0.2)
    other = Split("march", 2, 0.2)
    ids = range(10_000)
    assert list(map(shares.arm, ids)) == list(map(again.arm, ids))
    both = sum(1 for i in ids if shares.arm(i) and other.arm(i))
    assert 300 < both < 500  # 400 by chance


def test_one_subject_is_everybodys():
    assert {Split("vote", 1, 0.2).arm(i) for i in range(1000)} == {1}


def test_the_best_is_clicked_on_most_for_each_mail_and_the_first_of_equals():
    def figures(arm, sent, clicks):
        return ArmFigures(arm, sent, clicks, 0, 0, 0)

    assert best([figures(1, 100, 20), figures(2, 50, 11)]) == 2
    assert best([figures(1, 100, 20), figures(2, 50, 10)]) == 1
    assert best([]) == 1


# ---------------------------------------------------------------- the front matter


def parse(front):
    return campaign.parse("campaigns/vote.md", f"---\n{front}---\nHello.\n")


def test_subjects_and_their_test_are_read_with_their_lines():
    found = parse(
        "subjects:\n  - One\n  - 'Two: {{ 2 }}'\n"
        "subject_test:\n  share: 12.5%\n  measure: clicks\n  wait: 90 minutes\n"
    )
    assert found.front.choices == ("One", "Two: {{ 2 }}")
    assert found.front.subject_test == ABTestSettings(
        share="12.5 %", measure="clicks", wait="90 minutes"
    )
    assert found.front.subject_test.wait == timedelta(minutes=90)
    assert (found.lines["subjects.2"], found.lines["subject_test.measure"]) == (4, 7)


@pytest.mark.parametrize(("front", "line", "message"), [
    ("subjects: One\n", 2, '"subjects" must be a list'),
    ("subjects:\n  - One\n", 2, '"subjects" holds only one'),
    ("subject: One\nsubjects:\n  - One\n  - Two\n", 2, '"subject" and "subjects" exclude each other'),
    ("subject: One\nsubject_test:\n  share: 10 %\n", 3, '"subject_test" has nothing to test'),
    ("subjects:\n  - One\n  - Two\nsubject_test: 20 %\n", 5, '"subject_test" must be keys'),
    ("subjects:\n  - One\n  - Two\nsubject_test:\n  share: 60 %\n", 6,
     '"subject_test.share": must be a share from 1 % to 50 %'),
    ("subjects:\n  - One\n  - Two\nsubject_test:\n  wait: soon\n", 6,
     '"subject_test.wait": must be a time such as 4 hours, 90 minutes or 1 day'),
    ("subjects:\n  - One\n  - Two\nsubject_test:\n  shares: 20 %\n", 6, 'unknown key "subject_test.shares"'),
    ("subjects:\n  - One\n  - [Two]\n", 4, "the front matter holds something other than text"),
    ("subjects:\n  - One\n  - ''\n", 4, '"subjects.1": string should have at least 1 character'),
])  # fmt: skip
def test_a_slip_in_them_has_its_line(front, line, message):
    with pytest.raises(CampaignError) as err:
        parse(front)
    assert err.value.message == message
    assert err.value.place.line == line


# ---------------------------------------------------------------- the compile


def merger():
    text = (
        "---\nsubjects:\n  - Hello {{ recipient.first_name }}\n  - Goodbye\n---\n"
        "Dear {{ recipient.first_name }},\n"
    )
    return make_merger("", files={"campaigns/sample.md": text})


def test_each_subject_is_a_variant_that_says_so():
    made = merger()
    first, second = made.merge(ANA, 1), made.merge(UMA, 2)
    assert (first.subject, second.subject) == ("Hello Ana", "Goodbye")
    assert (first.variant.guards, second.variant.guards) == (
        ("the subject = 1",),
        ("the subject = 2",),
    )
    assert made.merge(BO, 2).variant is second.variant


def test_a_rehearsal_draws_what_the_send_will_record():
    made, shares = merger(), Split("sample", 2, 0.2)
    for number in range(200):
        person = type(ANA)(number, "ana@example.org", "Ana")
        drawn = shares.arm(number)
        assert made.merge(person).subject == made.merge(person, drawn or 1).subject


# ---------------------------------------------------------------- a test from beginning to end


@pytest.fixture
def root(tmp_path):
    root = make_project(tmp_path / "project", people=600)
    (root / "campaigns" / "vote.md").write_text(TESTED)
    return root


@pytest.fixture
def at(at):
    at(NOW)
    return at


def subjects_in(root):
    mails = (file.read_text() for file in (root / "outbox" / "vote").glob("*.eml"))
    return Counter(
        "second" if re.search("(?m)^Subject: Two calls", mail) else "first" for mail in mails
    )


def test_a_drawn_part_gets_one_each_and_the_rest_the_one_that_is_chosen(mailer, root, store):
    drawn = Counter(Split("vote", 2, 0.5).arm(p.id) for p in store.subscribers.audience("members"))
    code, said = mailer("send", "vote", "--yes")
    assert code == 0, said
    assert f"2 subjects to {drawn[1] + drawn[2]} people. {drawn[0]} wait for the winner" in said
    assert "The rest wait for the winner: mailer winner vote" in said
    assert subjects_in(root) == {"first": drawn[1], "second": drawn[2]}
    assert re.search(r"queued .* the winner of its test", mailer("status")[1])
    for command in ("send", "resume"):
        code, said = mailer(command, "vote", "--yes")
        assert code == 2
        assert "the rest of vote wait for the winner of its subject test" in said
    code, said = mailer("winner", "vote", "2")
    assert code == 0
    assert f"Subject 2 it is, for {drawn[0]} more." in said
    code, said = mailer("resume", "vote", "--yes")
    assert code == 0
    assert "Subject     Two calls before Tuesday" in said
    assert subjects_in(root) == {"first": drawn[1], "second": drawn[2] + drawn[0]}
    recorded = Counter(one.arm for one in store.statistics.arm_figures(1) for _ in range(one.sent))
    assert recorded == {1: drawn[1], 2: drawn[2] + drawn[0]}


def test_the_figures_of_each_subject_are_shown(mailer, store):
    mailer("send", "vote", "--yes")
    leaver = next(
        p for p in store.subscribers.audience("members") if Split("vote", 2, 0.5).arm(p.id) == 2
    )
    store.unsubscribes.leave(leaver.id, 1, how="one-click", now=NOW)
    _, said = mailer("winner", "vote")
    sent = [one.sent for one in store.statistics.arm_figures(1)]
    assert re.search(rf"1 .*the vote is Tuesday +{sent[0]} +0 +0 +0", said)
    assert re.search(rf"2 +Two calls before Tuesday +{sent[1]} +1 +0 +0", said)
    assert "Clicks" not in said
    assert "Choose one with: mailer winner vote NUMBER" in said


def test_the_last_look_shows_every_subject(mailer):
    _, said = mailer("send", "vote", "--dry-run")
    assert (
        "  Subject 1   {{ recipient.first_name | default('Friend') }}, the vote is Tuesday" in said
    )
    assert "  Subject 2   Two calls before Tuesday\n" in said


def test_a_build_and_a_proof_show_the_first_subject_or_the_one_that_is_asked_for(mailer):
    assert "the vote is Tuesday" in mailer("build", "vote")[1]
    assert "Subject  Two calls before Tuesday" in mailer("build", "vote", "--subject", "2")[1]
    _, said = mailer("test", "vote", "ana@example.org", "--subject", "2")
    assert "ana@example.org: [TEST] Two calls before Tuesday" in said
    code, said = mailer("build", "vote", "--subject", "3")
    assert code == 2
    assert "there is no subject 3" in said


@pytest.mark.parametrize(("number", "message"), [
    ("3", "there is no subject 3"), ("0", "there is no subject 0"),
])  # fmt: skip
def test_a_winner_is_one_of_them(mailer, number, message):
    mailer("send", "vote", "--yes")
    code, said = mailer("winner", "vote", number)
    assert code == 2
    assert message in said


def test_a_winner_stays(mailer):
    mailer("send", "vote", "--yes")
    mailer("winner", "vote", "2")
    code, said = mailer("winner", "vote", "1")
    assert code == 2
    assert "subject 2 has won already" in said


def test_whoever_chooses_a_moment_too_late_is_told(mailer, store, monkeypatch):
    def somebody_is_quicker(self, send_id):
        to_come = has_to_come(self, send_id)
        store.schedule.declare_winner(send_id, 1, now=NOW)
        return to_come

    mailer("send", "vote", "--yes")
    schedule = type(store.schedule)
    has_to_come = schedule.has_to_come
    monkeypatch.setattr(schedule, "has_to_come", somebody_is_quicker)
    code, said = mailer("winner", "vote", "2")
    assert code == 2
    assert "another subject was chosen in the meantime" in said
    assert "See which one with: mailer winner vote" in said
    assert store.sends.find("vote", "members").winner == 1


def test_there_is_no_winner_before_the_test_is_out(mailer):
    mailer("send", "vote", "--yes", "--limit", "20")
    code, said = mailer("winner", "vote", "1")
    assert code == 2
    assert "the test itself has not gone out yet" in said
    assert mailer("resume", "vote", "--yes")[0] == 0
    assert mailer("winner", "vote", "1")[0] == 0


class AtOnce:
    """Takes the place of the thread that commits."""

    def __init__(self, store):
        self.store = store

    async def write(self, step):
        return step(self.store)


def test_the_public_version_has_the_winner_as_soon_as_there_is_one(mailer, store):
    def subject():
        return anyio.run(public_versions.get, "vote").subject

    public_versions = PublicVersionCache(
        store, AtOnce(store), seconds=NOW.timestamp, open_by_default=True
    )
    mailer("send", "vote", "--yes")
    assert subject() == "Friend, the vote is Tuesday"
    mailer("winner", "vote", "2")
    assert subject() == "Two calls before Tuesday"


def test_a_test_that_was_paused_waits_again_when_it_is_resumed(mailer, store):
    mailer("send", "vote", "--yes")
    mailer("pause", "vote")
    code, said = mailer("resume", "vote", "--yes")
    assert code == 0
    assert "The rest wait for the winner" in said
    assert store.sends.find("vote", "members").state is SendState.QUEUED


def test_without_a_test_there_is_no_winner(mailer, root):
    (root / "campaigns" / "vote.md").write_text(VOTE)
    mailer("send", "vote", "--yes")
    code, said = mailer("winner", "vote")
    assert code == 2
    assert "vote has no subject test" in said


def test_a_test_with_too_few_people_is_refused(mailer, root, store):
    path = root / "campaigns" / "vote.md"
    path.write_text(TESTED.replace("50 %", "20 %"))
    code, said = mailer("send", "vote", "--yes")
    assert code == 2
    assert re.search(r"one of the subjects would go to \d\d people, and with fewer than 100", said)
    assert store.sends.all() == []


def test_a_test_at_everybodys_own_hour_is_refused(mailer, root, store):
    rows = root / "mailer.toml"
    rows.write_text(rows.read_text() + '[send]\ntimezone = "America/Denver"\n')
    store.database.connection.execute(
        "UPDATE subscribers SET timezone = 'America/New_York' WHERE id = 1"
    )
    code, said = mailer("send", "vote", "--at", "09:00 local", "--yes")
    assert code == 2
    assert "a subject test goes out to everybody at the same moment" in said


def test_clicks_decide_only_where_they_are_counted(mailer, root, store):
    path = root / "campaigns" / "vote.md"
    path.write_text(TESTED.replace("  share", "  measure: clicks\n  share"))
    code, said = mailer("send", "vote", "--yes")
    assert code == 2
    assert "campaigns/vote.md:6: clicks cannot decide a subject test" in said
    assert store.sends.all() == []


def test_the_worker_chooses_by_clicks_after_the_wait_and_goes_on(mailer, root, store, at):
    settings = root / "mailer.toml"
    settings.write_text(settings.read_text() + REDIRECTS)
    path = root / "campaigns" / "vote.md"
    front = "  measure: clicks\n  wait: 2 hours\n  share"
    path.write_text(
        TESTED.replace("  share", front) + "\n[The agenda](https://www.example.org/agenda)\n"
    )
    code, said = mailer("send", "vote", "--yes", "--accept-warnings")
    assert code == 0, said
    before = subjects_in(root)
    for arm, clicks in ((1, 3), (2, 8)):
        store.clicks.add({store.clicks.link(1, arm, "https://www.example.org/agenda"): clicks})
    at(NOW + timedelta(hours=2, seconds=-1))
    assert mailer("worker", "--once") == (0, "")
    at(NOW + timedelta(hours=2))
    code, said = mailer("worker", "--once")
    assert code == 0
    first, second = before["first"], before["second"]
    assert f"subject 2 wins: 3 clicks of {first} for 1, 8 clicks of {second} for 2" in said
    assert "vote to members: finished: 600 accepted" in said
    assert subjects_in(root) == {"first": first, "second": 600 - first}
    assert re.search(rf"2 +Two calls before Tuesday +{600 - first} +8", mailer("winner", "vote")[1])
