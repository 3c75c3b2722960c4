"""Stores on a PostgreSQL server of the tests' own, in place of database files."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from mailer.store import postgres
from mailer.store.postgres.errors import place
from mailer.store.sql.marks import Marks
from tools.postgres import Server, programs

MISSING = "needs PostgreSQL: apt-get install postgresql"


class Files:
    """Stores on a server where a test names database files: each file is a database."""

    def __init__(self, server):
        self._server = server
        self._urls = {}
        self._opened = []

    def url(self, path):
        path = Path(path).resolve()
        if path not in self._urls:
            # an example of a property test is over when its folder is gone
            self._empty([other for other in self._urls if not other.parent.exists()])
            self._urls[path] = self._server.empty.pop() if self._server.empty else self._create()
        return self._urls[path]

    def _create(self):
        url = self._server.create()
        postgres.connect(url, lambda _: [], lambda _: None).close()
        return url

    def connect(self, path, address_hashes, announce):
        store = postgres.connect(self.url(path), address_hashes, announce)
        store.database.path = Path(path)
        self._opened.append(store)
        return store

    def empty(self):
        """Leave the databases as new ones to the next test: to create one takes a second."""
        for store in self._opened:
            store.close()
        self._empty(list(self._urls))

    def _empty(self, paths):
        for url in [self._urls.pop(path) for path in paths]:
            with closing(psycopg.connect(url, autocommit=True)) as connection:
                connection.execute(_END_OTHERS)
                tables = [name for (name,) in connection.execute(_TABLES)]
                connection.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")
                connection.execute("INSERT INTO ledger VALUES (%s, 0, '')", (uuid4().hex,))
            for mark in Marks(place(url)).paths:
                mark.unlink(missing_ok=True)
            self._server.empty.append(url)


_END_OTHERS = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()"""

_TABLES = """
SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_steps'"""


@pytest.fixture(scope="session")
def postgres_server():
    if not programs():
        pytest.skip(MISSING)
    server = Server("fsync=off", "full_page_writes=off", "max_connections=60")
    server.empty = []
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(params=["sqlite", "postgres"])
def database_kind(request, monkeypatch):
    """Runs a test on both databases: the files that it names are databases on a server the second time."""
    if request.param == "postgres":
        server = request.getfixturevalue("postgres_server")
        files = Files(server)
        monkeypatch.setattr("mailer.store.sqlite.connect", files.connect)
        # tests say what time it is
        monkeypatch.setattr(postgres.PostgresDatabase, "now", lambda _, clock: clock())
        yield files
        files.empty()
    else:
        yield None


@pytest.fixture
def address(postgres_server):
    """The address of an empty database."""
    return postgres_server.create()


@pytest.fixture
def open_stores(address):
    """Opens stores on one database, as machines do."""
    opened = []

    def open_store(url=address):
        opened.append(postgres.connect(url, lambda email: [f"hash of {email}"], lambda _: None))
        return opened[-1]

    yield open_store
    for store in opened:
        store.close()
