"""The command line in a test's own project: a test module says what its `root` is."""

from __future__ import annotations

import io
import os
import sys

import pytest
from hypothesis import HealthCheck, Phase, settings
from playwright.sync_api import sync_playwright

from mailer import cli
from mailer.store.sql import ids
from tests.support import counted_ids
from tools.projects import project, samples
from tools.projects.project import open_store

# no verdict about a busy machine
settings.register_profile(
    "default",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile(
    "quick",
    settings.get_profile("default"),
    phases=[Phase.explicit, Phase.generate],
    max_examples=25,
)
# the same examples each time, so that a commit has one verdict
settings.register_profile("repeatable", settings.get_profile("default"), derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_collection_modifyitems(config, items):
    others = [item for item in items if is_of_sqlite_only(item)]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in others]
    for item in items:
        if "browser" in item.fixturenames:
            item.add_marker(pytest.mark.browser)


def is_of_sqlite_only(item):
    """Whether a test that says why it is SQLite's alone was collected for PostgreSQL."""
    parameters = getattr(item, "callspec", None)
    on_postgres = parameters and parameters.params.get("database_kind") == "postgres"
    return bool(on_postgres and item.get_closest_marker("sqlite_only"))


@pytest.fixture(scope="module")
def browser():
    """Chromium. Of one module, because no other event loop can run beside Playwright's."""
    if not samples.CHROMIUM.exists():
        pytest.skip(f"needs Chromium at {samples.CHROMIUM}")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(**samples.BROWSER)
        yield chromium
        chromium.close()


@pytest.fixture(autouse=True, scope="session")
def state_folder(tmp_path_factory):
    """Keeps the marks of tests out of the user's state directory."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))


_RANDOM_IDS = {name: getattr(ids, name) for name in counted_ids.CONSTANTS}


@pytest.fixture(autouse=True, scope="session")
def ids_1_2_3():
    """Gives counted ids in the tests and in the processes that they start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(project, "PROGRAM", counted_ids.__name__)
        for name, value in counted_ids.CONSTANTS.items():
            patch.setattr(ids, name, value)
        yield


@pytest.fixture
def random_ids(monkeypatch):
    """Gives ids as everywhere but in the tests."""
    monkeypatch.setattr(project, "PROGRAM", "mailer")
    for name, value in _RANDOM_IDS.items():
        monkeypatch.setattr(ids, name, value)


@pytest.fixture
def store(root):
    store = open_store(root)
    yield store
    store.close()


@pytest.fixture
def mailer(root, replace, monkeypatch, capsys):
    """Runs a command and returns (exit code, what it printed); `answers` make it a terminal."""
    monkeypatch.delenv("MAILER_SECRET_KEYS", raising=False)

    def run(*arguments, answers=None):
        monkeypatch.setattr(sys, "argv", ["mailer", "--project", str(root), *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{a}\n" for a in answers or ())))
        replace("interactive", lambda: answers is not None)
        with pytest.raises(SystemExit) as end:
            cli.main()
        captured = capsys.readouterr()
        return end.value.code or 0, captured.out + captured.err

    return run


@pytest.fixture
def at(replace):
    """Puts the clock of the command line to a moment; that of the throttle goes on."""
    return lambda moment: replace("now", lambda: moment)


@pytest.fixture
def replace(monkeypatch):
    """Replaces something of `cli.common` wherever it is imported by that name."""

    def replace(name, value):
        for path, module in list(sys.modules.items()):
            importer = path.startswith("mailer.cli.") and path != "mailer.cli.common"
            if importer and hasattr(module, name):
                monkeypatch.setattr(module, name, value)

    return replace
