"""Whether the time an answer takes tells if an address is known.

The measure is the area under the ROC curve: the chance that an answer about a known address takes longer
than one about an unknown address. 0.5 tells nothing.
"""

from __future__ import annotations

import bisect
import http.client
import random
import time
import urllib.parse

from tools.attack import Outcome
from tools.projects.project import address

MOST = 0.55
_PAUSE = 0.02
"""Seconds between two requests."""


def run(site, people: int, seed: int = 1) -> Outcome:
    rnd = random.Random(seed)
    outcome = Outcome("time of an answer about a known and an unknown address")
    figures = []
    for path in ("/unsubscribe", "/join"):
        known, unknown = _measure(site, path, people, rnd)
        area = area_under_curve(known, unknown)
        outcome.tries += len(known) + len(unknown)
        figures.append(
            f"{path}: AUC {area:.3f}, medians {_median(known):.2f} and {_median(unknown):.2f} ms"
        )
        if not 1 - MOST <= area <= MOST:
            outcome.successes.append(figures[-1])
    outcome.figures = "; ".join(figures)
    return outcome


def _measure(site, path, people, rnd):
    """Milliseconds for addresses that are known and for others, asked in random order."""
    jobs = [(True, address(n)) for n in range(people)]
    jobs += [(False, f"person{rnd.randrange(10**9, 10**10)}@example.org") for _ in range(people)]
    rnd.shuffle(jobs)
    times: dict[bool, list[float]] = {True: [], False: []}
    connection = http.client.HTTPConnection("127.0.0.1", site.port)
    for number, (is_known, email) in enumerate(jobs):
        body = urllib.parse.urlencode({"email": email, "list-members": "yes"})
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Forwarded-For": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
        }
        time.sleep(_PAUSE)
        began = time.perf_counter()
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        answer.read()
        times[is_known].append((time.perf_counter() - began) * 1000)
        assert answer.status == 200, answer.status
    connection.close()
    return times[True], times[False]


def area_under_curve(known: list[float], unknown: list[float]) -> float:
    ordered = sorted(unknown)
    wins = sum(
        (bisect.bisect_left(ordered, value) + bisect.bisect_right(ordered, value)) / 2
        for value in known
    )
    return wins / (len(known) * len(unknown))


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
