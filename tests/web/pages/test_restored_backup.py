"""Links of mail that was sent after a backup was made, opened after that backup was restored."""

import shutil

import pytest

from tests.web.conftest import Site
from tools.projects.project import address, make_project, open_store

pytestmark = pytest.mark.usefixtures("random_ids")

TABLES = ("subscribers", "sends", "deliveries", "departures")
MANY = range(20)


@pytest.fixture
def root(tmp_path):
    return make_project(tmp_path / "project", 3)


def bring(mailer, root, prefix):
    rows = "".join(f"{prefix}{i}@example.org,{prefix.title()}\n" for i in MANY)
    (root / "more.csv").write_text(f"Email,First Name\n{rows}")
    command = ("lists", "import", str(root / "more.csv"), "--list", "members", "--source", "a form")
    assert mailer(*command)[0] == 0


def send(mailer, root, campaign):
    if campaign != "vote":
        shutil.copy(root / "campaigns" / "vote.md", root / "campaigns" / f"{campaign}.md")
    code, said = mailer("send", campaign, "--yes")
    assert code == 0, said


def leave(root, who):
    """Somebody leaves by the link of the last mail."""
    site = Site(root)
    with site.client:
        subscriber = site.history(who).subscriber.id
        (send_id,) = site.rows(
            "SELECT max(send_id) FROM deliveries WHERE subscriber_id = ?", subscriber
        )[0]
        link = site.links(subscriber, send_id).unsubscribe
        assert site.post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200
    site.store.close()


def ids(root):
    site = Site(root)
    numbers = {t: {n for (n,) in site.rows(f"SELECT id FROM {t}")} for t in TABLES}
    site.store.close()
    return numbers


def test_no_number_in_mail_is_given_out_again_after_a_restore(mailer, root, tmp_path):
    mailer("backup", str(tmp_path / "backup"))
    copied = ids(root)
    bring(mailer, root, "early")
    send(mailer, root, "vote")
    leave(root, "early0@example.org")
    lost = {table: numbers - copied[table] for table, numbers in ids(root).items()}
    for _ in range(2):
        assert mailer("restore", str(tmp_path / "backup"), "--yes")[0] == 0
        bring(mailer, root, "late")
        send(mailer, root, "second")
        leave(root, "late0@example.org")
        again = {table: numbers - copied[table] for table, numbers in ids(root).items()}
        for table in TABLES:
            assert lost[table]
            assert again[table]
            assert lost[table].isdisjoint(again[table])
            lost[table] |= again[table]


def test_an_old_link_shows_and_changes_nobody_else(mailer, root, tmp_path):
    mailer("backup", str(tmp_path / "backup"))
    bring(mailer, root, "early")
    send(mailer, root, "vote")
    numbers = ids(root)
    assert mailer("restore", str(tmp_path / "backup"), "--yes")[0] == 0
    bring(mailer, root, "late")
    send(mailer, root, "second")
    store = open_store(root)
    known = {store.subscribers.history(address(i)).subscriber.id for i in range(3)}
    store.close()
    site = Site(root)
    with site.client:
        before = site.rows("SELECT * FROM memberships")
        for subscriber in numbers["subscribers"] - known:
            for send_id in numbers["sends"]:
                links = site.links(subscriber, send_id)
                for link in (links.unsubscribe, links.update, links.view):
                    page = site.get(link).text
                    assert "late" not in page.lower()
                    assert "l\u2026" not in page
                site.post(links.unsubscribe, {"List-Unsubscribe": "One-Click"})
                site.post(links.update, {"first_name": "Somebody"})
        assert site.rows("SELECT * FROM memberships") == before
    site.store.close()


def test_links_stay_short_after_a_restore(mailer, root, tmp_path):
    mailer("backup", str(tmp_path / "backup"))
    mailer("restore", str(tmp_path / "backup"), "--yes")
    bring(mailer, root, "late")
    send(mailer, root, "vote")
    numbers = ids(root)
    assert max(numbers["deliveries"]) < 2**53
    site = Site(root)
    links = site.links(max(numbers["subscribers"]), max(numbers["sends"]))
    site.store.close()
    for link in (links.unsubscribe, links.update, links.view):
        assert len(link.removeprefix("https://mail.example.org")) < 80
