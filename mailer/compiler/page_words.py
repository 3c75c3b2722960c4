"""The words of the recipients' pages in each language: `templates/pages/CODE.txt`, a Jinja file of names.

A project adds a language, or replaces mailer's words, with a file of its own. Every file has the names of the
English one, with the same parameters.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from jinja2 import BaseLoader, StrictUndefined, TemplateError, meta, nodes
from jinja2.sandbox import SandboxedEnvironment

from mailer import assets
from mailer.compiler import language as languages
from mailer.errors import CampaignError, Place, suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

    from jinja2 import Environment

FOLDER = "pages"
ENGLISH = "en"
_MARKUP = re.compile(r"[<>&]")
_SAMPLES: Mapping[str, Any] = {
    "count": 1234, "goal": 5000, "number": 3, "most": 80, "date": date(2026, 4, 9), "subscribed": True,
    "names": ["One", "Two", "Three"],
}  # fmt: skip
"""What each file is tried with, by parameter; a text where nothing is named."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language, by their names in its file."""

    language: str
    """RFC 5646."""
    direction: str
    """"ltr" or "rtl"."""
    html: Any
    """Escapes what is put into its parameters, unless that is markup."""

    @property
    def text(self) -> _PlainText:
        """These words for plain text."""
        return _PlainText(self.html)


class _PlainText:
    def __init__(self, html: Any) -> None:
        self._html = html

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._html, name)
        if isinstance(value, str):
            return value
        return lambda *arguments: str(value(*arguments).unescape())


class PageWords:
    """The words of every language that there is a file for.

    Args:
        sources: language code → text of its file, English among them.
        own: the codes of those that a project has written or changed.

    Raises:
        CampaignError: one of the project's is no Jinja, lacks a name, has another one, or other parameters; with
            a place.
    """

    def __init__(self, sources: Mapping[str, str], own: Collection[str] = ()) -> None:
        self._environment = _environment(sources)
        self._sources = sources
        self._words: dict[str, Words] = {}
        english = _definitions(sources[ENGLISH], _path(ENGLISH)) if own else {}
        for code in own:
            definitions = _definitions(sources[code], _path(code))
            _compare(definitions, english, _path(code))
            _try(self.get(code).html, definitions, _path(code))

    @property
    def available(self) -> list[str]:
        """The codes of the languages."""
        return list(self._sources)

    def get(self, language: str) -> Words:
        """The words of a language, or of "es" for "es-MX"; English where there are none."""
        code = languages.nearest(language, self.available) or ENGLISH
        if code not in self._words:
            module = self._environment.get_template(code).module
            self._words[code] = Words(code, languages.direction(code), module)
        return self._words[code]


def load(project: Path) -> PageWords:
    """Read mailer's words, and the project's in their place.

    Args:
        project: its folder.

    Raises:
        CampaignError: a file of the project cannot be used.
    """
    prefix = f"{FOLDER}/"
    sources = {
        name.removeprefix(prefix).removesuffix(".txt"): text
        for name, text in assets.templates().items()
        if name.startswith(prefix)
    }
    paths = sorted((project / "templates" / FOLDER).glob("*.txt"))
    own = {path.stem: _read(path) for path in paths}
    changed = [code for code, text in own.items() if text != sources.get(code)]
    return PageWords(sources | own, changed)


def _path(code: str) -> str:
    return f"templates/{FOLDER}/{code}.txt"


def _read(path: Path) -> str:
    place = Place(_path(path.stem))
    if not languages.CODE.fullmatch(path.stem):
        raise CampaignError(
            f'"{path.stem}" is no language', place=place, hint="Name the file fr.txt or es-MX.txt."
        )
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as err:
        raise CampaignError("cannot be read as UTF-8 text", place=place) from err


def _environment(sources: Mapping[str, str]) -> Environment:
    environment = SandboxedEnvironment(
        loader=_Sources(sources), autoescape=True, undefined=StrictUndefined, auto_reload=False
    )
    environment.filters["thousands"] = "{:,}".format
    return environment


