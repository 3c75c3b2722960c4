import pytest

from mailer.store.sqlite.store import SqliteStore


def hashes(email):
    return [f"hash of {email}", f"older hash of {email}"]


@pytest.fixture
def store(tmp_path):
    opened = SqliteStore(tmp_path / "lists" / "mailer.db", hashes)
    yield opened
    opened.close()
