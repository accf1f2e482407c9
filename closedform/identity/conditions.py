"""Conditions under which a statement that is not true in general is true: one record each, weakest first.

A condition is a change of the question, and it holds when the changed statement does, by value.  At most two are
combined.  New ones are new rows of `CONDITIONS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations

from closedform.core.shape import ONE, dim
from closedform.identity.changes import (
    Change,
    Said,
    called,
    is_square,
    names_of_sizes,
    source_of,
    with_property,
    with_sides,
    with_size,
)
from closedform.identity.tries import Tries
from closedform.syntax.sides import Written
from closedform.syntax.tokens import plain
from closedform.syntax.tree import Node, postorder

MOST = 3  #: conditions that are reported
TRIES = 160  #: changed statements that are compared


@dataclass(frozen=True)
class Condition:
    """A kind of condition.

    Attributes:
        name: what it is about.
        changes: the changed statements, with the sentence that says how.
        pairs: the kinds it may be combined with.
    """

    name: str
    changes: Callable[[Written], Iterator[Change]]
    pairs: frozenset[str] = frozenset()


def _equal_sizes(w: Written) -> Iterator[Change]:
    for m, n in combinations(names_of_sizes(w), 2):
        said = (Said("verdict.equal_sizes", {"m": m, "n": n}), *_inverted(w))
        yield Change(said, with_size(w, n, dim(m)), f"{m} {n}")


def _inverted(w: Written) -> Iterator[Said]:
    """What is tried at random points is regular where it is square: its pseudoinverse is its inverse only then."""
    calls = [n for n in postorder(w.root, w.source) if n.rule == "call" and n.text == "pinv"]
    for x in dict.fromkeys(source_of(w, n.operands[0]) for n in calls):
        yield Said("verdict.invertible", {"x": x})


def _size_one(w: Written) -> Iterator[Change]:
    """One size is 1, and something is left that is no scalar."""
    for n in names_of_sizes(w):
        changed = with_size(w, n, ONE)
        if all(d is ONE for shape in changed.shapes.values() for d in shape) and changed.shapes:
            continue
        yield Change((_becomes(w, changed, n),), changed, n)


def _becomes(w: Written, changed: Written, n: str) -> Said:
    """`n = 1`, and which matrix is then a vector, which vector a scalar."""
    below = {plain(x.text) for side in w.root.operands for v in side.operands[1:] for x in postorder(v, w.source)}
    for name in sorted(changed.shapes, key=lambda x: (x not in below, x)):
        before, after = (sum(d is not ONE for d in s.shapes[name]) for s in (w, changed))
        if after < before:
            kind = "vector" if after else "scalar"
            return Said(f"verdict.size_one_{kind}", {"n": n, "x": name})
    return Said("verdict.size_one", {"n": n})


#: properties from weak to strong; one that follows from another comes after it
PROPERTIES = {"symmetric": (), "orthogonal": (), "positive": (), "spd": ("symmetric",), "diagonal": ("symmetric",)}


def _properties(w: Written) -> Iterator[Change]:
    for name in _occurring(w):
        known = w.properties.get(name, frozenset())
        for p in PROPERTIES:
            square = is_square(w.shapes[name])
            if p not in known and (square or p == "positive"):
                yield Change((Said(f"verdict.{p}", {"x": name}),), with_property(w, name, p), name)


def _occurring(w: Written) -> list[str]:
    names = {plain(n.text) for n in postorder(w.root, w.source) if n.rule == "name"}
    return [name for name in w.shapes if name in names]


def _under(function: str) -> Callable[[Written], Iterator[Change]]:
    """The differentiated function, or both sides of an identity, inside `tr` or `sum`."""

    def changes(w: Written) -> Iterator[Change]:
        left, right = w.root.operands
        rules = {left.rule, right.rule}
        if "differential" in rules:
            return
        if "derivative" not in rules:
            if function == "tr":
                yield Change((Said("verdict.both_traces"),), with_sides(w, called("tr", left), called("tr", right)))
            return
        inner = next(side.operands[0] for side in (left, right) if side.rule == "derivative")
        if inner.rule == "call" and inner.text == function:
            return
        new = [_wrapped(side, function) if side.rule == "derivative" else side for side in (left, right)]
        said = Said("verdict.under", {"f": f"{function}({source_of(w, inner)})"})
        yield Change((said,), with_sides(w, new[0], new[1]))

    return changes


def _wrapped(side: Node, function: str) -> Node:
    return replace(side, operands=(called(function, side.operands[0]), *side.operands[1:]))


def _other_variable(w: Written) -> Iterator[Change]:
    """The derivative by another variable of the function."""
    for k, side in enumerate(w.root.operands):
        if side.rule != "derivative" or len(side.operands) != 2:
            continue
        function, below = side.operands
        now = {plain(x.text) for x in postorder(below, w.source) if x.rule == "name"}
        inside = [plain(x.text) for x in postorder(function, w.source) if x.rule == "name"]
        for name in dict.fromkeys(inside):
            if name in w.shapes and name not in now and "integer" not in w.properties.get(name, ()):
                variable = Node("name", name, (), below.span, below.at)
                sides = list(w.root.operands)
                sides[k] = replace(side, operands=(function, variable))
                yield Change((Said("verdict.by_other", {"x": name}),), with_sides(w, sides[0], sides[1]), name)


CONDITIONS = (
    Condition("equal sizes", _equal_sizes, frozenset({"property"})),
    Condition("size one", _size_one, frozenset({"property"})),
    Condition("property", _properties, frozenset({"property"})),
    Condition("trace", _under("tr"), frozenset({"property"})),
    Condition("sum", _under("sum")),
    Condition("variable", _other_variable, frozenset({"property"})),
)


# --------------------------------------------------------------------------------------------------------- search


def search(w: Written, tries: Tries, readable: bool = True) -> list[Change]:
    """The conditions under which the statement is true, singly or else in pairs; at most `MOST`.

    Args:
        w: the statement, with all shapes known.
        tries: how far the search may go.
        readable: whether it has a meaning as it stands.
    """
    tried = 0
    found: list[tuple[Condition, Change]] = []
    singles: list[tuple[Condition, Change]] = []
    for condition in CONDITIONS:
        for change in condition.changes(w):
            if tried >= TRIES or tries.over:
                break
            if _follows(condition, change, found):
                continue
            tried += 1
            singles.append((condition, change))
            if tries.holds(change.written):
                found.append((condition, change))
    if found or not readable:
        return _merged([change for _, change in found])[:MOST]
    pairs: list[Change] = []
    for condition, change in singles:
        beside: list[tuple[Condition, Change]] = []
        for second, other in _seconds(condition, change):
            if tried >= TRIES or tries.over or len(pairs) == MOST:
                return pairs
            if _follows(second, other, beside):
                continue
            tried += 1
            if tries.holds(other.written):
                beside.append((second, other))
                pairs.append(replace(other, said=change.said + other.said))
    return pairs


def _seconds(condition: Condition, change: Change) -> Iterator[tuple[Condition, Change]]:
    """What may be asked beside a change: a second property only of a later variable, the weaker ones first."""
    for second in CONDITIONS:
        if second.name in condition.pairs:
            for other in second.changes(change.written):
                if condition.name != second.name or change.touches < other.touches:
                    yield second, other


def _follows(condition: Condition, change: Change, found: list[tuple[Condition, Change]]) -> bool:
    """Whether a property already follows from a weaker one that is enough."""
    if condition.name != "property":
        return False
    known = [c.said[0].key.removeprefix("verdict.") for f, c in found if f is condition and c.touches == change.touches]
    weaker = PROPERTIES[change.said[0].key.removeprefix("verdict.")]
    return any(p in weaker for p in known)


def _merged(found: list[Change]) -> list[Change]:
    """`m = n`, `m = 1` and `n = 1` in one: m = n or min(m, n) = 1."""
    touched = {c.touches for c in found}
    result: list[Change] = []
    covered: set[str] = set()
    for c in found:
        m, _, n = c.touches.partition(" ")
        if c.said[0].key == "verdict.equal_sizes" and {m, n} <= touched:
            covered |= {m, n}
            c = replace(c, said=(Said("verdict.equal_or_one", {"m": m, "n": n}),))
        result.append(c)
    return [c for c in result if not (c.touches in covered and c.said[0].key.startswith("verdict.size_one"))]
