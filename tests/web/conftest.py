"""The recipients' pages of a small project whose campaign "vote" was sent to six people."""

from __future__ import annotations

import email
import email.policy
import re
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from functools import cached_property

import pytest
from starlette.testclient import TestClient

from mailer import config
from mailer.cli.common import now as system_clock
from mailer.compiler import page_words
from mailer.links import Links, load_keys
from mailer.transports.registry import open_confirmation_transport
from mailer.web.pages.app import make_app
from tools.projects.project import copy_project, files, make_project, open_store, start

PEOPLE = 6
COMPILED = 'INSERT INTO "public_versions"'
PAGES = """
[pages]
public_versions = true
[[pages.lists]]
name = "members"
label = "Weekly letter"
about = "Every Friday."
[[pages.lists]]
name = "alerts"
label = "Action alerts"
"""


BUTTON = {"choice": "yes"}


class Clock:
    def __init__(self):
        self.ahead = timedelta()

    def __call__(self):
        return datetime.now(UTC) + self.ahead


class Site:
    """A served project, seen from outside and from inside."""

    def __init__(self, root, open_pages_store=None):
        self.root = root
        self.clock = Clock()
        self.project = config.load(root)
        self.keys = load_keys(None, root / "lists" / "secret.key")
        self.store = open_store(root)
        self.app = make_app(
            self.project.settings,
            keys=self.keys,
            open_store=open_pages_store or (lambda: open_store(root)),
            open_transport=lambda: open_confirmation_transport(self.project, clock=system_clock),
            clock=self.clock,
            delay=lambda: 0,
            pictures=root / "published",
            petitions=root / "campaigns" / "petitions",
            page_words=page_words.load(root),
        )

    @cached_property
    def client(self):
        return TestClient(self.app, base_url="http://mail.example.org", follow_redirects=False)

    def get(self, url, **options):
        return self.client.get(path(url), **options)

    def post(self, url, data=None, **options):
        """Send a form; without one, what the button of a page that asks sends."""
        return self.client.post(path(url), data=BUTTON if data is None else data, **options)

    def press(self, url):
        """Press the button of the page at `url` as a browser does: with its hidden fields, to the page behind it."""
        page = self.get(url)
        form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text))
        return self.client.post(path(url), data=form, follow_redirects=True)

    def links(self, subscriber=1, send=1):
        return Links("https://mail.example.org", self.keys, "vote", send, subscriber)

    def history(self, address):
        return self.store.subscribers.history(address)

    def status(self, address):
        return {m.list_name: m.status for m in self.history(address).memberships}

    def rows(self, query, *given):
        with sqlite3.connect(self.root / "lists" / "mailer.db") as db:
            return db.execute(query, given).fetchall()

    def state(self):
        """Everything that could change, as text: not what was compiled to be shown."""
        with sqlite3.connect(self.root / "lists" / "mailer.db") as db:
            lines = [*db.iterdump()]
        return "\n".join(line for line in lines if not line.startswith(COMPILED))

    def mails(self, address=""):
        """The confirmations so far, after the postman had time to write all that waits."""
        for _ in range(200):
            if not self.rows("SELECT 1 FROM requests WHERE mail IN ('pending', 'sending')"):
                break
            time.sleep(0.02)
        found = sorted((self.root / "outbox" / "confirmations").glob(f"*-{address}*.eml"))
        return [
            email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            for file in found
        ]

    def link_to(self, address):
        """The link in the last mail to an address."""
        text = self.mails(address)[-1].get_body(("plain",)).get_content()
        return re.search(r"https://\S+", text)[0]


def path(url):
    return url.removeprefix("https://mail.example.org")


def eml(root, address, campaign="vote"):
    (file,) = (root / "outbox" / campaign).glob(f"*-{address}.eml")
    return email.message_from_bytes(file.read_bytes(), policy=email.policy.default)


@pytest.fixture(scope="session")
def sent(tmp_path_factory):
    root = make_project(tmp_path_factory.mktemp("pages") / "project", PEOPLE)
    with (root / "mailer.toml").open("a", encoding="utf-8") as settings:
        settings.write(PAGES)
    said, _ = start(root, "send", "vote", "--yes").communicate()
    assert len(files(root)) == PEOPLE, said
    return root


@pytest.fixture
def root(sent, tmp_path):
    return copy_project(sent, tmp_path / "project")


@pytest.fixture
def site(root):
    found = Site(root)
    with found.client:
        yield found
    found.store.close()
