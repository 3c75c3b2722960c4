"""Jinja, sandboxed, in which symbols pass through filters, tests, methods and operators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import BytecodeCache, StrictUndefined, Undefined, nodes, pass_context
from jinja2.compiler import CodeGenerator
from jinja2.sandbox import SandboxedEnvironment

from mailer.compiler.symbolic import Symbol, contains, symbol_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import CodeType

    from jinja2.bccache import Bucket
    from jinja2.compiler import Frame
    from jinja2.runtime import Context


class _Generator(CodeGenerator):
    """Two operators that Python settles at once, before a symbol is asked."""

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        self._call("environment.concatenate", node.nodes, frame)

    def visit_Compare(self, node: nodes.Compare, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        if len(node.ops) == 1 and node.ops[0].op in {"in", "notin"}:
            self.write("(not " if node.ops[0].op == "notin" else "(")
            self._call("environment.contains", [node.expr, node.ops[0].expr], frame)
            self.write(")")
        else:
            super().visit_Compare(node, frame)

    def _call(self, name: str, arguments: list[nodes.Expr], frame: Frame) -> None:
        self.write(f"{name}((")
        for argument in arguments:
            self.visit(argument, frame)
            self.write(", ")
        self.write("))")


class TemplateCache(BytecodeCache):
    """What Jinja has compiled, by source: three quarters of the time of compiling a campaign.

    For whoever compiles again and again while files are edited. Only the last source of a name is
    kept.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, CodeType | None]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        checksum, code = self._known.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._known[bucket.key] = (bucket.checksum, bucket.code)


class Environment(SandboxedEnvironment):
    """The environment of campaigns, templates and audience expressions."""

    code_generator_class = _Generator

    def __init__(self, **options: Any) -> None:
        super().__init__(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, **options)
        del self.filters["random"]  # a campaign says the same to the same person
        del self.globals["lipsum"]
        self.filters["default"] = self.filters["d"] = default
        self.filters["thousands"] = lambda number: f"{int(number):,}"
        filters: dict[str, Any] = dict(self.filters)
        tests: dict[str, Any] = dict(self.tests)
        self.filters = {name: _lifted(filter_, name) for name, filter_ in filters.items()}
        self.tests = {name: _lifted(test, name, " is ") for name, test in tests.items()}
        # The merge escapes a value for the place it stands in; doing it before would do it twice.
        for name in ("e", "escape", "forceescape", "safe", "urlencode"):
            self.filters[name] = left_to_the_merge(self.filters[name])

    def find(self, value: Any, name: Any) -> Any:
        """An item or attribute of a recipient's value; "" where there is none."""
        found = super().getitem(value, name)
        return "" if isinstance(found, Undefined) else found

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Symbol):
            return obj.child(self.find, attribute)
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(argument, Symbol):
            return argument.derive("{}[{}]", self.find, obj, argument)
        if isinstance(obj, Symbol):
            return obj.child(self.find, argument)
        return super().getitem(obj, argument)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        if isinstance(obj, Symbol) or _is_method_of_text(obj):
            found = symbol_in((obj, *args, *kwargs.values()))
            if found is not None:
                form = "{}" + _arguments(len(args), kwargs)
                call = super().call
                return found.derive(
                    form, lambda f, *a, **k: call(context, f, *a, **k), obj, *args, **kwargs
                )
        return super().call(context, obj, *args, **kwargs)

    def concatenate(self, parts: tuple[Any, ...]) -> Any:
        found = symbol_in(parts)
        if found is None:
            return "".join(map(str, parts))
        form = " ~ ".join(["{}"] * len(parts))
        return found.derive(f"({form})", lambda *values: "".join(map(str, values)), *parts)

    def contains(self, pair: tuple[Any, Any]) -> Any:
        found = symbol_in(pair)
        if found is None:
            return contains(*pair)
        return found.derive("({} in {})", contains, *pair)


def _is_method_of_text(function: Any) -> bool:
    """Such as "…".join, or {…}.get: it would take a symbol for a value at once."""
    owner = getattr(function, "__self__", None)
    return isinstance(owner, str) or (isinstance(owner, dict) and function.__name__ == "get")


def default(value: Any, default_value: Any = "", boolean: bool = False) -> Any:
    """Jinja's `default`, for which a blank value is missing too: a list knows no other nothing."""
    missing = isinstance(value, Undefined) or value is None or value in ([], ())
    if missing or (isinstance(value, str) and not value.strip()) or (boolean and not value):
        return default_value
    return value


def _lifted(function: Callable[..., Any], name: str, sign: str = "|") -> Callable[..., Any]:
    """A filter or test that becomes a symbol when any of its arguments is one."""

    def lifted(*args: Any, **kwargs: Any) -> Any:
        skip = 1 if hasattr(function, "jinja_pass_arg") else 0
        found = symbol_in((*args[skip:], *kwargs.values()))
        if found is None:
            return function(*args, **kwargs)
        further = len(args) - skip - 1
        form = f"{{}}{sign}{name}" + (_arguments(further, kwargs) if further or kwargs else "")
        passed = args[:skip]
        made = found.derive(
            form, lambda *a, **k: function(*passed, *a, **k), *args[skip:], **kwargs
        )
        return made.filtered(args[skip] if len(args) > skip else None, name)

    if hasattr(function, "jinja_pass_arg"):
        lifted.jinja_pass_arg = function.jinja_pass_arg  # type: ignore[attr-defined] # Jinja's mark
    return lifted


def _arguments(count: int, options: Iterable[str]) -> str:
    return f"({', '.join([*['{}'] * count, *(f'{name}={{}}' for name in options)])})"


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
