"""Lowering: from expressions to terms.

Scalars are numbers, rows and columns are 1-D arrays, matrices 2-D; which is which is decided by the symbolic
shape.  Each node is visited once, operands first; what a pattern made superfluous is simply never reached.
Numerically stable forms of sums are chosen in `stable`, of products in `products`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction

from closedform.core.abstract import Abstract
from closedform.core.expr import Expr, leaf_sizes, topological
from closedform.core.normal import normal
from closedform.core.shape import ONE, Dim, Triangle
from closedform.errors import NotSupported
from closedform.program.chain import Chain
from closedform.program.signs import is_definite
from closedform.program.term import Plan, Term, axes_of


class Lowering:
    """The terms of every node of a graph.

    Attributes:
        plan: makes the terms.
        uses: how often each node is an operand.
        runs: how often each run of factors occurs in matrix products, as it is or transposed.
    """

    def __init__(self) -> None:
        self.plan = Plan()
        self.code: dict[Expr, Term] = {}
        self.uses: Counter[Expr] = Counter()
        self.sizes = _Sizes(self.plan)
        self.chain = Chain(self.plan, self.sizes)

    def visit(self, expressions: Sequence[Expr]) -> None:
        """Find the terms of every node of some expressions."""
        order = topological(expressions, self.code)
        for node in order:
            self.uses.update(node.args)
        self.chain.count_runs(order)
        for node in order:
            self.code[node] = RULES.get(node.op.name, by_name)(self, node)

    def __getitem__(self, e: Expr) -> Term:
        return self.code[e]

    def new(self, e: Expr) -> Term:
        """The term of an expression that is not part of what was asked for."""
        self.visit([e])
        return self.code[e]

    def number(self, value: Fraction | float) -> Term:
        shown = literal(value)
        if shown is not None:
            return self.plan.number(shown)
        q = Fraction(value)
        return self.plan.each("divide", self.plan.number(q.numerator), self.plan.number(q.denominator))

    def size(self, n: Dim) -> Term:
        return self.sizes[n]


class _Sizes(dict[Dim, Term]):
    """The term of each dimension, made when it is needed."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def __missing__(self, n: Dim) -> Term:
        plan = self.plan
        count = [plan.number(n.count)] if n.count != 1 or not n.factors else []
        found = plan.product(count + [self._factor(f) for f in n.factors])
        assert found is not None
        self[n] = found
        return found

    def _factor(self, f: str | Triangle[Dim]) -> Term:
        return self.plan.size(f) if isinstance(f, str) else self.plan.each("triangle", self[f.side])


def literal(value: Fraction | float) -> float | int | None:
    """The literal of a number: an int, or the float that is nearest; None for a fraction such as 1/3."""
    if isinstance(value, float):
        return value
    value = Fraction(value)
    if value.denominator == 1 and abs(value.numerator) < 2**53:
        return value.numerator
    try:
        near = float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
    exact = Fraction(repr(near)) == value
    return near if exact or max(abs(value.numerator), value.denominator) > 10**6 else None


def vector(e: Expr) -> bool:
    return (e.shape[0] is ONE) != (e.shape[1] is ONE)


def by_name(low: Lowering, e: Expr) -> Term:
    """The instruction of the operation's name; 1×1 operands of matrix functions are plain numbers."""
    if isinstance(e.op, Abstract):
        raise NotSupported(f"there is no code for {e.op.function}: it is abstract")
    plan, args, alone = low.plan, [low[a] for a in e.args], e.args[0]
    if alone.is_scalar and e.op.name in SCALAR:
        return SCALAR[e.op.name](low, args[0])
    if vector(alone) and e.op.name == "pinv":
        matrix = plan.make("pinv", (plan.column(args[0]),), (ONE, *args[0].axes))
        return plan.make("first", (matrix,), args[0].axes)
    if vector(alone) and e.op.name == "normnuc":
        return plan.make("norm2", (args[0],))
    return plan.make(e.op.name, tuple(args), axes_of(e.shape))


def _same(low: Lowering, a: Term) -> Term:
    return a


def _one(low: Lowering, a: Term) -> Term:
    return low.plan.number(1.0)


def _each(op: str) -> Callable[[Lowering, Term], Term]:
    return lambda low, a: low.plan.each(op, a)


SCALAR: dict[str, Callable[[Lowering, Term], Term]] = {
    **dict.fromkeys(["tr", "det", "sum", "max", "logsumexp", "diag", "diagonal", "vec", "vech", "transpose"], _same),
    **dict.fromkeys(["norm1", "norm2", "normnuc"], _each("abs")),
    **dict.fromkeys(["adj", "softmax", "ismax"], _one),
    "inv": lambda low, a: low.plan.each("divide", low.plan.number(1), a),
    "logdet": lambda low, a: low.plan.each("log", low.plan.each("abs", a)),
    "expm": _each("exp"),
    "logm": _each("log"),
    "sqrtm": _each("sqrt"),
    "pinv": lambda low, a: low.plan.each("over", low.plan.number(1.0), a),
}  #: what matrix functions are at 1×1


