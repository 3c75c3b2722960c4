"""A petition's links opened by scanners, then pressed by many while the server is killed again and again.

    python -m tools.rehearse.petition [--people 12000] [--mails 1000] [--posts 20000] [--clients 8] [--kills 5]

The links of real mails are opened by HEAD, GET and an empty POST, and by a browser that runs scripts. Each client keeps its own record of the answers it got. After each kill the store is compared with the records,
and at the end the count has to be the number of people who pressed the button at all.
"""

from __future__ import annotations

import argparse
import email
import email.policy
import http.client
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from playwright.sync_api import sync_playwright

from mailer.campaigns.petition import FOLDER, parse
from mailer.ledger.signature import SignatureState
from mailer.links import Links, load_keys
from tools.projects.project import make_project, open_store, start

if TYPE_CHECKING:
    from mailer.store import Store

PETITION = """---
title: Bring back the last bus home
to: The governors
---
Run every trunk line until one in the morning.

## Why?

The last bus leaves too early.
"""
NAME = "night-bus"
BUTTON = """
{{ button("Add your name", links.sign["night-bus"]) }}
"""
FORM = urlencode({"wording": parse(f"{FOLDER}/{NAME}.md", PETITION).wording})
"""What the button sends."""
THANKS = "/t/"
_ANSWER_SECONDS = 30
_SIGN = re.compile(r"https://mail\.example\.org(/s/[\w/-]+)")


@dataclass
class Rehearsal:
    """The figures and problems of one rehearsal."""

    posts: int = 0
    """Posts that were answered."""
    retried: int = 0
    """Requests that got no answer, and were made again."""
    kills: int = 0
    signers: set[int] = field(default_factory=set)
    """People whose button was pressed with an answer."""
    seconds: float = 0
    """Seconds with a server that answers."""
    times: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def p99(self) -> float:
        """Milliseconds."""
        return sorted(self.times)[int(len(self.times) * 0.99)] * 1000


class Server:
    """`mailer serve`, which can be killed and started again at another port."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.port = 0
        self.ready = threading.Event()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mailer", "--project", str(self._root), "serve", "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        self.port = int(re.search(r"http://[\d.]+:(\d+)", line)[1])  # type: ignore[index]
        self.ready.set()

    def kill(self) -> None:
        self.ready.clear()
        self._process.kill()
        self._process.communicate()

    def stop(self) -> None:
        self.ready.clear()
        self._process.terminate()
        self._process.communicate()


def make(root: Path, people: int, mails: int = 1) -> tuple[Path, list[tuple[int, str]]]:
    """A project whose mail went to some of the people, and for each person (id, path that signs)."""
    make_project(root, people)
    add_petition(root)
    start(root, "send", "vote", "--limit", str(mails), "--yes").communicate()
    store, keys = open_store(root), load_keys(None, root / "lists" / "secret.key")
    send = store.sends.all("vote")[0].id
    members = [subscriber.id for subscriber in store.subscribers.audience("members")]
    store.close()
    return root, [(who, Links("", keys, "vote", send, who).sign(NAME)) for who in members]


def add_petition(root: Path) -> None:
    """Put a petition beside the campaign, and its button into the mail."""
    with (root / "campaigns" / "vote.md").open("a") as campaign:
        campaign.write(BUTTON)
    (root / "campaigns" / "petitions").mkdir()
    (root / "campaigns" / "petitions" / f"{NAME}.md").write_text(PETITION)


def ask(
    server: Server,
    connection: http.client.HTTPConnection | None,
    method: str,
    path: str,
    form: str = "",
):
    """Make a request on a connection that is kept; (response, connection)."""
    if connection is None or connection.port != server.port:
        if connection:
            connection.close()
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=_ANSWER_SECONDS)
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
    try:
        connection.request(method, path, form or None, headers)
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        connection.close()
        raise
    return answer, connection


def scan(server: Server, paths: list[str]) -> int:
    """Open links as scanners do, some of which post; return how many were answered with a page."""
    connection, number = None, 0
    for path in paths:
        for method in ("HEAD", "GET", "POST"):
            answer, connection = ask(server, connection, method, path)
            number += answer.status == http.HTTPStatus.OK
    if connection:
        connection.close()
    return number


def mailed(root: Path) -> list[str]:
    """The paths of the sign links in all mails that went out."""
    texts = [
        email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        .get_body(("plain",))
        .get_content()
        for file in sorted((root / "outbox" / "vote").glob("*.eml"))
    ]
    return [path for text in texts for path in set(_SIGN.findall(text))]


def browse(server: Server, paths: list[str]) -> int:
    """Open links in a browser that runs scripts; return how many showed the button."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page, number = browser.new_page(), 0
        for path in paths:
            page.goto(f"http://127.0.0.1:{server.port}{path}", wait_until="load")
            number += page.get_by_role("button", name="Add my name").count()
        browser.close()
    return number


