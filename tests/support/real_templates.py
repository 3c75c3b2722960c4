"""The templates that come with mailer, for tests of what a writer's campaign becomes with them."""

from __future__ import annotations

from pathlib import Path

from tests.support.campaigns import make_merger

ROOT = Path(__file__).parents[2] / "templates"
FILES = {
    f"templates/{path.relative_to(ROOT)}": path.read_text(encoding="utf-8")
    for path in sorted(ROOT.rglob("*"))
    if path.suffix in {".mjml", ".txt"}
}
CASES = Path(__file__).parents[1] / "compiler" / "cases"


def merge_real(body, subscriber, **options):
    return make_merger(body, files=FILES, **options).merge(subscriber)


def body_of_case(name):
    return (CASES / name).read_text(encoding="utf-8").split("---\n", 2)[2]


def merge_case(name, subscriber):
    return merge_real(body_of_case(name), subscriber)
