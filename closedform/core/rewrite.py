"""Rewriting: rules `left -> right`, written with ordinary expressions, applied to expressions in normal form.

Symbols of a rule are wildcards: one stands for any expression whose shape fits, the dimensions being
wildcards too; one declared symmetric for an expression that is its own transpose.
In a sum or an entry-by-entry product a rule may use some of the operands and leave the
rest; in a chain of matrices a run of neighbours, and inside a function a wildcard may be a whole run.
Every rule makes an expression smaller, so rewriting ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from closedform.core.expr import OPS, Expr, Number, commutation, duplication, elimination, eye, leaf_sizes, node, ones
from closedform.core.normal import REWRITERS
from closedform.core.shape import ONE, Dim, Triangle, dim, triangle
from closedform.core.terms import split

Binding = dict[object, Any]  # wildcard symbol -> expression, wildcard dimension name -> dimension


@dataclass(frozen=True, slots=True)
class Rule:
    """`left -> right when condition`, with the name that a derivation shows.

    `left` is in normal form except for the rule itself; `right` is any expression of the same wildcards.
    """

    name: str
    left: Expr
    right: Expr
    when: Callable[[Binding], bool] | None = None
    needs: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        inner = {a.op.name for a in self.left.args} - {"symbol", "ones", "number", "scale"}
        object.__setattr__(self, "needs", frozenset(inner))


RULES: dict[str, list[Rule]] = {}  #: by the operation at the top of the left side


def enter(table: list[Rule]) -> None:
    """Put the rules of a table to work."""
    for rule in table:
        RULES.setdefault(rule.left.op.name, []).append(rule)
    fitting.cache_clear()


@lru_cache(maxsize=4096)
def fitting(name: str, operands: frozenset[str]) -> list[Rule]:
    """The rules for an operation that need no other operands than those."""
    return [rule for rule in RULES.get(name, ()) if rule.needs <= operands]


def rewrite(e: Expr) -> Expr | None:
    """What the first rule that fits makes of e; None when none does."""
    name = e.op.name
    if name not in RULES:
        return None
    for rule in fitting(name, frozenset([a.op.name for a in e.args])):
        for bound, rest in _top(rule.left, e):
            if rule.when is None or rule.when(bound):
                return _rebuild(e, instantiate(rule.right, bound), rest)
    return None


def _signed(e: Expr) -> tuple[Number, Expr]:
    """A term of a sum as coefficient and core, also in a pattern, which need not be in normal form."""
    if e.op.name == "scale" and e.args[0].op.name == "number":
        return e.args[0].data, e.args[1]
    return split(e)


REWRITERS.append(rewrite)

Rest = tuple[tuple[Expr, ...], tuple[Expr, ...]]
NOTHING: Rest = ((), ())


def _top(pattern: Expr, e: Expr) -> Iterator[tuple[Binding, Rest]]:
    """Matches at the top, where operands may be left over."""
    if e.op.commutative:
        for bound, left_over in _some(pattern.args, e.args, {}, e):
            yield bound, (left_over, ())
    elif e.op.associative:
        count = len(pattern.args)
        for at in range(len(e.args) - count + 1):
            run = e.args[at : at + count]
            for bound in _each(pattern.args, run, {}):
                yield bound, (e.args[:at], e.args[at + count :])
    else:
        for bound in _each(pattern.args, e.args, {}):
            yield bound, NOTHING


def _rebuild(e: Expr, result: Expr, rest: Rest) -> Expr:
    before, after = rest
    if e.op.commutative:
        return node(e.op, (result, *before)) if before else result
    for factor in reversed(before):
        result = factor @ result
    for factor in after:
        result = result @ factor
    return result


def _each(patterns: tuple[Expr, ...], operands: tuple[Expr, ...], bound: Binding) -> Iterator[Binding]:
    """Matches of operands one by one, in order."""
    if not patterns:
        yield bound
        return
    for found in match(patterns[0], operands[0], bound):
        yield from _each(patterns[1:], operands[1:], found)


def _some(
    patterns: tuple[Expr, ...], operands: tuple[Expr, ...], bound: Binding, whole: Expr
) -> Iterator[tuple[Binding, tuple[Expr, ...]]]:
    """Matches of some of the operands in any order, with those left over."""
    if not patterns:
        yield bound, operands
        return
    for i, operand in enumerate(operands):
        if _may(patterns[0], operand):
            for found in match(patterns[0], operand, bound):
                yield from _some(patterns[1:], operands[:i] + operands[i + 1 :], found, whole)


def _may(pattern: Expr, e: Expr) -> bool:
    return pattern.op.name in ("symbol", "ones", "add") or pattern.op is e.op


def match(pattern: Expr, e: Expr, bound: Binding) -> Iterator[Binding]:
    """Every way to read e as the pattern, extending what is bound already."""
    name = pattern.op.name
    if name == "symbol":
        yield from _wildcard(pattern, e, bound)
    elif name in ("ones", "eye"):
        if e.op is pattern.op or (e.op.name == "number" and e.data == 1):
            found = _sizes(pattern.shape, e.shape, bound)
            if found is not None:
                yield found
    elif name in SIZED:
        sizes = _sizes(leaf_sizes(pattern), leaf_sizes(e), bound) if e.op is pattern.op else None
        if sizes is not None:
            yield sizes
    elif name == "number":
        if e is pattern:
            yield bound
    elif name == "add":
        yield from _sum(pattern, e, bound)
    elif pattern.op is e.op:
        if e.op.commutative and len(e.args) == len(pattern.args):
            for found, _ in _some(pattern.args, e.args, bound, e):
                yield found
        elif e.op.name == "matmul":
            yield from _runs(pattern.args, e.args, bound)
        elif len(e.args) == len(pattern.args):
            yield from _each(pattern.args, e.args, bound)


def _sum(pattern: Expr, e: Expr, bound: Binding) -> Iterator[Binding]:
    """A whole sum, or the negative of one: 1 − s is −(s − 1) in normal form."""
    c, core = split(e)
    if core.op is pattern.op and len(core.args) == len(pattern.args) and c in (1, -1):
        yield from _terms(pattern.args, core.args, c, bound)


def _terms(patterns: tuple[Expr, ...], terms: tuple[Expr, ...], sign: Number, bound: Binding) -> Iterator[Binding]:
    if not patterns:
        yield bound
        return
    wanted, body = _signed(patterns[0])
    for i, term in enumerate(terms):
        c, core = split(term)
        if c * sign == wanted and _may(body, core):
            for found in match(body, core, bound):
                yield from _terms(patterns[1:], terms[:i] + terms[i + 1 :], sign, found)


def _wildcard(pattern: Expr, e: Expr, bound: Binding) -> Iterator[Binding]:
    before = bound.get(pattern)
    if before is not None:
        if before is e:
            yield bound
        return
    if "symmetric" in pattern.data.properties and OPS["transpose"].canonical(e) is not e:
        return
    found = _sizes(pattern.shape, e.shape, bound)
    if found is not None:
        yield {**found, pattern: e}


def _sizes(wanted: tuple[Dim, ...], given: tuple[Dim, ...], bound: Binding) -> Binding | None:
    """Bind dimensions: a name to any, a product or a triangle to that of what is bound."""
    found = bound
    for pattern, size in zip(wanted, given, strict=True):
        if pattern is ONE:
            if size is not ONE:
                return None
            continue
        before = found.get(pattern) or _size(pattern, found)
        if before is None and pattern.name:
            found = {**found, pattern: size}
        elif before is not size:
            return None
    return found


def _runs(patterns: tuple[Expr, ...], factors: tuple[Expr, ...], bound: Binding) -> Iterator[Binding]:
    """Matches of a whole chain; a wildcard takes one or more neighbouring factors."""
    if not patterns:
        if not factors:
            yield bound
        return
    most = len(factors) - len(patterns) + 1
    for count in range(1, most + 1 if patterns[0].op.name == "symbol" else 2):
        run = factors[0] if count == 1 else OPS["matmul"].canonical(*factors[:count])
        for found in match(patterns[0], run, bound) if factors else ():
            yield from _runs(patterns[1:], factors[count:], found)


def instantiate(right: Expr, bound: Binding) -> Expr:
    """The right side with expressions for wildcards, as written."""
    if right.op.name == "symbol":
        found: Expr = bound[right]
        return found
    if right.op.name in ("ones", "eye"):
        rows, columns = (_known(d, bound) for d in right.shape)
        return ones((rows, columns)) if right.op.name == "ones" else eye(rows)
    if right.op.name in SIZED:
        return SIZED[right.op.name](*[_known(d, bound) for d in leaf_sizes(right)])
    if not right.args:
        return right
    return right.op(*[instantiate(a, bound) for a in right.args])


#: leaves that are written with sizes, and how they are made of them
SIZED: dict[str, Callable[..., Expr]] = {
    "duplication": duplication,
    "elimination": elimination,
    "commutation": commutation,
}


def _known(d: Dim, bound: Binding) -> Dim:
    size = _size(d, bound)
    assert size is not None, "the right side of a rule has the dimensions of the left"
    return size


def _size(d: Dim, bound: Binding) -> Dim | None:
    """A dimension of a rule, its names replaced by what is bound; None when one is not."""
    if d is ONE or d.name:
        return ONE if d is ONE else bound.get(d)
    total = dim(d.count)
    for f in d.factors:
        part = _size(f.side if isinstance(f, Triangle) else dim(f), bound)
        if part is None:
            return None
        total = total * (triangle(part) if isinstance(f, Triangle) else part)
    return total
