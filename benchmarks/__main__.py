"""`python -m benchmarks [NAME…]`: measure, print tables, and write build/bench/NAME.json.

Names: merge, compile, check, imports, sends, ses, web, start, audience, scale, stores. Without any, all of them.
With --against REVISION, that revision is installed beside and takes turns with this code, in one run.
"""

from __future__ import annotations

import argparse
import importlib
import os
from pathlib import Path

from benchmarks import against
from benchmarks.figures import machine

NAMES = (
    "merge",
    "compile",
    "check",
    "start",
    "imports",
    "audience",
    "sends",
    "ses",
    "web",
    "scale",
    "stores",
)
RESULTS = Path(__file__).parent.parent / "build" / "bench"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], metavar="NAME")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured (5)")
    parser.add_argument("--people", type=int, default=1_000_000, help="of the large ones (1000000)")
    parser.add_argument("--against", metavar="REVISION", help="take turns with this revision")
    parser.add_argument("--turns", type=int, default=3, help="of each revision (3)")
    options = parser.parse_args()
    # an installed revision has its bytecode, and this code would be compiled anew at each start
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    print(f"On {machine()}\n", flush=True)
    for name in options.names or NAMES:
        if options.against:
            sizes = ["--rounds", str(options.rounds), "--people", str(options.people)]
            table = against.compare(name, options.against, turns=options.turns, options=sizes)
            table.save(RESULTS / f"{name}-against.json")
        else:
            module = importlib.import_module(f"benchmarks.{name}")
            table = module.measure(rounds=options.rounds, people=options.people)
            table.save(RESULTS / f"{name}.json")
        print(table, flush=True)


if __name__ == "__main__":
    main()
