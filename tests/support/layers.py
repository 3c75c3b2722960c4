"""The layers of the package, and what each module imports."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "mailer"


LAYERS = [
    [
        "errors",
        "atomic",
        "colors",
        "throttle",
        "hosts",
        "assets",
        "page_templates",
        "toml_mistakes",
    ],
    ["key_files", "sealed_ids"],
    ["address_keys"],
    ["schema", "timezones", "links", "stop", "http_probe"],
    ["config"],
    ["palettes", "setup", "images"],
    ["lists"],
    ["campaigns"],
    ["ledger"],
    ["compiler"],
    ["mail"],
    ["checks"],
    ["store"],
    ["events"],
    ["transports"],
    ["sending"],
    ["reports"],
    ["doctor"],
    ["web"],
    ["cli"],
    ["__main__"],
]
"""From the bottom up. Imports for type checkers count, too."""


def modules():
    return sorted(PACKAGE.rglob("*.py"))


def dotted(path):
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


def room_of(module):
    return module.partition(".")[0]


def imported(path):
    """Dotted names of all modules that a file imports, wherever the import stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own(path):
    """What a file imports from this package, without the package's name."""
    prefix = f"{PACKAGE.name}."
    return {name.removeprefix(prefix) for name in imported(path) if name.startswith(prefix)}
