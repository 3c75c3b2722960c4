"""Links that count clicks: they lead where the mail said, wherever else somebody would like to lead."""

import asyncio
import re
import time

import pytest

from mailer.errors import StoreError
from mailer.links import address
from mailer.web.pages.click_counter import ClickCounter
from tests.web.conftest import Site, eml
from tools.projects.project import SETTINGS, copy_project, make_project, start

VOTE = """---
subject: The vote is Tuesday
preheader: Two calls, five minutes.
list: members
---
[Call the council](https://example.net/call?a=1&b=2#now)
"""


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    root = make_project(tmp_path_factory.mktemp("clicks") / "project", people=3)
    (root / "mailer.toml").write_text(SETTINGS + "[links]\nredirects = true\n")
    (root / "campaigns" / "vote.md").write_text(VOTE)
    said, _ = start(root, "send", "vote", "--yes").communicate()
    assert "3 accepted" in said
    return root


@pytest.fixture
def site(counted, tmp_path):
    found = Site(copy_project(counted, tmp_path / "project"))
    with found.client:
        yield found
    found.store.close()


def link_of(site, number=0):
    body = eml(site.root, f"person{number}@example.org").get_body(("html",)).get_content()
    (link,) = re.findall(r'href="(https://mail\.example\.org/r/[^"]*)"[^>]*>Call the council', body)
    return link


def clicks(site):
    return [(one.arm, one.number) for one in site.store.clicks.of_send(1) if one.url == URL]


def wait_for(site, number):
    """Clicks are written behind the reader's back."""
    for _ in range(250):
        if clicks(site) == [(1, number)]:
            return
        time.sleep(0.02)
    assert clicks(site) == [(1, number)]


URL = "https://example.net/call?a=1&b=2#now"


def test_a_click_leads_on_and_is_counted_without_a_person(site):
    link = link_of(site)
    assert link == link_of(site, 1)
    before = site.rows("SELECT * FROM deliveries"), site.rows("SELECT * FROM subscribers")
    answer = site.get(link)
    assert (answer.status_code, answer.headers["location"]) == (302, URL)
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    site.get(link)
    wait_for(site, 2)
    assert before == (site.rows("SELECT * FROM deliveries"), site.rows("SELECT * FROM subscribers"))


def test_a_scanner_that_asks_for_the_head_is_led_on_and_not_counted(site):
    answer = site.client.head(link_of(site).removeprefix("https://mail.example.org"))
    assert (answer.status_code, answer.headers["location"]) == (302, URL)
    site.get(link_of(site))
    wait_for(site, 1)


@pytest.mark.parametrize("suffix", ["?url=https://example.com", "?next=//example.com#x"])
def test_nothing_in_the_address_says_where_to(site, suffix):
    assert site.get(link_of(site) + suffix).headers["location"] == URL


def test_a_link_that_is_forged_or_of_another_purpose_leads_nowhere(site):
    base = "https://mail.example.org"
    unknown = address(base, "click", site.keys.token("click", 999, 1))
    foreign = address(base, "click", site.keys.token("unsubscribe", 1, 1))
    for link in (unknown, foreign, f"{link_of(site)}x", f"{base}/r/1-1", f"{base}/r/"):
        assert site.get(link).status_code == 404
    as_unsubscribe = link_of(site).replace("/r/", "/u/")
    assert site.get(as_unsubscribe).status_code == 404
    assert clicks(site) == [(1, 0)]


def test_proofs_and_builds_lead_there_directly(site):
    for command in (["build", "vote"], ["test", "vote", "kim@example.org"]):
        process = start(site.root, *command)
        assert process.communicate()[0]
        assert process.returncode == 0
    html = (site.root / "build" / "vote.html").read_text()
    (proof,) = (site.root / "outbox" / "vote" / "tests").glob("*.eml")
    assert "/r/" not in html
    assert "/r/" not in proof.read_text()
    assert clicks(site) == [(1, 0)]


# ---------------------------------------------------------------- many at once


class SlowWriter:
    """A database that takes its time, and fails when told to."""

    def __init__(self):
        self.written = []
        self.fails = 0
        self.clicks = self

    def add(self, numbers):
        self.written.append(dict(numbers))

    async def write(self, step):
        await asyncio.sleep(0.01)
        if self.fails:
            self.fails -= 1
            raise StoreError("the database is locked")
        step(self)


def passing(group_commit, *bursts):
    async def main():
        turnstile = ClickCounter(group_commit)
        for burst in bursts:
            for link_id in burst:
                turnstile.count(link_id)
            await turnstile.close()

    asyncio.run(main())


def test_a_burst_of_clicks_is_one_write_at_a_time():
    group_commit = SlowWriter()
    passing(group_commit, [1] * 500 + [2] * 300)
    assert group_commit.written == [{1: 500, 2: 300}]


def test_clicks_that_could_not_be_written_are_written_with_the_next():
    group_commit = SlowWriter()
    group_commit.fails = 1
    passing(group_commit, [1, 1], [2])
    assert group_commit.written == [{1: 2, 2: 1}]


def test_a_server_that_stops_writes_what_it_has_counted(counted, tmp_path):
    found = Site(copy_project(counted, tmp_path / "project"))
    with found.client:
        for _ in range(20):
            found.get(link_of(found))
    assert clicks(found) == [(1, 20)]
    found.store.close()