class _Sources(BaseLoader):
    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = sources

    def get_source(
        self, _: Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        return self._sources[template], None, None


# ---------------------------------------------------------------- what a file has to say


@dataclass(frozen=True, slots=True)
class _Definition:
    line: int
    parameters: tuple[str, ...] | None
    """None of a text that takes none."""
    shown: frozenset[str]
    """The parameters that it shows, rather than only asks about."""


def _definitions(source: str, path: str) -> dict[str, _Definition]:
    """What a file defines, by name."""
    environment = _environment({})
    try:
        tree = environment.parse(source)
        environment.compile(tree)
    except TemplateError as err:
        raise CampaignError(
            f"cannot be read: {err.message}",
            place=Place(path, getattr(err, "lineno", None)),
            hint="Translate only what stands between the tags.",
        ) from err
    _refuse_markup(tree, path)
    definitions = {name: definition for name, definition in _named(tree, path) if name[0] != "_"}
    _refuse_unknown_variables(tree, path)
    return definitions


def _named(tree: nodes.Template, path: str) -> Iterator[tuple[str, _Definition]]:
    for node in tree.body:
        if isinstance(node, nodes.Macro):
            parameters = tuple(parameter.name for parameter in node.args)
            shown = frozenset().union(*map(_shown, node.body)) & {*parameters}
            yield node.name, _Definition(node.lineno, parameters, shown)
        elif isinstance(node, nodes.Assign) and isinstance(node.target, nodes.Name):
            yield node.target.name, _Definition(node.lineno, None, frozenset())
        elif line := _loose_text(node):
            raise CampaignError(
                "there is text that belongs to no name",
                place=Place(path, line),
                hint='Write it into {% set name = "…" %}, or delete it.',
            )


def _loose_text(node: nodes.Node) -> int:
    """The line of what stands outside all definitions; 0 where only space does."""
    parts = node.nodes if isinstance(node, nodes.Output) else [node]
    for part in parts:
        if not isinstance(part, nodes.TemplateData):
            return part.lineno
        if part.data.strip():
            space = part.data[: len(part.data) - len(part.data.lstrip())]
            return part.lineno + space.count("\n")
    return 0


def _shown(node: nodes.Node) -> frozenset[str]:
    """The names in a node, without those that a condition or an index only asks about."""
    names: set[str] = set()
    for field, child in node.iter_fields():
        if field in {"test", "arg"} and isinstance(node, nodes.CondExpr | nodes.If | nodes.Getitem):
            continue
        for part in child if isinstance(child, list) else [child]:
            if isinstance(part, nodes.Name):
                names.add(part.name)
            elif isinstance(part, nodes.Node):
                names |= _shown(part)
    return frozenset(names)


def _refuse_markup(tree: nodes.Template, path: str) -> None:
    for node in tree.find_all((nodes.TemplateData, nodes.Const)):
        text = str(getattr(node, "data", "") or getattr(node, "value", ""))
        match = _MARKUP.search(text)
        if match:
            raise CampaignError(
                f'"{match[0]}" stands in the words of a page',
                place=Place(path, node.lineno + text.count("\n", 0, match.start())),
                hint="Write words only: links and emphasis come from the page.",
            )


def _refuse_unknown_variables(tree: nodes.Template, path: str) -> None:
    unknown = meta.find_undeclared_variables(tree)
    for node in tree.find_all(nodes.Name):
        if node.name in unknown:
            raise CampaignError(
                f'there is no "{node.name}" here',
                place=Place(path, node.lineno),
                hint="Use what stands in the parentheses, as the English file does.",
            )


def _try(module: Any, definitions: Mapping[str, _Definition], path: str) -> None:
    """Use every text once, rather than find out on a page that it cannot be used."""
    for name, definition in definitions.items():
        if definition.parameters is None:
            continue
        for number in (1, 3):
            samples = [_sample(parameter, number) for parameter in definition.parameters]
            try:
                getattr(module, name)(*samples)
            except (TemplateError, TypeError, ValueError, LookupError, ArithmeticError) as err:
                raise CampaignError(
                    f'"{name}" cannot be filled in: {err}',
                    place=Place(path, definition.line),
                    hint="Compare it with the English file.",
                ) from err


def _sample(parameter: str, number: int) -> Any:
    sample = _SAMPLES.get(parameter, "…")
    return sample[:number] if isinstance(sample, list) else sample


def _compare(
    words: Mapping[str, _Definition], english: Mapping[str, _Definition], path: str
) -> None:
    for name, definition in words.items():
        if name not in english:
            raise CampaignError(
                f'no page uses "{name}"',
                place=Place(path, definition.line),
                hint=suggest(name, difflib.get_close_matches(name, english, n=1))
                or 'Delete it. Helpers of your own begin with "_".',
            )
        _compare_parameters(name, definition, english[name], path)
    missing = [name for name in english if name not in words]
    if missing:
        raise CampaignError(
            f'"{missing[0]}" is missing' + (f", and {len(missing) - 1} more" * (len(missing) > 1)),
            place=Place(path, _line_before(missing[0], words, english)),
            hint=f"Copy it from the English file and translate it: "
            f"mailer templates diff {path.removeprefix('templates/')}",
        )


def _line_before(
    name: str, words: Mapping[str, _Definition], english: Mapping[str, _Definition]
) -> int:
    """The line of the last name that stands before a missing one in English, in the file."""
    order = list(english)
    before = [words[other].line for other in order[: order.index(name)] if other in words]
    return before[-1] if before else 1


def _compare_parameters(
    name: str, definition: _Definition, english: _Definition, path: str
) -> None:
    if definition.parameters != english.parameters:
        raise CampaignError(
            f'"{name}" does not take what it takes in English',
            place=Place(path, definition.line),
            hint=f'Write "{{% macro {name}({", ".join(english.parameters)}) -%}}…{{%- endmacro %}}".'
            if english.parameters is not None
            else f'Write "{{% set {name} = "…" %}}".',
        )
    lost = sorted(english.shown - definition.shown)
    if lost:
        raise CampaignError(
            f'"{name}" does not show "{lost[0]}", which it shows in English',
            place=Place(path, definition.line),
            hint=f"Write {{{{ {lost[0]} }}}} where it belongs.",
        )
