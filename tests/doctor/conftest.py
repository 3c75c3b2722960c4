"""A project's folder, and the fake Amazon account."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.support.campaigns import TEMPLATES
from tools.fake_ses import FakeSes
from tools.projects.project import make_project


@pytest.fixture
def amazon(monkeypatch, tmp_path):
    """The fake Amazon, and no AWS settings but a key."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "fake")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "fake")
    with FakeSes() as fake:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", fake.endpoint)
        yield fake


@pytest.fixture
def folder(tmp_path):
    """With one layout, a small one."""
    made = make_project(tmp_path, 3)
    shutil.rmtree(made / "templates")
    (made / "templates").mkdir()
    for path, text in TEMPLATES.items():
        (made / path).write_text(text)
    return made
