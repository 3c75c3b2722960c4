"""`make attack`: every attack at its full size; with `--hours N`, hostile requests for that long.

Ends 1 when anything got through.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from typing import TYPE_CHECKING

from tools.attack import Outcome, merges, raw_http, requests, timing, tokens
from tools.attack.served import PEOPLE, served

if TYPE_CHECKING:
    from collections.abc import Iterator


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="a share of the full size")
    parser.add_argument(
        "--hours", type=float, default=0.0, help="of hostile requests by four clients"
    )
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    got_through = 0
    for outcome in attacks(options):
        sys.stdout.write(f"{outcome}\n")
        sys.stdout.flush()
        got_through += len(outcome.successes)
    return int(got_through > 0)


def attacks(options: argparse.Namespace) -> Iterator[Outcome]:
    scale, seed = options.scale, options.seed
    yield tokens.run(int(200_000 * scale), seed)
    yield merges.run(int(20_000 * scale), seed)
    yield sandbox()
    with served() as site:
        yield timing.run(site, int(PEOPLE * min(scale, 1)), seed)
        yield raw_http.run(site)
        yield requests.run(site, int(8_000 * scale), seed)
        if options.hours:
            yield requests.flood(site, 4, options.hours * 3600, 1_000)
            yield raw_http.run(site)


def sandbox() -> Outcome:
    """Everything that a template reaches is walked by the suite's own test."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/compiler/test_sandbox.py",
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    outcome = Outcome(
        "the sandbox of templates, walked", 1, figures=result.stdout.strip().splitlines()[-1]
    )
    if result.returncode:
        outcome.successes.append(result.stdout[-2000:])
    return outcome


if __name__ == "__main__":
    sys.exit(main())
