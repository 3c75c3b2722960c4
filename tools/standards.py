"""Makes mailer/checks/data: `python -m tools.standards FOLDER`.

FOLDER/node_modules holds the packages caniemail (which mail program shows what) and mjml 4 (which
element takes which attributes, and holds which others). To be run when one of them knows something
new.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

DATA = Path(__file__).resolve().parent.parent / "mailer" / "checks" / "data"

PROGRAMS = {
    "Gmail": {
        "gmail.desktop-webmail": "web",
        "gmail.mobile-webmail": "mobile web",
        "gmail.ios": "iOS",
        "gmail.android": "Android",
    },
    "Apple Mail": {"apple-mail.macos": "macOS", "apple-mail.ios": "iOS"},
    "Outlook for Windows": {"outlook.windows": ""},
    "Outlook.com": {"outlook.outlook-com": ""},
    "Yahoo Mail": {
        "yahoo.desktop-webmail": "web",
        "yahoo.ios": "iOS",
        "yahoo.android": "Android",
    },
    "Samsung Email": {"samsung-email.android": ""},
}
"""The mail programs that nearly everybody reads in. The new Outlook shows what Outlook.com shows."""

ATTRIBUTES = """
const { components } = require("mjml-preset-core");
const found = components.map((c) => [c.componentName, Object.keys(c.allowedAttributes || {}).sort()]);
console.log(JSON.stringify(Object.fromEntries(found)));
"""

NESTING = """
const { components, dependencies } = require("mjml-preset-core");
const text = new Set(components.filter((c) => c.endingTag).map((c) => c.componentName));
const named = (names) => names.every((name) => typeof name === "string");
const found = Object.entries(dependencies).filter(([e, names]) => !text.has(e) && named(names));
console.log(JSON.stringify(Object.fromEntries(found.map(([e, names]) => [e, names.sort()]))));
"""
"""Elements that hold text, HTML or anything else have no list of children."""


def main(folder: Path) -> None:
    source = folder / "node_modules" / "caniemail" / "data" / "caniemail.json"
    known = json.loads(source.read_text(encoding="utf-8"))
    without = {feature["slug"]: lacking(feature["stats"]) for feature in known["data"]}
    write("caniemail.json", {
        "tested": known["last_update_date"][:10],
        "lacking": {slug: names for slug, names in without.items() if names},
    })  # fmt: skip
    write("mjml.json", asked(folder, ATTRIBUTES))
    write("nesting.json", asked(folder, NESTING))


def asked(folder: Path, program: str) -> dict[str, object]:
    """What MJML says of itself."""
    node = subprocess.run(
        ["node", "-e", program], cwd=folder, check=True, capture_output=True, text=True
    )
    answer: dict[str, object] = json.loads(node.stdout)
    return answer


def lacking(stats: dict[str, dict[str, dict[str, str]]]) -> list[str]:
    """The programs that do nothing with it, in their newest version that was tested."""
    names = []
    for name, platforms in PROGRAMS.items():
        without = [label for key, label in platforms.items() if newest(stats, key) == "n"]
        if len(without) == len(platforms):
            names.append(name)
        elif without:
            names.append(f"{name} ({', '.join(without)})")
    return names


def newest(stats: dict[str, dict[str, dict[str, str]]], key: str) -> str:
    """y, n, a (partly) or u (unknown)."""
    family, platform = key.split(".")
    versions = stats.get(family, {}).get(platform, {"0": "u"})
    last = max(versions, key=lambda version: [int(part) for part in re.findall(r"\d+", version)])
    return versions[last][0]


def write(name: str, value: dict[str, object]) -> None:
    lines = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True)
    # A list on one line: a change shows as one line, and the file is a third smaller
    compact = re.sub(
        r"\[\s+([^\[\]]*?)\s+\]", lambda m: "[" + re.sub(r"\s+", " ", m[1]) + "]", lines
    )
    (DATA / name).write_text(compact + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
