"""The source of generated functions that write one recipient's mail: a single join.

`message` makes whole messages with them, `transports.ses.bulk` the values of a template.
docs/writer.md shows such a function.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, Any

from mailer.compiler.escaping import ESCAPES, clean
from mailer.compiler.slots import generate
from mailer.links import address

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailer.compiler.compile import Variant
    from mailer.compiler.escaping import Context
    from mailer.links import Purpose

_SAMPLE = "09azAZ_-"
"""All that tokens are made of."""


class Join:
    """A function of `merged`, a recipient's mail: the parts it joins, and what comes before.

    Args:
        variant: of the mail.
        signature: of the function, without a name.
        names: what the source of parts and lines reads besides.
    """

    def __init__(self, variant: Variant, signature: str, names: dict[str, Any]) -> None:
        self._signature = f"write({signature})"
        self._names = {"join": b"".join, **names}
        self._parts: list[bytes | str] = []
        self._purposes: set[Purpose] = set()
        self._besides = ""
        fillings = "".join(f"filling{number}, " for number in range(len(variant.facets)))
        self._lines = {f"({fillings}) = fillings": None}

    def add(self, *parts: bytes | str) -> None:
        """Join octets that are the same for everybody, or Python source of what is not."""
        for part in parts:
            last = self._parts[-1] if self._parts else ""
            if isinstance(part, bytes) and isinstance(last, bytes):
                self._parts[-1] = last + part
            else:
                self._parts.append(part)

    def line(self, source: str) -> None:
        """Run a line before the join; the same line once."""
        self._lines[source] = None

    def token(self, purpose: Purpose) -> str:
        """The source of a recipient's token."""
        self._purposes.add(purpose)
        return purpose

    def give_besides(self, source: str) -> None:
        """Return this, too, beside what is joined."""
        self._besides = f", {source}"

    def name(self, value: object, name: str = "") -> str:
        """A name by which the source reads a value."""
        name = name or f"value_{len(self._names)}"
        self._names[name] = value
        return name

    def lines(self) -> list[str]:
        """The body of the function."""
        texts = [part for part in self._parts if isinstance(part, bytes)]
        self._names |= {f"text{number}": text for number, text in enumerate(texts)}
        number = count()
        joined = [p if isinstance(p, str) else f"text{next(number)}" for p in self._parts]
        return [
            "email, variant, fillings, links, mark = merged",
            *self._sealing(),
            *self._lines,
            f"return join(({', '.join(joined)},)){self._besides}",
        ]

    def _sealing(self) -> list[str]:
        """The line that makes all tokens."""
        purposes = sorted(self._purposes)
        tokens = "".join(f"{purpose}, " for purpose in purposes)
        call = f"links.keys.tokens({tuple(purposes)}, links.subscriber_id, links.send_id)"
        return [f"{tokens} = {call}"] if purposes else []

    def function(self) -> Callable[..., Any]:
        return generate(self._signature, self.lines(), self._names)


@lru_cache(maxsize=1024)
def before_token(purpose: Purpose, context: Context, base_url: str) -> str | None:
    """What a place shows before the token of a personal link; None where it changes the token, too."""
    shown = ESCAPES[context](clean(address(base_url, purpose, _SAMPLE)))
    return shown.removesuffix(_SAMPLE) if shown.endswith(_SAMPLE) else None
