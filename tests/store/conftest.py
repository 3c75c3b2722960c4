import pytest

from mailer.store import connect


def hashes(email):
    return [f"hash of {email}", f"older hash of {email}"]


@pytest.fixture
def store(tmp_path):
    opened = connect(tmp_path / "lists" / "mailer.db", hashes)
    yield opened
    opened.close()
