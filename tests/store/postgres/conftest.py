import pytest

from tests.support.postgres import address, open_stores

__all__ = ["address", "open_stores"]


@pytest.fixture(autouse=True)
def on_both():
    """These tests are about PostgreSQL alone."""


@pytest.fixture
def store(open_stores):
    return open_stores()


@pytest.fixture
def other(open_stores, store):
    """The same database, from another machine."""
    del store  # makes the tables
    return open_stores()
