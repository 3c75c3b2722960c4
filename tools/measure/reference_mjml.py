"""Our mail beside what MJML itself makes of it: `python -m tools.measure.reference_mjml`.

Prints, for each sample and starter, the widths that Outlook is told and the bytes of both. MJML is
installed by `npm ci --prefix tools/mjml`.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import NamedTuple
from unittest import mock

from mailer.compiler import mjml
from tools.projects import samples

FOLDER = samples.ROOT / "tools" / "mjml"
_FOR_OUTLOOK = re.compile(r"<!--\[if mso.*?<!\[endif\]-->", re.DOTALL)
_WIDTH = re.compile(r"(?<![-\w])width[:=]\s*\"?([\d.]+)(?:px)?(?=[\";])")
_PICTURE = re.compile(r"<img\b[^>]*?\swidth=\"([^\"]+)\"")


class Compiled(NamedTuple):
    name: str
    mjml: str
    html: str


def is_installed() -> bool:
    return shutil.which("node") is not None and (FOLDER / "node_modules" / "mjml").is_dir()


def reference(documents: list[str]) -> list[str]:
    """The HTML that MJML makes of each document."""
    run = subprocess.run(
        ["node", "compile.js"],
        cwd=FOLDER,
        input=json.dumps(documents),
        capture_output=True,
        text=True,
        check=True,
    )
    pages: list[str] = json.loads(run.stdout)
    return pages


def widths(html: str) -> list[int]:
    """Pixels, as Outlook reads them: of tables and cells in its comments, then of pictures."""
    tables = [width for part in _FOR_OUTLOOK.findall(html) for width in _WIDTH.findall(part)]
    return [int(float(width)) for width in tables + _PICTURE.findall(html)]


def compiled(name: str) -> Compiled:
    """A sample campaign, or a starter by its path, as a usual recipient gets it."""
    seen: list[str] = []
    to_html = mjml.to_html

    def spy(source: str, *rest: object) -> str:
        seen.append(source)
        return to_html(source, *rest)  # type: ignore[arg-type]

    words = samples.load(name) if name in samples.CAMPAIGNS else samples.written(_starter(name))
    with mock.patch.object(mjml, "to_html", spy):
        html = samples.merger_of(words).merge(samples.members()[0]).html
    return Compiled(name, seen[0], html)


STARTERS = sorted(path.stem for path in (samples.ROOT / "templates" / "starters").glob("*.md"))
NAMES = [*samples.CAMPAIGNS, *STARTERS]


def _starter(name: str) -> str:
    return (samples.ROOT / "templates" / "starters" / f"{name}.md").read_text(encoding="utf-8")


def main() -> None:
    mails = [compiled(name) for name in NAMES]
    pages = reference([mail.mjml for mail in mails])
    print(f"{'':18}{'widths':>10}{'ours':>12}{'MJML':>12}")
    for mail, page in zip(mails, pages, strict=True):
        alike = "alike" if widths(mail.html) == widths(page) else "DIFFERENT"
        print(f"{mail.name:18}{alike:>10}{len(mail.html.encode()):10,} B{len(page.encode()):10,} B")


if __name__ == "__main__":
    main()
