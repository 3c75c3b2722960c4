import pytest

from mailer.store import connect


def hashes(email):
    return [f"hash of {email}"]


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    """The user's state directory."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "project" / "lists" / "mailer.db"


@pytest.fixture
def opened(path):
    """Opens stores, and closes them all in the end."""
    stores = []

    def opened(file=path):
        stores.append(connect(file, hashes))
        return stores[-1]

    yield opened
    for store in stores:
        store.close()
