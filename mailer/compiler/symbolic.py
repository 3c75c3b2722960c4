"""The symbolic recipient: a campaign is run once for each variant, not once for each recipient.

While a campaign's Jinja runs, `recipient` and `links` are symbols. Writing one out leaves a token in
the text and records a *slot*, to be filled for every recipient. Deciding on one (`if`, `in`, a
comparison, a loop) answers for the one recipient at hand, the *example*, and records a *guard*: the
question and its answer. Recipients who answer all the guards alike get the same variant.

Nothing is analyzed: what Jinja can do to a value, it does to the value itself, later.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jinja2 import Undefined

from mailer.compiler import comparison, limits
from mailer.compiler.places import here
from mailer.compiler.recorder import Recorder, written
from mailer.compiler.sandbox import METHODS, Function, expression
from mailer.errors import CampaignError, suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from mailer.compiler.slots import Recipient

_ORDINARY = {str, bool, int, float, dict, list, tuple}
"""Types of values that need no second look."""
LONGEST = 20_000
"""Characters of an expression: evaluating it takes time in proportion."""
_KEEP_PARTS = {"d", "default", "string", "trim"}
_KEEP_ENCODED = {"d", "default", "lower", "replace", "string", "trim", "upper"}
_ZIP = frozenset({"zip"})


def _refuse_text(sign: str, left: Any, right: Any) -> None:
    """Refuse to order by a text that holds a number; ZIP codes are as long as one another."""
    for constant, symbol in ((left, right), (right, left)):
        if isinstance(constant, str) and isinstance(symbol, Symbol) and symbol.reads != _ZIP:
            try:
                comparison.refuse_text(sign, constant, symbol.text)
            except comparison.IncomparableError as err:
                raise CampaignError(str(err), place=here(), hint=err.hint) from err


def _binary(name: str, sign: str) -> tuple[Callable[..., Symbol], Callable[..., Symbol]]:
    ours = limits.OPERATORS | comparison.OPERATORS
    function = ours.get(sign) or getattr(operator, name)

    def combine(left: Any, right: Any) -> Symbol:
        if sign in comparison.ORDER:
            _refuse_text(sign, left, right)
        symbol: Symbol = symbol_in((left, right)).derive(  # type: ignore[union-attr] # one of them is
            f"({{}} {sign} {{}})", function, left, right
        )
        if sign == "+" and any(isinstance(side, str) or _is_text(side) for side in (left, right)):
            symbol.joined((left, right))
        return symbol

    def forward(self: Symbol, other: Any) -> Symbol:
        return combine(self, other)

    def backward(self: Symbol, other: Any) -> Symbol:
        return combine(other, self)

    return forward, backward


_OF_COLUMNS = METHODS[str] | METHODS[tuple]
"""What may be asked of a subscriber's column: of text, or of the tags."""


