"""The layers of the package: a room imports only from the rooms below it, and pure rooms stay pure."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from tests.support.layers import LAYERS, PACKAGE, dotted, imported, modules, own, room_of

IMPURE = {"boto3", "botocore", "sqlite3", "sqlite_utils", "psycopg", "dns", "typer", "rich"}
PURE = [
    "errors", "hosts", "http_probe", "throttle", "assets", "colors", "schema", "timezones", "toml_mistakes", "key_files", "sealed_ids", "address_keys", "links", "config", "palettes", "setup",
    "lists", "campaigns", "ledger",
    "compiler", "mail", "checks", "events", "store", "reports", "transports.base",
    "doctor.facts", "doctor.finding", "doctor.judgements",
]  # fmt: skip
"""Packages and modules that load no database, no network client and no command line."""


ALLOWED = {
    "sqlite3": ["store/sqlite"],
    "sqlite_utils": ["store/sqlite", "store/postgres"],
    "psycopg": ["store/postgres"],
    "boto3": ["transports/ses", "images"],
    "botocore": ["transports/ses", "doctor/probes", "images"],
    "typer": ["cli"],
    "rich": ["cli"],
}
"""Which rooms may import what."""


def is_pure(module):
    within = any(module == name or module.startswith(f"{name}.") for name in PURE)
    return within and not module.startswith(("store.sql", "store.postgres"))


def test_every_room_has_its_layer():
    rooms = {room_of(dotted(path)) for path in modules()} - {"__init__"}
    assert rooms == {room for layer in LAYERS for room in layer}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_its_room_and_the_rooms_below(path):
    level = {room: number for number, layer in enumerate(LAYERS) for room in layer}
    here = room_of(dotted(path))
    if here == "__init__":
        return
    above = {
        name for name in own(path) if (room := room_of(name)) != here and level[room] >= level[here]
    }
    assert not above


def test_no_two_modules_import_each_other():
    names = {dotted(path): path for path in modules() if path.name != "__init__.py"}
    arrows = {name: own(path) & set(names) - {name} for name, path in names.items()}
    while leaves := {name for name, needs in arrows.items() if not needs & set(arrows)}:
        arrows = {name: needs for name, needs in arrows.items() if name not in leaves}
    assert not arrows


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_some_rooms_import_a_database_a_network_client_or_the_command_line(path):
    place = str(path.relative_to(PACKAGE).parent)
    for name in {name.partition(".")[0] for name in imported(path)} & set(ALLOWED):
        assert place in ALLOWED[name], name


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_command_line_prints_and_exits(path):
    if room_of(dotted(path)) == "cli":
        return
    calls = [n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Call)]
    assert not {n.func.id for n in calls if isinstance(n.func, ast.Name)} & {"print", "exit"}


def test_what_tests_share_stands_in_no_test():
    tests = PACKAGE.parent / "tests"
    borrowed = {
        (str(path.relative_to(tests)), name)
        for path in tests.rglob("*.py")
        for name in imported(path)
        if name.startswith("tests.") and name.rpartition(".")[2].startswith("test_")
    }
    assert not borrowed


@pytest.mark.slow  # a process for each module
@pytest.mark.parametrize("name", sorted({n for p in modules() if is_pure(n := dotted(p))}))
def test_a_pure_module_loads_no_database_network_or_command_line(name):
    code = f"import sys, mailer.{name}; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not IMPURE & set(loaded)
