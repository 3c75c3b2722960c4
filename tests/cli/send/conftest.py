"""A project of nine people."""

import pytest

from tools.projects.project import make_project


@pytest.fixture
def root(tmp_path):
    return make_project(tmp_path / "project", people=9)
