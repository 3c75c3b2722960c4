"""A store with ten people, and the same store opened by another process."""

import contextlib

import pytest

from mailer.store import connect
from tests.support.ledger import enrol, hashes


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lists" / "mailer.db"


@pytest.fixture
def open_store(path):
    with contextlib.ExitStack() as stack:

        def opened():
            store = connect(path, hashes)
            stack.callback(store.close)
            return store

        yield opened


@pytest.fixture
def store(open_store):
    store = open_store()
    enrol(store, range(10))
    return store


@pytest.fixture
def other(open_store, store):  # noqa: ARG001 - opened after `store`, on the same file
    return open_store()
