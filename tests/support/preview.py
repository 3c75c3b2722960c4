"""`mailer preview` of a project, as staff run it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tools.projects import samples
from tools.projects.project import start

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page


def sample_project(root: Path) -> Path:
    """The project that comes with mailer, its people imported."""
    samples.copy_to(root)
    said, _ = start(
        root, "lists", "import", str(root / "lists" / "members.csv"), "--list", "members"
    ).communicate()
    assert "250 new" in said, said
    return root


def origin(address: str) -> str:
    """The address of a page without its path: for a browser that has opened it once."""
    return address.partition("/?")[0]


def enter(page: Page, address: str) -> None:
    """Let a browser know the secret, as opening the address does, without a look at all campaigns."""
    url, _, token = address.partition("/?token=")
    cookie = {"name": f"mailer-preview-{url.rpartition(':')[2]}", "value": token, "url": url}
    page.context.add_cookies([cookie])


@contextmanager
def previewing(root: Path) -> Iterator[str]:
    """The address to open, with its secret. It ends on Ctrl-C, at once and without a complaint."""
    server = subprocess.Popen(
        [sys.executable, "-m", "mailer", "--project", str(root), "preview", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        said = server.stdout.readline()
        yield re.search(r"http://\S+", said)[0]
    finally:
        server.send_signal(signal.SIGINT)
        _, log = server.communicate(timeout=20)
    assert log == "", log
    assert server.returncode == 0, server.returncode
