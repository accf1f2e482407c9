r"""Finite sums over rows in closed form: `\sum_i (y_i - x_i^\top w)^2` is `sum((y - X*w).^2)`.

Every piece that depends on an index is kept for all its values at once (batches.py); then the sum is a sum.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from closedform.errors import SyntaxProblem
from closedform.syntax.latex.batches import HINT, KEEP_FACTORS, RULES, Batch, Operations, Value
from closedform.syntax.latex.kinds import Kinds, capital
from closedform.syntax.latex.nodes import binary, call, number, prime
from closedform.syntax.tree import Node, postorder


def without_sums(root: Node, source: str, kinds: Kinds) -> tuple[Node, list[str]]:
    """The tree with its sums in closed form, and what the rows stand for.

    Raises:
        SyntaxProblem: an index is used outside its place.
        NotSupported: a sum has no closed form here.
    """
    order = postorder(root, source)
    if not any(node.rule in ("SUM", "indexed", "entry") for node in order):
        return root, []
    sums = Sums(source, kinds)
    done: dict[Node, Value] = {}
    for node in order:
        done[node] = sums.value(node, [done[o] for o in node.operands])
    result = done[root]
    assert isinstance(result, Node), "every index belongs to a sum"
    return result, sums.notes


class Sums(Operations):
    """Indexed names, entries and sums."""

    def value(self, node: Node, args: list[Value]) -> Value:
        """A node for all values of its indices at once."""
        if node.rule == "indexed":
            return self.indexed(node)
        if node.rule == "entry":
            return self.entry(node, args[0])
        if node.rule == "SUM":
            return self.total(node, args[0], args[1:])
        if not any(isinstance(a, Batch) for a in args):
            kept = all(a is o for a, o in zip(args, node.operands, strict=True))
            made = node if kept else replace(node, operands=tuple(a for a in args if isinstance(a, Node)))
            self.kinds.kinds[made] = self.kinds.of(node)
            return made
        rule = RULES.get(node.rule)
        if node.rule not in KEEP_FACTORS:
            args = [self.settled(a) for a in args]
        if rule is None:
            self.fail("this has no closed form inside a sum", node, HINT)
        return rule(self, node, *args)

    def indexed(self, node: Node) -> Batch:
        over = tuple(i.text for i in node.operands)
        kind = self.kinds.indexed(node)
        subscript = "".join(over)
        if len(over) > 2:
            self.fail("more than two indices at once", node, HINT)
        base = node.text if node.text in self.kinds.shapes else capital(node.text)
        if len(over) == 2:
            matrix = self.leaf(node, base, "matrix")
            self.note(f"{node.text}_{subscript} is entry {over[0]}, {over[1]} of {base}")
            if over[0] == over[1]:
                return Batch("scalar", over[:1], call("diag", node, matrix))
            return Batch("scalar", over, matrix)
        if kind == "vector":
            self.note(f"{node.text}_{subscript} is row {subscript} of {base}, as a column")
            return Batch("vector", over, self.leaf(node, base, "matrix"))
        self.note(f"{node.text}_{subscript} is entry {subscript} of {node.text}")
        return Batch("scalar", over, self.leaf(node, node.text, "vector"))

    def leaf(self, node: Node, name: str, kind: Literal["vector", "matrix"]) -> Node:
        if name not in self.kinds.shapes:
            if self.kinds.given.get(name, kind) != kind or self.kinds.found.get(name, kind) != kind:
                raise SyntaxProblem(f"{name} is indexed and is a {self.kinds.name(name)} elsewhere", source=self.source,
                                    span=node.span, hint="give them different names")  # fmt: skip
            self.kinds.found[name] = kind
        return Node("name", name, (), node.span, node.span)

    def entry(self, node: Node, a: Value) -> Value:
        """`(A x)_i`."""
        over = tuple(node.text.split(","))
        kind = self.kind(a, node.operands[0])
        if isinstance(a, Batch) or kind not in ("vector", "matrix") or (kind == "vector" and len(over) > 1):
            self.fail("these entries are not read", node, "give the whole a name")
        if kind == "vector":
            return Batch("scalar", over, a)
        if len(over) == 2 and over[0] == over[1]:
            return Batch("scalar", over[:1], call("diag", node, a))
        return Batch("scalar" if len(over) == 2 else "vector", over, a)

    # the sum ----------------------------------------------------------------------------------------------------

    def total(self, node: Node, body: Value, bound: list[Value]) -> Value:
        """The sum of a batch over an index; a batch again if it has another index."""
        i = node.text
        if not isinstance(body, Batch) or i not in body.over + (body.by.over if body.by else ()):
            self.fail(f"nothing in this sum depends on {i}", node, "write the number of terms as a factor")
        if bound and isinstance(bound[0], Node):
            body = self.of_length(node, body, i, bound[0])
        if body.by is not None and (body.fixed or i not in body.over):
            return self.factors_out(node, body, self.total(node, body.by, []))
        if body.by is not None and i not in body.by.over:
            return self.scaled(node, body.by, self.total(node, replace(body, by=None), []))
        if body.by is not None and body.by.over != body.over:
            return self.weighted(node, body, body.by)
        if len(body.over) == 2:
            rest = tuple(j for j in body.over if j != i)
            if i == body.over[1]:
                return Batch("scalar", rest, call("sum", node, body.node, number(node, "2")))
            return Batch("scalar", rest, prime(node, call("sum", node, body.node, number(node, "1"))))
        made = self.added(node, body)
        self.kinds.kinds[made] = body.kind
        return made

    def added(self, node: Node, body: Batch) -> Node:
        """The sum over the only index."""
        ones = self.factors(body) if body.by else call("vector", node, number(node, "1"))
        match body.kind:
            case "scalar":
                inner = body.node
                again = inner.rule == "call" and inner.text == "sum" and len(inner.operands) == 2
                return call("sum", node, inner.operands[0] if again else inner)
            case "vector":
                return binary("STAR", node, prime(node, body.node), ones)
            case "row":
                return binary("STAR", node, prime(node, ones), body.node)
            case "matrix":
                assert body.right is not None
                rows = binary("STAR", node, call("diag", node, ones), body.right) if body.by else body.right
                return binary("STAR", node, prime(node, body.node), rows)

    def factors_out(self, node: Node, body: Batch, c: Value) -> Value:
        """What does not depend on the index, times the sum of its factors."""
        if isinstance(c, Batch):
            return replace(body, by=c, over=c.over if body.fixed else body.over)
        made = binary("STAR", node, c, body.node)
        if not body.fixed:
            return replace(body, by=None, node=made)
        self.kinds.kinds[made] = body.kind
        return made

    def weighted(self, node: Node, body: Batch, by: Batch) -> Batch:
        """Vectors over i, times numbers over i and j, summed over i."""
        if body.kind not in ("vector", "row"):
            self.fail("a product over two indices", node, HINT)
        weights = by.node if by.over[1] == node.text else prime(node, by.node)
        rest = tuple(j for j in by.over if j != node.text)
        return Batch(body.kind, rest, binary("STAR", node, weights, body.node))

    def of_length(self, node: Node, body: Batch, i: str, bound: Node) -> Batch:
        """The body, said to have that many rows (columns, for a second index)."""
        if body.by is not None and (body.fixed or i not in body.over):
            return replace(body, by=self.of_length(node, body.by, i, bound))
        if len(body.over) == 2 and i == body.over[1]:
            turned = replace(node, rule="sized", text="", operands=(prime(node, body.node), bound), grouped=True)
            return replace(body, node=prime(node, turned))
        if body.node.rule == "call" and body.node.text == "sum" and len(body.node.operands) == 2:
            X, axis = body.node.operands
            rows = replace(node, rule="sized", text="", operands=(X, bound), grouped=True)
            return replace(body, node=call("sum", body.node, rows, axis))
        return replace(body, node=replace(node, rule="sized", text="", operands=(body.node, bound), grouped=True))
