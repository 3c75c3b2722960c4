"""What came of a campaign: the same numbers in the terminal, for scripts and on the page."""

import json
import re
import sys
from collections import Counter
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from axe_playwright_python.sync_playwright import Axe

from mailer import cli
from mailer.ledger.delivery import DeliveryState, Result, SendState
from mailer.reports import rows
from tools.projects import reported
from tools.projects.project import NOW, make_project, open_store, start

PEOPLE = 600


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return reported.make_reported(tmp_path_factory.mktemp("reported") / "project", PEOPLE)


@pytest.fixture
def mailer(monkeypatch, capsys):
    monkeypatch.delenv("MAILER_SECRET_KEYS", raising=False)

    def run(root, *arguments):
        monkeypatch.setattr(sys, "argv", ["mailer", "--project", str(root), *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        captured = capsys.readouterr()
        return end.value.code or 0, captured.out + captured.err

    return run


@pytest.fixture
def found(mailer, root):
    code, said = mailer(root, "report", "vote", "--json")
    assert code == 0, said
    (report,) = json.loads(said)
    return report


# ---------------------------------------------------------------- the numbers


def test_the_numbers_are_those_of_what_happened(found):
    kinds = Counter(reported.kind(number) for number in range(PEOPLE))
    assert found["accepted"] == found["audience"] == PEOPLE
    assert found["reported"] == {
        "bounced": kinds["Permanent"],
        "returned": kinds["Transient"],
        "complained": kinds["Complaint"],
        "delivered": kinds["Delivery"],
    }
    assert found["unsubscribed"] == PEOPLE // 40
    assert found["reasons_for_leaving"] == {"Too many e-mails": 10, "Something else": 5}
    assert sum(found["accepted_per_minute"].values()) == PEOPLE


def test_each_number_adds_up_to_the_mail_that_was_handed_over(found):
    for numbers in (
        found["states"].values(),
        [domain["accepted"] for domain in found["domains"]],
        [variant["recipients"] for variant in found["variants"]],
        [subject["sent"] for subject in found["subjects"]],
    ):
        assert sum(numbers) == PEOPLE
    bounced = found["reported"]["bounced"]
    assert sum(domain["bounced"] for domain in found["domains"]) == bounced
    assert sum(subject["bounced"] for subject in found["subjects"]) == bounced
    assert sum(subject["unsubscribed"] for subject in found["subjects"]) == found["unsubscribed"]
    clicks = sum(link["number"] for link in found["clicks"])
    assert sum(subject["clicks"] for subject in found["subjects"]) == clicks > 0


def test_variants_are_told_apart_by_what_is_true_of_their_readers(found):
    words = {variant["for"] for variant in found["variants"]}
    assert words == {
        "subject 1",
        "subject 1; state: OR",
        "subject 2",
        "subject 2; state: OR",
    }


def test_the_terminal_shows_them_too(mailer, root, found):
    code, said = mailer(root, "report", "vote")
    assert code == 0
    bounced = found["reported"]["bounced"]
    for line in (
        "vote to members: finished",
        r"Subject +The vote is Tuesday / …, can you call by Tuesday\?",
        rf"Handed over +{PEOPLE}, of {PEOPLE} in the audience",
        rf"Bounced +{bounced}, {bounced / PEOPLE:.2%}",
        r"no such address +\d",
        rf"OR +{found['states']['OR']}",
        r"The vote is Tuesday \(the winner\) ",
    ):
        assert re.search(line, said), line


def test_a_campaign_that_was_never_sent_has_no_report(mailer, root):
    code, said = mailer(root, "report", "gala")
    assert (code, "gala has not been sent" in said) == (2, True)
    code, said = mailer(root, "report", "vote", "--list", "member")
    assert code == 2
    assert 'vote was never sent to member\n  Did you mean "members"?' in said


def test_without_events_it_says_that_nothing_is_known_yet(mailer, tmp_path):
    root = make_project(tmp_path / "project", people=3)
    assert mailer(root, "send", "vote", "--yes", "--accept-warnings")[0] == 0
    _, said = mailer(root, "report", "vote")
    assert "Bounced       ?, not known yet" in said
    assert "Unsubscribed  0, 0%" in said


def test_whoever_was_left_alone_is_among_those_left_out(mailer, tmp_path):
    root = make_project(tmp_path / "project", people=2)
    store = open_store(root)
    words = {"query": "", "digest": "d", "transport": "outbox", "held_back": 4, "quiet_hours": 24}
    mailer(root, "send", "vote", "--yes", "--accept-warnings", "--limit", "1")
    snapshot = store.sends.find("vote", "members").snapshot
    store.sends.freeze("gala", "members", [1, 2], snapshot=snapshot, **words, now=NOW)
    store.close()
    (report,) = json.loads(mailer(root, "report", "gala", "--json")[1])
    assert report["left_out"] == {"had another campaign lately": 4}


@pytest.mark.parametrize(
    ("share", "said"),
    [(0, "0%"), (1, "100.00%"), (0.0001, "0.01%"), (0.00001, "less than 0.01%"), (0.0512, "5.12%")],
)
def test_a_small_share_is_not_none(share, said):
    assert rows.percent(share) == said


# ---------------------------------------------------------------- the page


@pytest.fixture(scope="module")
def page(root, tmp_path_factory):
    """Its file; made once, for it does not change."""
    path = tmp_path_factory.mktemp("page") / "reports" / "vote.html"
    said, _ = start(root, "report", "vote", "--html", str(path)).communicate()
    assert said == f"Wrote {path}. It needs no other file, and can be mailed.\n"
    return path


class _References(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        names = {"src", "href", "srcset", "data", "action", "background"}
        self.found += [(tag, value) for name, value in attrs if name in names]
        assert tag not in {"script", "link", "iframe", "form"}


def test_the_page_needs_nothing_else(page):
    references = _References()
    references.feed(page.read_text(encoding="utf-8"))
    assert references.found == []
    assert not re.search(r"url\(|@import|//fonts", page.read_text(encoding="utf-8"))


def test_nobody_is_on_the_page(page):
    text = page.read_text(encoding="utf-8")
    assert "@example" not in text
    assert "person1" not in text
    assert "Dana" not in text


def test_what_people_and_servers_wrote_cannot_become_markup(mailer, tmp_path):
    root = make_project(tmp_path / "project", people=3)
    mailer(root, "send", "vote", "--yes", "--accept-warnings", "--limit", "1")
    store = open_store(root)
    store.sends.set_state(1, SendState.SENDING, now=NOW)
    (claim,) = store.deliveries.claim(1, 1, now=datetime.now(UTC))
    refused = "<img src=x> person1@example.org refused"
    store.deliveries.record(
        [Result(claim.delivery_id, DeliveryState.FAILED, detail=refused)], now=NOW
    )
    store.sends.set_state(1, SendState.PAUSED, note="<script>alert(1)</script>", now=NOW)
    store.close()
    path = tmp_path / "report.html"
    assert mailer(root, "report", "vote", "--html", str(path))[0] == 0
    text = path.read_text(encoding="utf-8")
    assert "<script>" not in text
    assert "<img" not in text
    assert "&lt;img src=x&gt; … refused" in text


def test_a_page_that_cannot_be_written_is_a_sentence(mailer, root, tmp_path):
    (tmp_path / "file").write_text("")
    code, said = mailer(root, "report", "vote", "--html", str(tmp_path / "file" / "report.html"))
    assert code == 2
    assert "cannot be written: " in said


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_the_page_fits_every_screen_and_can_be_read_by_everybody(browser, page, width, scheme):
    viewport = {"width": width, "height": 900}
    with browser.new_page(viewport=viewport, color_scheme=scheme) as tab:
        tab.goto(page.as_uri())
        assert tab.evaluate("document.documentElement.scrollWidth") == width
        results = Axe().run(tab)
        assert results.violations_count == 0, results.generate_report()
        tab.emulate_media(media="print")
        ink = "getComputedStyle(document.querySelector('section')).backgroundColor"
        assert tab.evaluate(ink) == "rgb(255, 255, 255)"


# ---------------------------------------------------------------- long tables

STATES = tuple((f"S{number}", 100 - number) for number in range(42))


def test_a_long_table_says_how_much_of_it_is_shown_and_adds_up_the_others():
    assert rows.heading("State", STATES) == "State (10 of 42)"
    assert rows.top(STATES)[:10] == STATES[:10]
    assert rows.top(STATES)[10:] == (("32 others", sum(number for _, number in STATES[10:])),)


def test_a_short_table_is_shown_whole():
    assert rows.heading("State", STATES[:10]) == "State"
    assert rows.top(STATES[:10]) == STATES[:10]
