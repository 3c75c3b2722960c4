"""Rehearse with a pretended Amazon SES: `python -m tools.fake_ses --port 9000`."""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from tools.fake_ses.account import SETUPS
from tools.fake_ses.server import FakeSes

NEXT = """\
export AWS_ENDPOINT_URL_SESV2={endpoint}
export AWS_ACCESS_KEY_ID=fake
export AWS_SECRET_ACCESS_KEY=fake
export AWS_DEFAULT_REGION=us-east-1
"""


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.fake_ses", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--setup", choices=SETUPS, default="healthy", help="the account's state")
    parser.add_argument("--rate", type=float, help="recipients a second (14)")
    parser.add_argument("--quota", type=float, help="recipients a day, -1 for no limit (50000)")
    parser.add_argument("--identity", action="append", help="a verified domain (example.org)")
    parser.add_argument("--configuration-set", action="append", help="its name (mailer)")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before every answer")
    parser.add_argument("--record", type=Path, help="append a JSON line for each message")
    return parser.parse_args()


def _account(options: argparse.Namespace) -> dict[str, Any]:
    account = {
        "rate": options.rate,
        "quota": options.quota,
        "identities": options.identity and tuple(options.identity),
        "configuration_sets": options.configuration_set and tuple(options.configuration_set),
    }
    return {name: value for name, value in account.items() if value is not None}


def main() -> None:
    """Serve until Ctrl-C or SIGTERM."""
    options = _options()
    # all that was accepted is kept: to go through 40,000 messages takes 0.3 s, in which nothing is answered
    gc.set_threshold(700, 10, 1_000_000)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    server = FakeSes(
        setup=options.setup, port=options.port, record=options.record, **_account(options)
    )
    if options.latency:
        server.inject("slow", seconds=options.latency)
    try:
        with server, contextlib.suppress(KeyboardInterrupt):
            sys.stdout.write(NEXT.format(endpoint=server.endpoint))
            sys.stdout.flush()
            stop.wait()
    except OSError as err:
        sys.exit(f"port {options.port} cannot be used: {os.strerror(err.errno or 0)}")


main()
