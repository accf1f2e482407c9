"""Changes of a statement's tree and of what is declared; `conditions`, `readings` and `edits` are made of them.

Every function takes a `Written` whose shapes are known and returns another one; whether that has a meaning shows
when it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from closedform.core.shape import ONE, Dim, Shape, dim
from closedform.errors import ClosedFormError
from closedform.lang import say
from closedform.lang.messages import told
from closedform.syntax.sides import Written
from closedform.syntax.tokens import plain
from closedform.syntax.tree import Node, postorder


@dataclass(frozen=True)
class Said:
    """A sentence of the catalogues with its facts, which may be sentences or errors themselves."""

    key: str
    facts: Mapping[str, str | Said | ClosedFormError] = field(default_factory=dict)

    def text(self, lang: str = "en") -> str:
        return say(lang, self.key, **{name: _in_words(fact, lang) for name, fact in self.facts.items()})


def _in_words(fact: str | Said | ClosedFormError, lang: str) -> str:
    """A fact in a language; of an error its first line, without the excerpt and the hint."""
    if isinstance(fact, ClosedFormError):
        return told(fact, lang).partition("\n")[0]
    return fact.text(lang) if isinstance(fact, Said) else fact


@dataclass(frozen=True)
class Change:
    """A changed statement and what is to be said of it.

    Attributes:
        said: what was changed, in parts that are joined by `and`.
        written: the changed statement.
        touches: the variable or size that it is about.
    """

    said: tuple[Said, ...]
    written: Written
    touches: str = ""


# --------------------------------------------------------------------------------------------------------- sizes


def names_of_sizes(w: Written) -> list[str]:
    """The named sizes, those of shapes first."""
    found = [n for shape in w.shapes.values() for d in shape for n in d.names]
    return list(dict.fromkeys([*found, *(n for d in w.sizes.values() for n in d.names)]))


def with_size(w: Written, name: str, value: Dim) -> Written:
    """The statement with a size put in for a named one."""

    def put(d: Dim) -> Dim:
        result = dim(d.count) if d.count != 1 else ONE
        for n in d.names:
            result = result * (value if n == name else dim(n))
        return result

    shapes = {x: (put(s[0]), put(s[1])) for x, s in w.shapes.items()}
    functions = {f: s and (put(s[0]), put(s[1])) for f, s in w.functions.items()}
    return replace(w, shapes=shapes, functions=functions, sizes={n: put(d) for n, d in w.sizes.items()})


def with_property(w: Written, variable: str, name: str) -> Written:
    known = w.properties.get(variable, frozenset())
    return replace(w, properties={**w.properties, variable: known | {name}})


# ---------------------------------------------------------------------------------------------------------- trees


def mapped(w: Written, change: Callable[[Node], Node]) -> Written | None:
    """The statement with every node changed, operands first; None if nothing changed."""
    made: dict[Node, Node] = {}
    for node in postorder(w.root, w.source):
        operands = tuple(made[o] for o in node.operands)
        same = all(a is b for a, b in zip(operands, node.operands, strict=True))
        made[node] = change(node if same else replace(node, operands=operands))
    return None if made[w.root] is w.root else replace(w, root=made[w.root])


def names_in(w: Written) -> set[str]:
    """The variables, sizes and differentials that occur; a differential as the variable it belongs to."""
    names = {plain(n.text) for n in postorder(w.root, w.source) if n.rule == "name"}
    return {n[1:] if n[0] == "d" and n[1:] in names else n for n in names}


def each_place(root: Node, source: str, local: Callable[[Node], Iterator[Node]]) -> Iterator[tuple[Node, Node, Node]]:
    """Every tree with one node replaced: the whole, the node as it was, and as it is."""
    parents = {o: node for node in postorder(root, source) for o in node.operands}
    for node in postorder(root, source):
        for new in local(node):
            yield _rebuilt(parents, root, node, new), node, new


def _rebuilt(parents: Mapping[Node, Node], root: Node, old: Node, new: Node) -> Node:
    while old is not root:
        parent = parents[old]
        operands = tuple(new if o is old else o for o in parent.operands)
        old, new = parent, replace(parent, operands=operands)
    return new


def called(name: str, operand: Node) -> Node:
    """The tree of `name(operand)`."""
    return Node("call", name, (operand,), operand.span, operand.at)


def turned(operand: Node) -> Node:
    """The tree of its transpose."""
    if operand.rule == "PRIME":
        return operand.operands[0]
    return Node("PRIME", "'", (operand,), operand.span, operand.at)


def with_sides(w: Written, left: Node, right: Node) -> Written:
    return replace(w, root=replace(w.root, operands=(left, right)))


def source_of(w: Written, node: Node) -> str:
    """The source of a node, without brackets around all of it."""
    text = w.source[slice(*node.span)].strip()
    return text[1:-1] if node.grouped and text[:1] == "(" and text[-1:] == ")" else text


def is_square(shape: Shape) -> bool:
    return shape[0] is shape[1] and shape[0] is not ONE
