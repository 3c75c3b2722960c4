"""A project folder of its own for tests of lists, and `mailer` run in it as staff do."""

import csv
import io
import json
import sys
from contextlib import closing
from pathlib import Path

import pytest

from mailer.cli import main
from mailer.store import connect
from tools.projects.project import SETTINGS

ROOT = Path(__file__).parents[2]
KEY = "a key that only the tests know"


class ListProject:
    """A project folder, and `mailer` run in it as staff do."""

    def __init__(self, root, capture, patch):
        (root / "mailer.toml").write_text(SETTINGS)
        self.root = root
        self._capture = capture
        self._patch = patch

    def write(self, name, text):
        (self.root / name).write_text(text, encoding="utf-8")

    def run(self, *arguments, code=0):
        self._patch.chdir(self.root)
        self._patch.setattr(sys, "argv", ["mailer", *map(str, arguments)])
        self._patch.setenv("MAILER_SECRET_KEYS", KEY)
        self._capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self._capture.readouterr()
        assert (ended.value.code or 0) == code, out + err
        return out if code == 0 else err

    def json(self, *arguments):
        return json.loads(self.run(*arguments, "--json"))

    def exported(self, list_name):
        return list(csv.DictReader(io.StringIO(self.run("lists", "export", list_name))))

    def imported(self, *files, to="members", options=()):
        """Import files one after the other; returns what the last import says."""
        for file in files:
            totals = self.json("lists", "import", file, "--list", to, *options)
        return totals

    def mailable(self, list_name="members"):
        """Local parts of the addresses that a send to this list would mail."""
        with closing(connect(self.root / "lists" / "mailer.db", lambda _: [])) as store:
            people = store.subscribers.audience(list_name)
            return sorted(person.email.partition("@")[0] for person in people)
