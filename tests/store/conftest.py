import pytest

from mailer.store import connect
from tests.support.postgres import database_kind, postgres_server

__all__ = ["database_kind", "postgres_server"]


def hashes(email):
    return [f"hash of {email}", f"older hash of {email}"]


@pytest.fixture(autouse=True)
def on_both(database_kind):
    """Each test of the store runs on SQLite and on PostgreSQL."""
    return database_kind


@pytest.fixture
def store(tmp_path):
    opened = connect(tmp_path / "lists" / "mailer.db", hashes)
    yield opened
    opened.close()
