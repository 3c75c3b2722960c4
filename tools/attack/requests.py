"""Valid tokens of every purpose with hostile forms: never a failure, never a word of the form as markup."""

from __future__ import annotations

import collections
import http.client
import random
import threading
import urllib.parse
from datetime import UTC, datetime

from mailer.links import _PATHS
from tools.attack import Outcome

_PLACES = [
    "/unsubscribe",
    "/join",
    "/join/vote",
    "/c/vote",
    "/f/vote",
    "/c/..",
    "/%00",
    "/style.css",
]
_FIELDS = ["email", "first_name", "last_name", "zip", "list-members", "reason", "words", "scope", "choice", "visit",
           "List-Unsubscribe"]  # fmt: skip
_VALUES = [
    "a@example.org", "A" * 5000, "\r\nBcc: x", "<script>alert(1)</script>", "{{7*7}}", "97212", "\x00", "\u202e", "😀",
    "everything", "One-Click", "keep", "allow", "other", "ana@example.org\r\nBcc:y@z", '="1"', "'--", "../../x", "send",
    "stop", "too-many", "", '"><img src=x>', "a" * 64 + "@" + "b" * 63 + ".example", "用户@example.org", "x@xn--",
    "x@[127.0.0.1]", '"q q"@example.org', "x@example.org" + " " * 500, "0" * 300,
]  # fmt: skip
_NEEDED = {"content-security-policy", "cache-control", "referrer-policy", "x-frame-options"}
_FORM = "application/x-www-form-urlencoded"


def run(site, tries: int, seed: int = 21) -> Outcome:
    rnd = random.Random(seed)
    outcome = Outcome("requests with valid tokens and hostile forms")
    statuses = collections.Counter()
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
    for _ in range(tries):
        outcome.tries += 1
        method, path, body, headers = _request(rnd, site.keys)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as err:
            connection.close()
            outcome.successes.append(f"{type(err).__name__} for {method} {path}")
            continue
        statuses[answer.status] += 1
        problem = _problem(path, answer, text)
        if problem:
            outcome.successes.append(f"{problem}: {method} {path} {body!r:.200}")
    connection.close()
    outcome.figures = ", ".join(
        f"{n:,} of status {status}" for status, n in sorted(statuses.items())
    )
    return outcome


def _request(rnd, keys):
    purpose, segment = rnd.choice(list(_PATHS.items()))
    path = f"/{segment}/{_token(rnd, keys, purpose)}"
    if purpose == "undo" and rnd.random() < 0.4:
        path += "/reason"
    if rnd.random() < 0.25:
        path = rnd.choice(_PLACES)
    method = rnd.choice(["GET", "POST", "POST", "POST", "HEAD"])
    client = ".".join(str(rnd.randrange(256)) for _ in range(3))
    headers, body = {"X-Forwarded-For": f"10.{client}"}, None
    if method == "POST":
        body, headers["Content-Type"] = _body(rnd)
    return method, path, body, headers


def _token(rnd, keys, purpose):
    if purpose in {"unsubscribe", "update", "view", "click"}:
        return keys.token(
            purpose,
            rnd.choice([1, 2, 50, 100, 240, 9999, 0, 2**56 - 1]),
            rnd.choice([1, 1, 1, 2, 0]),
        )
    return keys.passing(purpose, rnd.choice([1, 2, 3, 4, 5, 6, 999, 2**56 - 1]), datetime.now(UTC))


def _body(rnd):
    fields = [(name, rnd.choice(_VALUES)) for name in rnd.sample(_FIELDS, rnd.randrange(7))]
    if rnd.random() < 0.7:
        return urllib.parse.urlencode(fields).encode(), _FORM
    parts = [
        f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields
    ]
    body = ("".join(parts) + "--B--\r\n").encode()
    if rnd.random() < 0.2:
        body = body[: rnd.randrange(len(body) + 1)]
    return body, "multipart/form-data; boundary=B"


def _problem(path, answer, text):
    headers = {name.lower() for name, _ in answer.getheaders()}
    if answer.status >= 500:
        return f"status {answer.status}"
    if any(word in text for word in (b"Traceback", b"<script>alert", b"<img src=x>")):
        return "words as markup"
    if "set-cookie" in headers or not headers >= _NEEDED:
        return "headers"
    if "location" in headers and not path.startswith("/r/"):
        return "a redirect"
    return ""


def flood(site, clients: int, seconds: float, tries: int) -> Outcome:
    """The same from many clients at once, for the option of an hour."""
    deadline = datetime.now(UTC).timestamp() + seconds
    outcomes: list[Outcome] = []

    def attack(seed):
        while datetime.now(UTC).timestamp() < deadline:
            seed += clients
            outcomes.append(run(site, tries, seed))

    threads = [threading.Thread(target=attack, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    whole = Outcome(f"{clients} clients for {seconds:,.0f} s", sum(each.tries for each in outcomes))
    whole.successes = [success for each in outcomes for success in each.successes]
    return whole