class Symbol:
    """A value that is known only for one recipient at a time.

    Args:
        recorder: of this run.
        text: the expression; equal texts have equal values.
        evaluate: its value for a recipient.
        shape: what may be asked of it: a mapping of known names, `[mapping]` for rows, or None.
        reads: the subscriber's columns that alone decide its value; None when it takes more.
    """

    __slots__ = ("evaluate", "is_encoded", "parts", "reads", "recorder", "shape", "text")

    def __init__(
        self,
        recorder: Recorder,
        text: str,
        evaluate: Callable[[Recipient], Any],
        shape: Any = None,
        reads: frozenset[str] | None = None,
    ) -> None:
        self.recorder = recorder
        self.text = text
        self.evaluate = evaluate
        self.shape = shape
        self.reads = reads
        self.parts: tuple[Part, ...] = ()
        """What it is joined of, where that is known: in a URL each part stands for itself."""
        self.is_encoded = False
        """Whether it is percent-encoded already."""

    def derive(self, form: str, function: Callable[..., Any], *args: Any, **options: Any) -> Symbol:
        """The symbol of a function of arguments, among which symbols may stand however deep.

        Args:
            form: the expression, with `{}` for each argument.
            function: from the arguments' values to the expression's.
            args: its arguments.
            options: its keyword arguments.
        """
        for value in (*args, *options.values()):
            if isinstance(value, Undefined):
                str(value)  # says which name is not known
        call = _calling(
            function,
            [_getter(arg) for arg in args],
            {name: _getter(value) for name, value in options.items()},
        )

        def evaluate(recipient: Recipient) -> Any:
            result = call(recipient)
            if type(result) in _ORDINARY:
                return result
            if isinstance(result, Undefined):
                return ""
            return result

        text = form.format(*map(_text, (*args, *options.values())))
        if len(text) > LONGEST:
            raise CampaignError(
                "this puts too many personal values together",
                place=here(),
                hint="Write them out one after another with {{ }} instead of collecting them.",
            )
        return Symbol(self.recorder, text, evaluate, None, _reads((*args, *options.values())))

    def joined(self, parts: Iterable[Any]) -> Symbol:
        """This symbol, known to be these parts one after another."""
        flat: list[Part] = []
        for part in parts:
            if isinstance(part, Symbol):
                flat.extend(part.parts or (part,))
            else:
                flat.append(str(part))
        self.parts = tuple(flat)
        return self

    def urlencoded(self) -> Symbol:
        """This symbol percent-encoded, once, wherever it stands."""
        symbol = self.derive("{}|urlencode", _percent_encoded, self)
        symbol.is_encoded = True
        return symbol

    # --- written out

    def __str__(self) -> str:
        if self.shape is not None:
            raise CampaignError(
                f"{{{{ {self.text} }}}} cannot be written out as a whole",
                place=here(),
                hint=_known(self.shape),
            )
        return self.recorder.write(self)

    def __format__(self, spec: str) -> str:
        return str(self.derive("format({}, {})", limits.formatted, self, spec))

    # --- decided on

    def __bool__(self) -> bool:
        return bool(self.recorder.ask(self, bool))

    def __len__(self) -> int:
        return int(self.recorder.ask(self, len, "the length of {}"))

    def __iter__(self) -> Iterator[Any]:
        if isinstance(self.shape, dict):
            return iter(self.shape)
        return (self._item(i) for i in range(len(self)))

    def __contains__(self, item: Any) -> bool:
        return bool(self.derive("({} in {})", contains, item, self))

    def __hash__(self) -> int:
        return hash(self.recorder.ask(self, _same, "the value of {}"))

    def __index__(self) -> int:
        return int(self.recorder.ask(self, int, "the number {}"))

    __int__ = __index__

    def __float__(self) -> float:
        return float(self.recorder.ask(self, float, "the decimal number {}"))

    # --- gone into

    def child(self, find: Callable[[Any, Any], Any], name: Any) -> Symbol | Function:
        """An item or attribute.

        Raises:
            CampaignError: there is no such field, or it is none of a writer's.
        """
        if isinstance(name, str) and name.startswith("_"):
            raise CampaignError(
                f'"{self.text}" has no "{name}"',
                place=here(),
                hint="Names that begin with _ are not for campaigns.",
            )
        if isinstance(self.shape, dict):
            if name not in self.shape:
                hint = _FOR_CONDITIONS.get(f"{self.text}.{name}") or _known(self.shape, name)
                if self.text == "links.sign":
                    hint = f"Correct the name, or start it: mailer petition new {name}."
                raise CampaignError(f'"{self.text}" has no "{name}"', place=here(), hint=hint)
            entry = self.shape[name]
            return entry if isinstance(entry, (Symbol, Function)) else Symbol(self.recorder, *entry)
        if isinstance(self.shape, list) and isinstance(name, int):
            return self._item(name)
        if isinstance(name, str) and name not in _OF_COLUMNS and self._is_column():
            raise CampaignError(
                f'"{self.text}" has no "{name}"', place=here(), hint=self._comparison(name)
            )
        return self.derive("{}[{}]", find, self, name)

    def _is_column(self) -> bool:
        return self.reads is not None and {self.text.removeprefix("recipient.")} == self.reads

    def _comparison(self, name: str) -> str:
        if self.text == "recipient.tags":
            return f'Write "{name}" in recipient.tags.'
        return f'It is text. Write {self.text} == "{name}" to compare it.'

    def __getitem__(self, part: slice) -> Symbol:
        """Jinja asks Python itself for slices."""
        return self.derive("{}[{}]", operator.getitem, self, part)

    def refuse_unknown_column(
        self, filter_name: str, args: Sequence[Any], options: Mapping[str, Any]
    ) -> None:
        """A filter may ask rows only for the columns they have."""
        name = options.get("attribute")
        if name is None and filter_name in {"groupby", "rejectattr", "selectattr"} and args:
            name = args[0]
        if isinstance(self.shape, list) and isinstance(name, str):
            for column_ in name.split(","):
                first = column_.strip().partition(".")[0]
                if first not in self.shape[0]:
                    raise CampaignError(
                        f'"{self.text}" has no "{first}"',
                        place=here(),
                        hint=_known(self.shape[0], first),
                    )

    def _item(self, index: int) -> Symbol:
        item = self.derive("{}[{}]", _item, self, index)
        return item.with_columns(self.shape[0]) if isinstance(self.shape, list) else item

    def with_columns(self, columns: Iterable[str]) -> Symbol:
        """This symbol as a row of a look-up; blank where the recipient has none."""
        row = self.evaluate
        shape = {
            name: (
                f"{self.text}.{name}",
                lambda r, name=name: (row(r) or {}).get(name, ""),
                None,
                self.reads,
            )
            for name in columns
        }
        return Symbol(self.recorder, self.text, row, shape, self.reads)

    def filtered(self, source: Any, filter_name: str) -> Symbol:
        """This symbol as what a filter left of another: rows stay rows, one of them is a row."""
        if isinstance(source, Symbol):
            if filter_name in _KEEP_PARTS and any(map(_is_words, source.parts)):
                self.parts = source.parts  # with words in it, it is never blank
            self.is_encoded = source.is_encoded and filter_name in _KEEP_ENCODED
        rows = source.shape if isinstance(source, Symbol) else None
        if not isinstance(rows, list):
            return self
        if filter_name in {"first", "last"}:
            return self.with_columns(rows[0])
        if filter_name in {"list", "rejectattr", "reverse", "selectattr", "sort", "unique"}:
            return Symbol(self.recorder, self.text, self.evaluate, rows, self.reads)
        return self

    # --- calculated with

    __eq__, _ = _binary("eq", "==")  # type: ignore[assignment] # a symbol, decided on by bool()
    __ne__, _ = _binary("ne", "!=")  # type: ignore[assignment] # same
    __lt__, _ = _binary("lt", "<")
    __le__, _ = _binary("le", "<=")
    __gt__, _ = _binary("gt", ">")
    __ge__, _ = _binary("ge", ">=")
    __add__, __radd__ = _binary("add", "+")
    __sub__, __rsub__ = _binary("sub", "-")
    __mul__, __rmul__ = _binary("mul", "*")
    __truediv__, __rtruediv__ = _binary("truediv", "/")
    __floordiv__, __rfloordiv__ = _binary("floordiv", "//")
    __mod__, __rmod__ = _binary("mod", "%")
    __pow__, __rpow__ = _binary("pow", "**")

    def __neg__(self) -> Symbol:
        return self.derive("(-{})", operator.neg, self)

    def __pos__(self) -> Symbol:
        return self.derive("(+{})", operator.pos, self)