def leaf(low: Lowering, e: Expr) -> Term:
    plan, name = low.plan, e.op.name
    if name == "symbol":
        found = plan.variable(e.data.name, axes_of(e.shape))
        if "spd" in e.data.properties:
            plan.definite.add(found)
        if found.rank == 2 and not e.data.properties.isdisjoint(("spd", "symmetric", "diagonal")):
            plan.symmetric.add(found)
        return found
    if name == "number":
        return low.number(e.data)
    if name == "dim":
        return low.size(e.data)
    if name == "eye":
        return low.chain.eye(e.shape[0])
    if name in MOVES:
        return low.chain.moves(e.shape, moved(low, e))
    sizes = tuple(low.size(d) for d in axes_of(e.shape))
    return plan.make(name, sizes, axes_of(e.shape))


#: matrices M of one 1 in each row, and the instruction for the r with M x = x[r]
MOVES = {"commutation": "commuted", "duplication": "unpacked", "elimination": "packed"}


def moved(low: Lowering, e: Expr) -> Term:
    """Where the rows of M x come from in x, for a commutation, duplication or elimination matrix M."""
    return low.plan.make(MOVES[e.op.name], tuple(low.size(n) for n in leaf_sizes(e)), e.shape[:1])


def transpose(low: Lowering, e: Expr) -> Term:
    inner = low[e.args[0]]
    return inner if e.args[0].op.name == "diag" or inner in low.plan.symmetric else low.plan.transpose(inner)


def power(low: Lowering, e: Expr) -> Term:
    base, exponent = low[e.args[0]], e.args[1]
    if exponent.op.name == "number":
        return number_power(low, base, exponent.data)
    if exponent.is_scalar or e.args[0].shape == exponent.shape:
        return low.plan.each("power", base, low[exponent])
    raise AssertionError("an exponent is a scalar or of the shape of its base")


#: exponents that are taken by products and a root; a power takes as long as a logarithm and an exponential
MULTIPLIED = (Fraction(3, 2), Fraction(5, 2), Fraction(7, 2))


def number_power(low: Lowering, base: Term, p: Fraction | float) -> Term:
    """A power with a known exponent, by roots and reciprocals where they say the same."""
    plan = low.plan
    if p == 1:
        return base
    if p == Fraction(1, 2):
        return plan.each("sqrt", base)
    if p < 0:
        return plan.each("divide", plan.number(1.0), number_power(low, base, -p))
    if (base.rank and p in MULTIPLIED) or (base.rank == 2 and p == 3):
        return plan.each("multiply", number_power(low, base, p - 1), base)
    return plan.each("power", base, low.number(p))


def matpow(low: Lowering, e: Expr) -> Term:
    X, k = e.args
    if X.is_scalar:
        return low.plan.each("power", low[X], low[k])
    if k.op.name == "number":
        if k.data == -1:
            return low.plan.inverse(low[X])
        made = low.plan.make("matpow", (low[X], low.plan.number(int(k.data))), axes_of(e.shape))
        if low[X] in low.plan.symmetric:
            low.plan.symmetric.add(made)
        return made
    return low.plan.make("matpow", (low[X], low.plan.make("integer", (low[k],))), axes_of(e.shape))


def inv(low: Lowering, e: Expr) -> Term:
    if e.is_scalar:
        return SCALAR["inv"](low, low[e.args[0]])
    mark_definite(low, e.args[0])
    return low.plan.inverse(low[e.args[0]])


def logdet(low: Lowering, e: Expr) -> Term:
    if e.args[0].is_scalar:
        return SCALAR["logdet"](low, low[e.args[0]])
    mark_definite(low, e.args[0])
    return low.plan.make("logdet", (low[e.args[0]],))


def mark_definite(low: Lowering, e: Expr) -> None:
    """Remember what a matrix that is factored is known to be."""
    if is_definite(e):
        low.plan.definite.add(low[e])
    if normal(e.T) is normal(e):
        low.plan.symmetric.add(low[e])


def kron(low: Lowering, e: Expr) -> Term:
    """Kronecker products of rows with columns or matrices are made from 2-D arrays."""
    plan = low.plan
    flat = e.shape[0] is ONE or e.shape[1] is ONE
    scalars = plan.product(low[a] for a in e.args if a.is_scalar)
    total: Term | None = None
    for a in e.args:
        if a.is_scalar:
            continue
        t = low[a]
        if vector(a) and not flat:
            t = plan.column(t) if a.shape[1] is ONE else plan.row(t)
        total = t if total is None else low.chain.kron(total, t)
    if total is None or scalars is None:
        return total or scalars or plan.number(1)
    return plan.each("multiply", scalars, total)


def vec(low: Lowering, e: Expr) -> Term:
    inner = low[e.args[0]]
    return inner if inner.rank < 2 else low.plan.make("vec", (inner,), axes_of(e.shape))


def diagonal_matrix(low: Lowering, e: Expr) -> Term:
    return low[e.args[0]] if e.is_scalar else low.plan.make("diag", (low[e.args[0]],), axes_of(e.shape))


RULES: dict[str, Callable[[Lowering, Expr], Term]] = {
    **dict.fromkeys(["symbol", "number", "dim", "ones", "zeros", "eye", *MOVES], leaf),
    "transpose": transpose,
    "power": power,
    "matpow": matpow,
    "inv": inv,
    "logdet": logdet,
    "kron": kron,
    "vec": vec,
    "diag": diagonal_matrix,
}  #: operations whose terms are more than their name; `products` and `stable` add theirs
