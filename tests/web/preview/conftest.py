"""A project of nine people, and what the preview compiles of it."""

from __future__ import annotations

import pytest

from mailer.links import Keys
from mailer.web.preview.compile_cache import CompileCache
from tests.support.preview_project import NOW
from tools.projects.project import copy_project, make_project, open_store


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return make_project(tmp_path_factory.mktemp("preview") / "project", 9)


@pytest.fixture
def root(original, tmp_path):
    return copy_project(original, tmp_path / "project")


@pytest.fixture
def store(root):
    opened = open_store(root)
    yield opened
    opened.close()


@pytest.fixture
def compile_cache(root):
    return CompileCache(
        root,
        keys=Keys(["a key for tests only"]),
        fields=frozenset,
        tallies=lambda _: {},
        clock=lambda: NOW,
    )