Part = str | Symbol
"""One part of a joined text: the writer's own words, or a value of the recipient."""


def _is_words(part: Part) -> bool:
    return isinstance(part, str) and bool(part.strip())


def _is_text(value: Any) -> bool:
    return isinstance(value, Symbol) and bool(value.parts)


def _percent_encoded(value: Any) -> str:
    return quote(written(value), safe="")


def symbol_in(values: Collection[Any]) -> Symbol | None:
    """The first symbol among values and the lists, tuples and mappings they hold."""
    for value in values:
        if type(value) not in WITHOUT_SYMBOLS:
            return next(_symbols_in(values), None)
    return None


WITHOUT_SYMBOLS = frozenset([str, int, bool, float, type(None)])


def _symbols_in(values: Iterable[Any]) -> Iterator[Symbol]:
    for value in values:
        if type(value) in WITHOUT_SYMBOLS:
            continue
        if isinstance(value, Symbol):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _symbols_in(value)
        elif isinstance(value, dict):
            yield from _symbols_in(value.values())


def _reads(values: Iterable[Any]) -> frozenset[str] | None:
    """What decides an expression of these: what decides any of them."""
    reads = [symbol.reads for symbol in _symbols_in(values)]
    known = [each for each in reads if each is not None]
    return frozenset().union(*known) if len(known) == len(reads) else None


