"""Jinja, sandboxed, in which symbols pass through filters, tests, methods and operators."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from jinja2 import (
    BytecodeCache,
    StrictUndefined,
    Undefined,
    pass_context,
    pass_environment,
)
from jinja2.filters import do_title
from jinja2.runtime import LoopContext
from jinja2.sandbox import SandboxedEnvironment
from jinja2.utils import missing

from mailer import colors
from mailer.compiler import comparison, limits, sandbox, whitespace
from mailer.compiler.code_generator import MeasuringGenerator
from mailer.compiler.places import here
from mailer.compiler.sandbox import Method
from mailer.compiler.symbolic import WITHOUT_SYMBOLS, Symbol, contains, is_in_constant, symbol_in
from mailer.errors import CampaignError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from types import CodeType

    from jinja2 import Template
    from jinja2.bccache import Bucket
    from jinja2.runtime import Context


class TemplateCache(BytecodeCache):
    """The templates that this process has compiled: a third of the time of compiling a campaign.

    Only the last source of a name is kept.
    """

    def __init__(self) -> None:
        self._compiled: dict[str, tuple[str, CodeType | None]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        checksum, code = self._compiled.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def clear(self) -> None:
        self._compiled.clear()

    def dump_bytecode(self, bucket: Bucket) -> None:
        if len(self._compiled) >= MOST_TEMPLATES:
            self.clear()
        self._compiled[bucket.key] = (bucket.checksum, bucket.code)


_COLORS = MappingProxyType({
    function.__name__: sandbox.Function(function.__name__, function)
    for function in (colors.ink_on, colors.mix, colors.readable)
})  # fmt: skip
"""`colors` of templates."""
MOST_TEMPLATES = 1_000
"""Templates that a process remembers; a campaign has some twenty."""
template_cache = TemplateCache()


class Environment(SandboxedEnvironment):
    """The environment of campaigns, templates and audience expressions."""

    code_generator_class = MeasuringGenerator
    intercepted_binops = frozenset(limits.OPERATORS)
    counted = staticmethod(limits.counted)
    measured = staticmethod(limits.measured)
    concat = staticmethod(limits.joined)

    def __init__(self, **options: Any) -> None:
        super().__init__(
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=_written_out,
            optimized=False,
            bytecode_cache=template_cache,
            **options,
        )
        del self.filters["random"]  # a campaign says the same to the same person
        del self.globals["lipsum"]
        self._globals = tuple(self.globals.values())
        self.globals["colors"] = _COLORS
        self.filters["default"] = self.filters["d"] = default
        self.filters["title"] = title
        self.filters["thousands"] = lambda number: f"{int(number):,}"
        self.filters["attr"] = pass_environment(_attribute)
        for name in ("int", "float"):
            self.filters[name] = comparison.as_number(self.filters[name])
        filters: dict[str, Any] = dict(self.filters)
        tests: dict[str, Any] = dict(self.tests) | comparison.TESTS
        self.filters = {name: _lifted(filter_, name) for name, filter_ in filters.items()}
        self.tests = {name: _lifted(test, name, " is ") for name, test in tests.items()}
        # The merge escapes a value for the place it stands in; doing it before would do it twice.
        for name in ("e", "escape", "forceescape", "safe"):
            self.filters[name] = left_to_the_merge(self.filters[name])
        self.filters["urlencode"] = _urlencode(self.filters["urlencode"])

    def preprocess(self, source: str, name: str | None = None, filename: str | None = None) -> str:
        """A tag that is alone on its line takes the line with it; any other leaves it as it is."""
        return whitespace.marked(super().preprocess(source, name, filename))

    def find(self, value: Any, name: Any) -> Any:
        """An item or attribute of a recipient's value; "" where there is none."""
        member = sandbox.item(value, name)
        if sandbox.is_missing(member):
            member = sandbox.reach(self, value, name)
        return "" if sandbox.is_missing(member) else member

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Symbol):
            return obj.child(self.find, attribute)
        if type(obj) in _MAPPINGS and attribute in obj and attribute not in sandbox.REACHED:
            return obj[attribute]  # as most are: the brand's settings
        value = sandbox.reach(self, obj, attribute)
        return self.getitem(obj, attribute) if sandbox.is_missing(value) else value

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(argument, Symbol):
            return argument.derive("{}[{}]", self.find, obj, argument)
        if isinstance(obj, Symbol):
            return obj.child(self.find, argument)
        value = sandbox.item(obj, argument)
        if sandbox.is_missing(value):
            value = sandbox.reach(self, obj, argument)
        if not sandbox.is_missing(value):
            return value
        if isinstance(obj, Undefined):
            return obj[argument]  # says which name is not known
        if isinstance(argument, str) and argument.startswith("_"):
            return self.unsafe_undefined(obj, argument)
        return self.undefined(obj=obj, name=argument)

    def is_safe_callable(self, obj: Any) -> bool:
        return isinstance(obj, (*sandbox.CALLABLES, Undefined)) or obj in self._globals

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        if isinstance(obj, (Symbol, Method)):
            operand = symbol_in((obj, *args, *kwargs.values()))
            if operand is not None:
                form = "{}" + _arguments(len(args), kwargs)
                call = super().call
                symbol = operand.derive(
                    form, lambda f, *a, **k: call(context, f, *a, **k), obj, *args, **kwargs
                )
                return symbol.joined(_parts_of_call(obj, args, kwargs))
        if isinstance(obj, LoopContext) and args:
            args = (limits.counted(args[0]), *args[1:])
        return limits.called(super().call, context, obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        del context
        if operator == "%" and isinstance(left, str):
            return _percent(left, right)
        if isinstance(left, Symbol) or isinstance(right, Symbol):
            return self.binop_table[operator](left, right)
        return limits.OPERATORS[operator](left, right)

    def concatenate(self, parts: tuple[Any, ...]) -> Any:
        operand = symbol_in(parts)
        if operand is None:
            return limits.concatenated(parts)
        form = " ~ ".join(["{}"] * len(parts))
        symbol = operand.derive(f"({form})", lambda *values: limits.concatenated(values), *parts)
        return symbol.joined(parts)

    def contains(self, pair: tuple[Any, Any]) -> Any:
        operand = symbol_in(pair)
        if operand is None:
            return contains(*pair)
        if is_in_constant(*pair):
            return True
        return operand.derive("({} in {})", contains, *pair)

    def _load_template(self, name: Any, globals: Any) -> Template:  # noqa: A002 - Jinja's name
        limits.spend(_INCLUDE)
        return super()._load_template(name, globals)


_MAPPINGS = {dict, MappingProxyType}
_INCLUDE = 2_000
"""What including a template takes, as characters written."""


def _written_out(value: Any) -> Any:
    """What {{ }} writes: a symbol as its slot, and plain data."""
    if type(value) is str:
        limits.spend()
        return value
    if isinstance(value, Symbol):
        limits.spend()
        return value
    if not sandbox.is_plain(value):
        name = getattr(value, "name", None) or type(value).__name__.lower()
        raise CampaignError(
            f"{name} cannot be written out",
            place=here(),
            hint=f"Write {name}(…), with what it needs in the brackets.",
        )
    symbol = symbol_in((value,))
    return limits.measured(value) if symbol is None else symbol.derive("{}", str, value)


def _percent(text: str, values: Any) -> Any:
    symbol = symbol_in((values,))
    if symbol is None:
        return limits.remainder(text, values)
    if limits.is_simple_format(text):
        return text % values  # tokens, each a slot of its own
    return symbol.derive("({} % {})", limits.remainder, text, values)


def _attribute(environment: Environment, value: Any, name: Any) -> Any:
    """Jinja's `attr`, which is to see no more than a dot does."""
    return environment.getattr(value, name)


def default(value: Any, default_value: Any = "", boolean: bool = False) -> Any:
    """Jinja's `default`, for which a blank value is missing too: a list knows no other nothing."""
    missing = isinstance(value, Undefined) or value is None or value in ([], ())
    if missing or (isinstance(value, str) and not value.strip()) or (boolean and not value):
        return default_value
    return value


_AFTER_INITIAL = re.compile(r"(?<![^\W\d_])([^\W\d_]['\u2019])([^\W\d_])(?=[^\W\d_])")


def title(value: Any) -> str:
    """Jinja's `title`, which would write D'arcy and O'brien."""
    return _AFTER_INITIAL.sub(lambda part: part[1] + part[2].upper(), do_title(value))


def _lifted(function: Callable[..., Any], name: str, sign: str = "|") -> Callable[..., Any]:
    """A filter or test that becomes a symbol when any of its arguments is one."""
    skip = 1 if hasattr(function, "jinja_pass_arg") else 0
    within_bounds = limits.bounded(name, function, skip)

    def lifted(*args: Any, **kwargs: Any) -> Any:
        if not kwargs and WITHOUT_SYMBOLS.issuperset(map(type, args[skip:])):
            return within_bounds(*args)
        _refuse_undefined(args[skip:], kwargs, is_test=sign != "|")
        if name in {"d", "default"} and isinstance(args[skip], Undefined):
            return function(*args, **kwargs)
        symbol = symbol_in((*args[skip:], *kwargs.values()))
        if symbol is None or _is_of_structure(name, args[skip:], kwargs):
            return within_bounds(*args, **kwargs)
        if len(args) > skip and isinstance(args[skip], Symbol):
            args[skip].refuse_unknown_column(name, args[skip + 1 :], kwargs)
            if name == "attr" and len(args) == skip + 2:
                return function(*args)
        further = len(args) - skip - 1
        form = f"{{}}{sign}{name}" + (_arguments(further, kwargs) if further or kwargs else "")
        passed = args[:skip]
        derived = symbol.derive(
            form, lambda *a, **k: within_bounds(*passed, *a, **k), *args[skip:], **kwargs
        )
        if name == "join" and len(args) > skip and isinstance(args[skip], (list, tuple)):
            return derived.joined(_between(*args[skip:], **kwargs))
        return derived.filtered(args[skip] if len(args) > skip else None, name)

    if hasattr(function, "jinja_pass_arg"):
        lifted.jinja_pass_arg = function.jinja_pass_arg  # type: ignore[attr-defined] # Jinja's mark
    return lifted


def _refuse_undefined(args: Sequence[Any], options: Mapping[str, Any], *, is_test: bool) -> None:
    """A name that does not exist is a mistake, also where the value it would give is not needed.

    Except of a value whose kind is asked for or whose default is given, and which could exist: a
    parameter, or an item of something.
    """
    for value in (*args[1:], *options.values()):
        if isinstance(value, Undefined):
            str(value)
    value = args[0] if args else None
    if isinstance(value, Undefined) and not is_test and _is_unknown_name(value):
        str(value)


def _is_unknown_name(value: Undefined) -> bool:
    return value._undefined_obj is missing and value._undefined_hint is None  # noqa: SLF001


_STRUCTURAL = {"batch", "count", "first", "items", "last", "length", "list", "reverse", "slice"}


def _is_of_structure(name: str, args: Sequence[Any], options: Mapping[str, Any]) -> bool:
    """Whether a filter only rearranges a list that the writer made, for any values of its items."""
    return (
        name in _STRUCTURAL
        and isinstance(args[0], (list, tuple, dict))
        and symbol_in((*args[1:], *options.values())) is None
    )


def _arguments(count: int, options: Iterable[str]) -> str:
    return f"({', '.join([*['{}'] * count, *(f'{name}={{}}' for name in options)])})"


def _parts_of_call(method: Any, args: Sequence[Any], options: Mapping[str, Any]) -> list[Any]:
    """What `"…{}".format(…)` or `"…".join(…)` puts one after another, where that is known."""
    text = getattr(method, "owner", None)
    if not isinstance(method, Method) or not isinstance(text, str):
        return []
    if method.name == "join" and isinstance(args[0], (list, tuple)):
        return _between(args[0], text)
    return sandbox.format_parts(text, args, options) if method.name == "format" else []


def _between(values: Any, d: Any = "", attribute: Any = None) -> list[Any]:
    """What `join` puts one after another, where that is known before the values are."""
    if attribute is not None or any(isinstance(value, (list, tuple, dict)) for value in values):
        return []
    parts = [part for value in values for part in (d, value)]
    return parts[1:]


def _urlencode(function: Callable[..., Any]) -> Callable[..., Any]:
    def urlencode(value: Any) -> Any:
        return value.urlencoded() if isinstance(value, Symbol) else function(value)

    return urlencode


def left_to_the_merge(function: Callable[..., Any]) -> Callable[..., Any]:
    def filtered(value: Any) -> Any:
        return value if isinstance(value, Symbol) else function(value)

    return filtered


def at_each_run(function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that Jinja may not work out once and for all, even of fixed words."""

    @pass_context
    def filtered(_: Context, value: Any) -> Any:
        return function(value)

    return filtered
