"""A wheel holds everything that mailer reads of its own files, and works without a clone."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "mailer"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


def files_below(folder, prefix):
    return {
        f"{prefix}/{path.relative_to(folder).as_posix()}"
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def test_a_wheel_holds_the_package_the_templates_and_the_documentation(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert files_below(PACKAGE, "mailer") <= names
    assert files_below(ROOT / "templates", "mailer/templates") <= names
    assert files_below(ROOT / "docs", "mailer/docs") <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_a_wheel_holds_nothing_of_a_user_and_no_tests(wheel):
    folders = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {folder for folder in folders if not folder.endswith(".dist-info")} == {"mailer"}


def test_the_package_works_from_a_wheel_alone(wheel, tmp_path):
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    environment = {**os.environ, "PYTHONPATH": str(site), "HOME": str(tmp_path)}

    def mailer(*arguments):
        command = [sys.executable, "-m", "mailer", *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    code = "import mailer; print(mailer.__file__)"
    command = [sys.executable, "-c", code]
    where = subprocess.check_output(command, cwd=tmp_path, env=environment, text=True)
    assert where.startswith(str(site))
    mailer("init", "project")
    mailer("--project", "project", "new", "hello")
    assert "Wrote" in mailer("--project", "project", "build", "hello")
    assert "# Sending" in mailer("help", "sending")


def test_a_folder_with_modules_is_a_package():
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert [path for path in folders if not (path / "__init__.py").exists()] == []