def _calling(
    function: Callable[..., Any],
    given: Sequence[Callable[[Recipient], Any]],
    named: Mapping[str, Callable[[Recipient], Any]],
) -> Callable[[Recipient], Any]:
    """A function of arguments that differ between recipients; most have two, as operators do."""
    if named:
        return lambda recipient: function(
            *[get(recipient) for get in given],
            **{name: get(recipient) for name, get in named.items()},
        )
    if len(given) == 2:  # noqa: PLR2004 - so much quicker that merging takes a tenth less
        first, second = given
        return lambda recipient: function(first(recipient), second(recipient))
    return lambda recipient: function(*[get(recipient) for get in given])


def _getter(value: Any) -> Callable[[Recipient], Any]:
    """What a value is for a recipient."""
    if isinstance(value, Symbol):
        return value.evaluate
    if symbol_in((value,)) is None:
        return lambda _: value
    return lambda recipient: _resolve(value, recipient)


def _resolve(value: Any, recipient: Recipient) -> Any:
    if isinstance(value, Symbol):
        return value.evaluate(recipient)
    if isinstance(value, (list, tuple)):
        return type(value)(_resolve(item, recipient) for item in value)
    if isinstance(value, dict):
        return {name: _resolve(item, recipient) for name, item in value.items()}
    return value


def _text(value: Any) -> str:
    if isinstance(value, Symbol):
        return value.text
    if isinstance(value, slice):
        parts = (
            (value.start, value.stop)
            if value.step is None
            else (value.start, value.stop, value.step)
        )
        return ":".join("" if part is None else _text(part) for part in parts)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{k!r}: {_text(v)}' for k, v in value.items())}}}"
    return expression(value)


def contains(item: Any, container: Any) -> bool:
    """Whether a container holds an item; in a list, a text is the same as the number that it is."""
    if item in container:
        return True
    several = isinstance(container, (list, tuple))
    return several and any(comparison.equal(item, value) for value in container)


def is_in_constant(item: Any, container: Any) -> bool:
    """Whether a text stands in what a writer wrote of a joined one: nobody need be asked."""
    return (
        isinstance(item, str)
        and isinstance(container, Symbol)
        and any(isinstance(part, str) and item in part for part in container.parts)
    )


_FOR_CONDITIONS = dict.fromkeys(
    ("recipient.joined", "recipient.lists", "recipient.had", "recipient.signed"),
    "Conditions can ask for it, in audience:, --where and [segments]; the text of a mail cannot.",
)


def _same(value: Any) -> Any:
    return value


def _item(values: Any, index: int) -> Any:
    return values[index] if -len(values) <= index < len(values) else ""


def _known(shape: Any, name: Any = "") -> str:
    if isinstance(shape, list):
        return "Go through its rows with {% for … in … %}."
    return suggest(str(name), shape) if shape else "It has no columns yet: import a list first."
