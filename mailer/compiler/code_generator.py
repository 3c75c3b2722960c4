"""What Jinja makes of templates: code in which operators ask symbols last, and lists are measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import nodes
from jinja2.compiler import CodeGenerator

from mailer.compiler import sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2.compiler import Frame


class MeasuringGenerator(CodeGenerator):
    """Operators that Python settles at once, before a symbol is asked; loops and lists are measured.

    What cannot be meant is refused here, also in a branch that nobody reaches today.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._loops: set[int] = set()
        """What loops go through, by identity of the node."""

    def visit_Call(self, node: nodes.Call, *args: Any, **kwargs: Any) -> None:  # noqa: N802 - Jinja's name
        name = _member(node.node)
        if name is not None and name not in _CALLED and _root(node.node) in _DATA:
            self.fail(f'this has no "{name}"', node.lineno)
        super().visit_Call(node, *args, **kwargs)

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        self._call("concatenate", node.nodes, frame)

    def visit_Compare(self, node: nodes.Compare, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        if len(node.ops) == 1 and node.ops[0].op in {"in", "notin"}:
            self.write("(not " if node.ops[0].op == "notin" else "(")
            self._call("contains", [node.expr, node.ops[0].expr], frame)
            self.write(")")
        else:
            super().visit_Compare(node, frame)

    def visit_If(self, node: nodes.If, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        for branch in (node, *node.elif_):
            self._refuse_constant(branch.test)
        super().visit_If(node, frame)

    def visit_CondExpr(self, node: nodes.CondExpr, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        self._refuse_constant(node.test)
        super().visit_CondExpr(node, frame)

    def _refuse_constant(self, test: nodes.Node) -> None:
        constant = constant_in(test)
        if constant is not None:
            self.fail(f'"{constant.value}" alone is always true', constant.lineno)

    def visit_For(self, node: nodes.For, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        self._loops.add(id(node.iter))
        super().visit_For(node, frame)

    def visit_List(self, node: nodes.List, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        self._measure(node, frame, super().visit_List)

    def visit_Dict(self, node: nodes.Dict, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        self._measure(node, frame, super().visit_Dict)

    def visit_Tuple(self, node: nodes.Tuple, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        if node.ctx == "load":
            self._measure(node, frame, super().visit_Tuple)
        else:
            super().visit_Tuple(node, frame)

    def visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> Any:
        if id(node) not in self._loops:
            return super().visit(node, *args, **kwargs)
        self._loops.remove(id(node))
        self.write("environment.counted(")
        super().visit(node, *args, **kwargs)
        self.write(")")
        return None

    def _measure(self, node: nodes.Expr, frame: Frame, visit: Callable[..., None]) -> None:
        self.write("environment.measured(")
        visit(node, frame)
        self.write(")")

    def _call(self, name: str, arguments: list[nodes.Expr], frame: Frame) -> None:
        self.write(f"environment.{name}((")
        for argument in arguments:
            self.visit(argument, frame)
            self.write(", ")
        self.write("))")


_DATA = {"brand", "front", "links", "petitions", "recipient"}
_CALLED = frozenset().union(*sandbox.METHODS.values(), ("had", "signed"))
"""All that data can be asked for by a call."""


def _member(callee: nodes.Node) -> str | None:
    """The member of a value that is called, in each of the ways to write it."""
    match callee:
        case nodes.Getattr(attr=name):
            return str(name)
        case nodes.Getitem(arg=nodes.Const(value=str(name))):
            return name
        case nodes.Filter(name="attr", args=[nodes.Const(value=str(name)), *_]):
            return name
        case _:
            return None


def _root(value: nodes.Node | None) -> str:
    """The name that a value is reached from; "" where it has none."""
    while isinstance(value, (nodes.Getattr, nodes.Getitem, nodes.Filter, nodes.Call)):
        value = value.node
    return value.name if isinstance(value, nodes.Name) else ""


def constant_in(test: nodes.Node) -> nodes.Const | None:
    """The text that decides a condition by itself, as "WA" in `recipient.state == "OR" or "WA"`."""
    match test:
        case nodes.Const(value=str()):
            return test
        case nodes.And() | nodes.Or():
            return constant_in(test.left) or constant_in(test.right)
        case nodes.Not():
            return constant_in(test.node)
        case nodes.Compare():
            operands = (test.expr, *(operand.expr for operand in test.ops))
            joined = (node for node in operands if isinstance(node, (nodes.And, nodes.Or)))
            return next(filter(None, map(constant_in, joined)), None)
        case _:
            return None
