"""The send loop on a store of its own, with its clock and its transport."""

from types import SimpleNamespace

import pytest

from mailer.sending.reputation import ReputationLimits
from mailer.store import connect
from tests.support.send_loop import LookingSendLoop, Time, Way, enrol, merge


@pytest.fixture
def path(tmp_path):
    return tmp_path / "mailer.db"


@pytest.fixture
def store(path):
    store = connect(path, lambda email: [email])
    yield store
    store.close()


@pytest.fixture
def elsewhere(path):
    """The same ledger, opened by another process than the sender."""
    other = connect(path, lambda email: [email])
    yield other
    other.close()


@pytest.fixture
def send(store):
    return enrol(store, range(25))


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def way():
    return Way()


@pytest.fixture
def make(store, way, time):
    def make(*, rate=10.0, store=store, merge=merge, on_progress=lambda _: None):
        return LookingSendLoop(
            store,
            way,
            SimpleNamespace(merge=merge),
            rate=rate,
            stop=time,
            clock=time,
            limits=ReputationLimits(bounces=5.0, complaints=0.1, outcomes=10),
            on_progress=on_progress,
        )

    return make


@pytest.fixture
def wide(way):
    """One outgoing in a batch, eight batches under way."""
    way.connections, way.most = 8, 1
    return way