def press(
    server: Server,
    links: list[tuple[int, str]],
    *,
    posts: int,
    clients: int,
    kills: int,
    store: Store,
    seed: int = 7,
) -> Rehearsal:
    """Press buttons, each at least once and some again, and kill the server in between."""
    rnd = random.Random(seed)
    work = links + rnd.choices(links, k=max(posts - len(links), 0))
    rnd.shuffle(work)
    result, lock = Rehearsal(), threading.Lock()
    threads = [
        threading.Thread(target=_press_all, args=(server, work, result, lock))
        for _ in range(clients)
    ]
    marks = [posts * (number + 1) // (kills + 1) for number in range(kills)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for mark in marks:
        while result.posts < mark and any(thread.is_alive() for thread in threads):
            time.sleep(0.005)
        began += _kill(server, store, result, lock)
    for thread in threads:
        thread.join()
    result.seconds = time.perf_counter() - began
    result.problems += compare(store, result.signers, exactly=True)
    return result


def _press_all(
    server: Server, work: list[tuple[int, str]], result: Rehearsal, lock: threading.Lock
) -> None:
    """Press the buttons of `work`, (person, path) each, until none is left."""
    connection = None
    while True:
        with lock:
            if not work:
                break
            person, path = work.pop()
        began, answer, connection = _press_until_answered(server, connection, path, result)
        with lock:
            result.times.append(time.perf_counter() - began)
            result.posts += 1
            if (answer.getheader("Location") or "").startswith(THANKS):
                result.signers.add(person)
            else:
                result.problems.append(f"{path} was answered with {answer.status}")
    if connection:
        connection.close()


def _kill(server: Server, store: Store, result: Rehearsal, lock: threading.Lock) -> float:
    """Kill the server, compare what it kept, start it again; return the seconds without a server."""
    server.kill()
    result.kills += 1
    pause = time.perf_counter()
    with lock:
        result.problems += compare(store, result.signers, exactly=False)
    server.start()
    return time.perf_counter() - pause


def _press_until_answered(server: Server, connection, path: str, result: Rehearsal):
    """Press a button, again while the server is down; return (time, response, connection)."""
    while True:
        server.ready.wait()
        began = time.perf_counter()
        try:
            return began, *ask(server, connection, "POST", path, FORM)
        except (OSError, http.client.HTTPException):
            connection = None
            result.retried += 1
            time.sleep(0.01)


def compare(store: Store, signers: set[int], *, exactly: bool) -> list[str]:
    """Compare what the store says with what the clients know; return the differences."""
    counts = store.petitions.counts(NAME)
    signed = [s.subscriber_id for s in store.petitions.all(NAME, SignatureState.SIGNED)]
    problems = []
    if counts.signed != len(signed) or len(signed) != len(set(signed)):
        problems.append(f"{counts.signed:,} are counted, of {len(signed):,} rows")
    if lost := signers - set(signed):
        problems.append(f"{len(lost):,} who were thanked are not in the store")
    if exactly and set(signed) != signers:
        problems.append(f"{counts.signed:,} are counted, {len(signers):,} signed")
    return problems


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--people", type=int, default=12_000)
    parser.add_argument("--mails", type=int, default=1_000)
    parser.add_argument("--posts", type=int, default=20_000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--kills", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root, links = make(Path(folder) / "project", options.people, options.mails)
        store, server = open_store(root), Server(root)
        server.start()
        paths = mailed(root)
        number = scan(server, paths)
        print(
            f"{number:,} pages opened by HEAD, GET and a POST of nothing: {store.petitions.counts(NAME)}"
        )
        number = browse(server, paths)
        print(f"{number:,} opened by a browser that runs scripts: {store.petitions.counts(NAME)}")
        result = press(
            server,
            links,
            posts=options.posts,
            clients=options.clients,
            kills=options.kills,
            store=store,
        )
        server.stop()
        print(
            f"{result.posts:,} answers, {result.retried:,} without one and made again, {result.kills} kills; "
            f"{len(result.signers):,} people signed, {store.petitions.counts(NAME)}\n"
            f"{result.posts / result.seconds:,.0f} a second, p99 {result.p99:,.0f} ms"
        )
        store.close()
        print(*result.problems or ["No difference."], sep="\n")
        sys.exit(bool(result.problems))


if __name__ == "__main__":
    main()
