"""What the product is delivered by: lock files with hashes, a container recipe, licenses."""

from __future__ import annotations

import inspect
import json
import re
import shlex
import tomllib
from itertools import chain
from pathlib import Path

import pytest
import typer
from packaging.requirements import Requirement

from mailer.cli import app
from mailer.cli.serve import serve

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
LOCKS = {
    "requirements.lock": PROJECT["dependencies"] + EXTRAS["build"] + EXTRAS["postgres"],
    "requirements-dev.lock": [*PROJECT["dependencies"], *chain(*EXTRAS.values())],
}
PINNED = re.compile(r"^([a-z0-9._-]+)==(\S+)(?: ; [^\\]+)? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE)  # fmt: skip


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(lock):
    text = (ROOT / lock).read_text("utf-8")
    return {canonical(match[1]): match[2] for match in PINNED.finditer(text)}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_is_a_version_with_its_hashes(lock):
    text = (ROOT / lock).read_text("utf-8")
    assert re.sub(r"(?m)^#.*\n", "", PINNED.sub("", text)) == ""


@pytest.mark.parametrize(
    ("lock", "requirement"),
    [(lock, requirement) for lock, requirements in LOCKS.items() for requirement in requirements],
)
def test_what_is_required_is_locked_at_a_version_that_will_do(lock, requirement):
    wanted = Requirement(requirement)
    if wanted.name == PROJECT["name"]:
        return
    assert wanted.specifier.contains(pinned(lock)[canonical(wanted.name)])


def test_both_locks_hold_the_same_versions():
    locked, dev = (pinned(lock) for lock in LOCKS)
    assert {name: dev[name] for name in locked} == locked


@pytest.mark.parametrize("file", ["setup.sh", "Dockerfile"])
def test_nothing_is_installed_without_hashes(file):
    installs = re.findall(r"pip install ([^&\n]*)", (ROOT / file).read_text("utf-8"))
    assert installs
    for install in installs:
        assert "--require-hashes" in install or "--no-deps --no-build-isolation" in install


# ---------------------------------------------------------------- Dockerfile


def instructions():
    text = (ROOT / "Dockerfile").read_text("utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            word, _, rest = line.partition(" ")
            yield word, rest


def ignored(name):
    """Whether .dockerignore keeps a file of the top folder out of the build."""
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    return "*" in lines and f"!{name}" not in lines


def check_run(rest):
    for command in rest.split(" && "):
        program, *arguments = shlex.split(command)
        if program == "/opt/mailer/bin/pip":
            assert arguments[0] == "install"
        else:
            assert program in {"python", "useradd", "install"}


def check_copy(rest):
    if rest.startswith("--from="):
        assert rest == "--from=build /opt/mailer /opt/mailer"
        return
    *sources, target = rest.split()
    for source in sources:
        name = source.rstrip("/")
        assert (ROOT / name).exists()
        assert not ignored(name)
        assert target in {"./", source}


def check_health(rest):
    program, option, code = json.loads(rest.removeprefix("CMD "))
    assert (program, option) == ("python", "-c")
    compile(code, "HEALTHCHECK", "exec")
    port = inspect.signature(serve).parameters["port"].default
    assert f"http://127.0.0.1:{port}/healthz" in code


def check_entrypoint(rest):
    assert rest == '["mailer"]'
    assert PROJECT["scripts"]["mailer"] == "mailer.cli:main"


def check_cmd(rest):
    name, *options = shlex.split(rest.strip("[]").replace(",", " "))
    command = typer.main.get_command(app).commands[name]
    command.make_context(name, options, resilient_parsing=False)


CHECKS = {
    "FROM": lambda rest: re.fullmatch(r"python:3\.\d+-slim( AS build)?", rest),
    "WORKDIR": lambda rest: rest in {"/src", "/project"},
    "COPY": check_copy,
    "RUN": check_run,
    "ENV": lambda rest: rest == "PATH=/opt/mailer/bin:$PATH PYTHONUNBUFFERED=1",
    "USER": lambda rest: rest == "mailer",
    "VOLUME": lambda rest: rest == "/project",
    "EXPOSE": lambda rest: int(rest) == inspect.signature(serve).parameters["port"].default,
    "HEALTHCHECK": check_health,
    "ENTRYPOINT": check_entrypoint,
    "CMD": check_cmd,
}


@pytest.mark.parametrize(("word", "rest"), list(instructions()))
def test_a_line_of_the_container_recipe_holds(word, rest):
    assert CHECKS[word](rest) is not False


def test_the_image_has_what_the_wheel_is_built_from_and_does_not_run_as_root():
    lines = list(instructions())
    copied = {source.rstrip("/") for word, rest in lines if word == "COPY" for source in rest.split()[:-1]}  # fmt: skip
    assert {"mailer", "templates", "docs", "pyproject.toml", "README.md", "LICENSE"} <= copied
    words = [word for word, _ in lines]
    assert words.index("USER") < words.index("ENTRYPOINT")
    python = Requirement(f"python{PROJECT['requires-python']}")
    versions = [rest.split(":")[1].split("-")[0] for word, rest in lines if word == "FROM"]
    assert all(python.specifier.contains(f"{version}.0") for version in versions)


def test_what_is_kept_out_of_the_image_includes_people_and_keys():
    for name in ("lists", "outbox", "mailer.toml", ".venv", ".git", "demo"):
        assert ignored(name)
