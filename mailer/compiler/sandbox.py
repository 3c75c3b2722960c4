"""What a template can reach from what it is given: plain data, and the methods listed here.

Dotted access, items, filters and tests all ask `reach`, so there is no second way to an attribute.
Values of any other type have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from string import Formatter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from jinja2.environment import TemplateModule
from jinja2.runtime import BlockReference, LoopContext, Macro, TemplateReference, Undefined
from jinja2.sandbox import SandboxedEscapeFormatter, SandboxedFormatter
from jinja2.utils import Cycler, Joiner, Namespace
from markupsafe import Markup

from mailer.compiler import limits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jinja2.sandbox import SandboxedEnvironment
    from pydantic import BaseModel

_OF_TEXT = frozenset(
    [
        "capitalize",
        "casefold",
        "center",
        "count",
        "endswith",
        "expandtabs",
        "find",
        "format",
        "index",
        "isalnum",
        "isalpha",
        "isascii",
        "isdecimal",
        "isdigit",
        "islower",
        "isnumeric",
        "isspace",
        "istitle",
        "isupper",
        "join",
        "ljust",
        "lower",
        "lstrip",
        "partition",
        "removeprefix",
        "removesuffix",
        "replace",
        "rfind",
        "rindex",
        "rjust",
        "rpartition",
        "rsplit",
        "rstrip",
        "split",
        "splitlines",
        "startswith",
        "strip",
        "swapcase",
        "title",
        "upper",
        "zfill",
    ]
)
METHODS: dict[type, frozenset[str]] = {
    str: _OF_TEXT,
    list: frozenset(["count", "index"]),
    tuple: frozenset(["count", "index"]),
    dict: frozenset(["get", "items", "keys", "values"]),
    MappingProxyType: frozenset(["get", "items", "keys", "values"]),
    LoopContext: frozenset(["changed", "cycle"]),
    Cycler: frozenset(["next", "reset"]),
}
"""Methods by type. None of them changes a value: a slot is evaluated long after the run."""

ATTRIBUTES: dict[type, frozenset[str]] = {
    tuple: frozenset(["grouper", "list"]),  # of groupby
    LoopContext: frozenset(
        [
            "depth",
            "depth0",
            "first",
            "index",
            "index0",
            "last",
            "length",
            "nextitem",
            "previtem",
            "revindex",
            "revindex0",
        ]
    ),
    Cycler: frozenset(["current"]),
    Macro: frozenset(["arguments", "caller", "catch_kwargs", "catch_varargs", "name"]),
    BlockReference: frozenset(["super"]),
}
"""Attributes by type."""


REACHED = frozenset().union(*METHODS.values(), *ATTRIBUTES.values())
"""Names of all members that some type has."""


class Function:
    """A function that templates can call by name."""

    __slots__ = ("_run", "name")

    def __init__(self, name: str, run: Callable[..., Any]) -> None:
        self.name = name
        self._run = run

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._run(*args, **kwargs)

    def __repr__(self) -> str:
        return f"{self.name}()"


class Method(Function):
    """A listed method of a value."""

    __slots__ = ("owner",)

    def __init__(self, owner: Any, name: str, run: Callable[..., Any]) -> None:
        super().__init__(name, run)
        self.owner = owner

    def __repr__(self) -> str:
        return f"{expression(self.owner)}.{self.name}"


CALLABLES = (Function, Macro, BlockReference, LoopContext, Joiner)
"""What may be called, beside the globals."""

_MISSING = object()


def reach(environment: SandboxedEnvironment, value: Any, name: Any) -> Any:
    """An attribute of a value as a template sees it, or `MISSING`."""
    if not isinstance(name, str) or name.startswith("_"):
        return _MISSING
    if isinstance(value, (Namespace, TemplateModule)):
        return getattr(value, name, _MISSING)
    if name not in REACHED:
        return _MISSING
    for kind, methods in METHODS.items():
        if name in methods and isinstance(value, kind):
            return _method(environment, value, name)
    for kind, attributes in ATTRIBUTES.items():
        if name in attributes and isinstance(value, kind):
            return getattr(value, name, _MISSING)
    return _MISSING


# an abstract class last: to ask it takes ten times as long
_WITH_ITEMS = (str, list, tuple, dict, MappingProxyType, range, TemplateReference, Mapping)


def item(value: Any, key: Any) -> Any:
    """An item of a value as a template sees it, or `MISSING`."""
    if isinstance(value, _WITH_ITEMS):
        try:
            return value[key]
        except (TypeError, LookupError):
            return _MISSING
    return _MISSING


def is_missing(value: Any) -> bool:
    return value is _MISSING


def _method(environment: SandboxedEnvironment, value: Any, name: str) -> Method:
    if name == "format":
        return Method(value, name, _formatting(environment, value))
    growing = {"join": "join()", "count": ""}.get(name, name)
    return Method(value, name, partial(limits.bounded(growing, getattr(type(value), name)), value))


class _Bounded(Formatter):
    """Refuses fields that are too wide."""

    def format_field(self, value: Any, format_spec: str) -> Any:
        if not isinstance(value, (str, int, float)):
            value = str(limits.measured(value))
        return limits.formatted(value, format_spec)


class _PlainFormatter(_Bounded, SandboxedFormatter):
    pass


class _MarkupFormatter(SandboxedEscapeFormatter):
    def format_field(self, value: Any, format_spec: str) -> Any:
        limits.formatted("", format_spec)
        return super().format_field(value, format_spec)


def _formatting(environment: SandboxedEnvironment, text: str) -> Callable[..., str]:
    formatter: Formatter = _PlainFormatter(environment)
    if isinstance(text, Markup):
        formatter = _MarkupFormatter(environment, escape=text.escape)
    kind = type(text)
    return limits.bounded("", lambda *args, **kwargs: kind(formatter.vformat(text, args, kwargs)))


def format_parts(text: str, args: Sequence[Any], options: Mapping[str, Any]) -> list[Any]:
    """What a format puts one after another, if it does no more than that; else nothing."""
    parts: list[Any] = []
    values = iter(args)
    for literal, field, spec, conversion in Formatter().parse(text):
        parts.append(literal)
        if field is None:
            continue
        value = next(values, None) if not field else options.get(field)
        if value is None or spec or conversion:
            return []
        parts.append(value)
    return parts


def is_plain(value: Any) -> bool:
    """Whether a value can be written out: text, a number, or lists and mappings of them."""
    plain = (str, int, float, list, tuple, dict, MappingProxyType, range, Undefined)
    return value is None or isinstance(value, plain)


def plain(model: BaseModel, name: str) -> Mapping[str, Any]:
    """Settings as read-only data: a model's methods read files and run pickles."""
    return read_only(model.model_dump(), name)  # type: ignore[no-any-return] # a mapping stays one


class _Named(dict[str, Any]):
    """A mapping that an expression calls by its name: it may be long, and writers know the name."""

    __slots__ = ("_name",)

    def __init__(self, name: str, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self._name = name

    def __repr__(self) -> str:
        return self._name


def expression(value: Any) -> str:
    """What a value is called in an expression."""
    return str(value) if isinstance(value, MappingProxyType) else repr(value)


def read_only(value: Any, name: str) -> Any:
    """Lists and mappings that no template can change.

    Args:
        value: the data.
        name: the expression by which templates reach it.
    """
    if isinstance(value, dict):
        entries = {key: read_only(inner, _entry(name, key)) for key, inner in value.items()}
        return MappingProxyType(_Named(name, entries))
    if isinstance(value, (list, tuple)):
        return tuple(read_only(inner, f"{name}[{i}]") for i, inner in enumerate(value))
    return value


def _entry(name: str, key: Any) -> str:
    return f"{name}.{key}" if str(key).isidentifier() else f'{name}["{key}"]'
