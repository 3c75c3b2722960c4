"""A project of its own that is served while it is attacked."""

from __future__ import annotations

import re
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mailer.links import Keys, load_keys
from tools.projects.project import make_project, start

if TYPE_CHECKING:
    from collections.abc import Iterator

PEOPLE = 1_000
"""So many that chance alone moves the measure of timing by 0.013."""
_PAGES = """
[pages]
public_versions = true
proxies = ["127.0.0.1"]
confirmations_per_hour = 1000000
confirmations_per_domain = 1000000
[[pages.lists]]
name = "members"
label = "Weekly letter"
"""


@dataclass(frozen=True)
class Served:
    root: Path
    port: int
    keys: Keys


@contextmanager
def served(people: int = PEOPLE) -> Iterator[Served]:
    """A campaign "vote" that was sent to so many people; its pages answer on a port of their own."""
    with tempfile.TemporaryDirectory() as folder:
        root = make_project(Path(folder) / "project", people)
        with (root / "mailer.toml").open("a", encoding="utf-8") as settings:
            settings.write(_PAGES)
        output, _ = start(root, "send", "vote", "--yes").communicate()
        assert (root / "outbox" / "vote").is_dir(), output
        server = start(root, "serve", "--port", "0")
        try:
            port = re.search(r"http://127\.0\.0\.1:(\d+)/", server.stdout.readline())[1]
            # its log is read all the time: a full pipe would stop it
            threading.Thread(target=server.stdout.read, daemon=True).start()
            keys = load_keys(None, root / "lists" / "secret.key")
            yield Served(root, int(port), keys)
        finally:
            server.terminate()
            server.wait()
            server.stdout.close()
