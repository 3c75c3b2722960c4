"""A decision tree of guards that grows as recipients walk it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mailer.compiler.slots import Guard, Recipient
    from mailer.errors import Place

Leaf = TypeVar("Leaf")


class _Branch(Generic[Leaf]):
    """A guard, and what follows each of its answers."""

    __slots__ = ("after", "evaluate", "following", "guard")

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.evaluate = guard.evaluate
        self.after: dict[Any, _Branch[Leaf] | _End[Leaf]] = {}
        self.following = self.after.get


class _End(Generic[Leaf]):
    __slots__ = ("leaf",)

    def __init__(self, leaf: Leaf) -> None:
        self.leaf = leaf


class DecisionTree(Generic[Leaf]):
    """Finds the leaf of a recipient; where nobody has walked before, `grow` makes it.

    Args:
        grow: a recipient → the guards it passed, in order with their answers, and the leaf.
    """

    def __init__(self, grow: Callable[[Recipient], tuple[list[tuple[Guard, Any]], Leaf]]) -> None:
        self._grow = grow
        self._root: _Branch[Leaf] | _End[Leaf] | None = None

    def find(self, recipient: Recipient) -> Leaf:
        node = self._root
        while isinstance(node, _Branch):
            node = node.following(node.evaluate(recipient))
        return self._insert(*self._grow(recipient)) if node is None else node.leaf

    def _insert(self, path: list[tuple[Guard, Any]], leaf: Leaf) -> Leaf:
        end: _Branch[Leaf] | _End[Leaf] = _End(leaf)
        if not path:
            self._root = end
            return leaf
        if self._root is None:
            self._root = _Branch(path[0][0])
        node = self._root
        for i, (_, answer) in enumerate(path):
            assert isinstance(node, _Branch)
            following = _Branch(path[i + 1][0]) if i + 1 < len(path) else end
            node = node.after.setdefault(answer, following)
        return leaf

    def busiest(self) -> Guard:
        """The guard at the line with most different answers. Needs a tree with a guard."""
        guards: dict[Place, Guard] = {}
        answers: Counter[Place] = Counter()
        for guard, values in self.asked():
            guards.setdefault(guard.place, guard)
            answers[guard.place] += len(values)
        return guards[answers.most_common(1)[0][0]]

    def asked(self) -> Iterator[tuple[Guard, list[Any]]]:
        """Every guard with the different answers it got; one may stand in several branches."""
        nodes = [self._root]
        while nodes:
            node = nodes.pop()
            if isinstance(node, _Branch):
                yield node.guard, list(node.after)
                nodes.extend(node.after.values())
