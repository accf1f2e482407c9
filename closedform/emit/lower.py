"""Lowering: from expressions to array code.

Scalars are numbers, rows and columns are 1-D arrays, matrices 2-D; which is which is decided by the symbolic
shape.  Each node is visited once, operands first; what a pattern made superfluous is simply never reached.
Numerically stable forms of sums are chosen in `stable`, of products in `products`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from closedform.core.abstract import Abstract
from closedform.core.expr import Expr, leaf_sizes, topological
from closedform.core.shape import ONE, Dim
from closedform.emit.chain import EYE, KRON, Chain
from closedform.emit.plan import ATOM, MULTIPLY, Plan, Term, share_factorisations
from closedform.errors import NotSupported


class Lowering:
    """Code of every node of a graph.

    Args:
        names: the code name of every variable and dimension.
    """

    def __init__(self, names: Mapping[str, str], dims: Mapping[str, str]) -> None:
        self.plan = Plan()
        self.names, self.dims = names, dims
        self.code: dict[Expr, Term] = {}
        self.uses: Counter[Expr] = Counter()
        self.sizes = _Sizes(self)
        self.chain = Chain(self.plan, self.sizes)

    def lower(self, e: Expr) -> Term:
        """The code of an expression."""
        self.visit([e])
        return share_factorisations(self.plan, self.code[e])

    def visit(self, expressions: Sequence[Expr]) -> None:
        """Find the code of every node of some expressions."""
        order = topological(expressions)
        for node in order:
            self.uses.update(node.args)
        for node in order:
            self.code[node] = RULES.get(node.op.name, by_template)(self, node)

    def __getitem__(self, e: Expr) -> Term:
        return self.code[e]

    def number(self, value: Fraction | float) -> Term:
        shown = literal(value)
        return self.ratio(Fraction(value)) if shown is None else self.plan.number(shown)

    def ratio(self, q: Fraction) -> Term:
        """A fraction without a short decimal, such as 1/3."""
        return self.plan.infix("/", self.plan.number(q.numerator), self.plan.number(q.denominator))

    def size(self, n: Dim) -> Term:
        return self.sizes[n]


class _Sizes(dict[Dim, Term]):
    """The code of each dimension, made when it is needed."""

    def __init__(self, lowering: Lowering) -> None:
        self.lowering = lowering

    def __missing__(self, n: Dim) -> Term:
        plan = self.lowering.plan
        found = plan.product([plan.number(n.count)] if n.count != 1 or not n.factors else [])
        for f in n.factors:
            factor = plan.name(self.lowering.dims[f]) if isinstance(f, str) else self._triangle(self[f.side])
            found = factor if found is None else plan.infix("*", found, factor)
        assert found is not None
        self[n] = found
        return found

    def _triangle(self, n: Term) -> Term:
        return self.lowering.plan.make("{0} * ({0} + 1) // 2", (n,), MULTIPLY, (ATOM,), cheap=n.cheap)


def literal(value: Fraction | float) -> float | int | None:
    """The Python literal of a number: an int, or the float that is nearest; None for a fraction such as 1/3."""
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


def by_template(low: Lowering, e: Expr) -> Term:
    """The template of the operation's record; 1×1 operands of matrix functions are plain numbers."""
    if isinstance(e.op, Abstract):
        raise NotSupported(f"there is no code for {e.op.function}: it is abstract")
    args = [low[a] for a in e.args]
    alone = e.args[0]
    if alone.is_scalar and e.op.name in SCALAR:
        return SCALAR[e.op.name](low, args[0])
    if vector(alone) and e.op.name == "pinv":
        inside, first = ("{0}[:, None]", "[0]") if alone.shape[1] is ONE else ("{0}[None, :]", "[:, 0]")
        return low.plan.call("np.linalg.pinv({0})" + first, low.plan.postfix(inside, args[0], cheap=True))
    if vector(alone) and e.op.name == "normnuc":
        return low.plan.call("np.linalg.norm({0})", args[0])
    return low.plan.call(e.op.code, *args)


def _same(low: Lowering, a: Term) -> Term:
    return a


def _absolute(low: Lowering, a: Term) -> Term:
    return low.plan.call("np.abs({0})", a)


def _call(template: str) -> Callable[[Lowering, Term], Term]:
    return lambda low, a: low.plan.call(template, a)


SCALAR: dict[str, Callable[[Lowering, Term], Term]] = {
    **dict.fromkeys(["tr", "det", "sum", "max", "logsumexp", "diag", "diagonal", "vec", "vech", "transpose"], _same),
    **dict.fromkeys(["norm1", "norm2", "normnuc"], _absolute),
    "inv": lambda low, a: low.plan.infix("/", low.plan.number(1), a),
    "adj": lambda low, a: low.plan.number(1.0),
    "softmax": lambda low, a: low.plan.number(1.0),
    "logdet": _call("np.log(np.abs({0}))"),
    "expm": _call("np.exp({0})"),
    "logm": _call("np.log({0})"),
    "sqrtm": _call("np.sqrt({0})"),
    "pinv": _call("np.linalg.pinv([[{0}]])[0, 0]"),
}  #: what matrix functions are at 1×1


def leaf(low: Lowering, e: Expr) -> Term:
    plan, name = low.plan, e.op.name
    if name == "symbol":
        found = plan.name(low.names[e.data.name])
        if "spd" in e.data.properties:
            plan.definite.add(found)
        return found
    if name == "number":
        return low.number(e.data)
    if name == "dim":
        return low.size(e.data)
    if name == "eye":
        return plan.call(EYE, low.size(e.shape[0]))
    if name in MOVES:
        return low.chain.moves(e.shape, moved(low, e))
    rows, columns = e.shape
    if rows is ONE or columns is ONE:
        return plan.call(f"np.{name}({{0}})", low.size(columns if rows is ONE else rows))
    return plan.call(f"np.{name}(({{0}}, {{1}}))", low.size(rows), low.size(columns))


#: matrices M of one 1 in each row, and the code for the r with M x = x[r]
MOVES = {"commutation": "commuted({0}, {1})", "duplication": "unpacked({0})", "elimination": "packed({0})"}


def moved(low: Lowering, e: Expr) -> Term:
    """Where the rows of M x come from in x, for a commutation, duplication or elimination matrix M."""
    return low.plan.call(MOVES[e.op.name], *[low.size(n) for n in leaf_sizes(e)])


def transpose(low: Lowering, e: Expr) -> Term:
    inner = low[e.args[0]]
    if e.is_scalar or vector(e):
        return inner
    return inner if e.args[0].op.name == "diag" else low.plan.transpose(inner)


def power(low: Lowering, e: Expr) -> Term:
    base, exponent = low[e.args[0]], e.args[1]
    if exponent.op.name == "number":
        return number_power(low, base, exponent.data)
    if exponent.is_scalar or e.args[0].shape == exponent.shape:
        return low.plan.infix("**", base, low[exponent])
    raise AssertionError("an exponent is a scalar or of the shape of its base")


def number_power(low: Lowering, base: Term, p: Fraction | float) -> Term:
    """A power with a known exponent, by roots and reciprocals where they say the same."""
    plan = low.plan
    if p == 1:
        return base
    if p == Fraction(1, 2):
        return plan.call("np.sqrt({0})", base)
    if p < 0:
        return plan.infix("/", plan.number(1.0), number_power(low, base, -p))
    return plan.infix("**", base, low.number(p))


def matpow(low: Lowering, e: Expr) -> Term:
    X, k = e.args
    if X.is_scalar:
        return low.plan.infix("**", low[X], low[k])
    if k.op.name == "number":
        if k.data == -1:
            return low.chain.inverse(low[X])
        return low.plan.call("np.linalg.matrix_power({0}, " + str(int(k.data)) + ")", low[X])
    return low.plan.call("np.linalg.matrix_power({0}, int({1}))", low[X], low[k])


def inv(low: Lowering, e: Expr) -> Term:
    if e.is_scalar:
        return SCALAR["inv"](low, low[e.args[0]])
    mark_definite(low, e.args[0])
    return low.chain.inverse(low[e.args[0]])


def logdet(low: Lowering, e: Expr) -> Term:
    if e.args[0].is_scalar:
        return SCALAR["logdet"](low, low[e.args[0]])
    mark_definite(low, e.args[0])
    plan = low.plan
    return plan.make("np.linalg.slogdet({0})[1]", (low[e.args[0]],), ATOM, (0,), kind="logdet")


def mark_definite(low: Lowering, e: Expr) -> None:
    if is_definite(e, 4):
        low.plan.definite.add(low[e])


def is_definite(e: Expr, depth: int) -> bool:
    """Is a matrix evidently symmetric positive definite?"""
    name = e.op.name
    if name in ("symbol", "eye"):
        return name == "eye" or "spd" in e.data.properties
    if depth == 0:
        return False
    if name in ("inv", "transpose"):
        return is_definite(e.args[0], depth - 1)
    if name == "add":
        return any(is_definite(a, depth - 1) for a in e.args) and all(
            is_semidefinite(a) or is_definite(a, depth - 1) for a in e.args
        )
    return name == "scale" and is_positive(e.args[0]) and is_definite(e.args[1], depth - 1)


def is_semidefinite(e: Expr) -> bool:
    """X'X or XX'."""
    if e.op.name != "matmul" or len(e.args) != 2:
        return False
    a, b = e.args
    return (a.op.name == "transpose" and a.args[0] is b) or (b.op.name == "transpose" and b.args[0] is a)


def is_positive(e: Expr) -> bool:
    if e.op.name == "number":
        return bool(e.data > 0)
    return e.op.name == "dim" or (e.op.name == "symbol" and "positive" in e.data.properties)


def kron(low: Lowering, e: Expr) -> Term:
    """Kronecker products of rows with columns or matrices are made from 2-D arrays."""
    plan, args = low.plan, list(e.args)
    flat = e.shape[0] is ONE or e.shape[1] is ONE
    scalars = plan.product(low[a] for a in args if a.is_scalar)
    total: Term | None = None
    for a in args:
        if a.is_scalar:
            continue
        t = low[a]
        if vector(a) and not flat:
            t = plan.column(t) if a.shape[1] is ONE else plan.postfix("{0}[None, :]", t, cheap=True)
        total = t if total is None else plan.call(KRON, total, t)
    if total is None or scalars is None:
        return total or scalars or plan.number(1)
    return plan.infix("*", scalars, total)


def vec(low: Lowering, e: Expr) -> Term:
    inner = e.args[0]
    if inner.is_scalar or vector(inner):
        return low[inner]
    return low.plan.postfix("{0}.ravel(order='F')", low[inner])


def diagonal_matrix(low: Lowering, e: Expr) -> Term:
    return low[e.args[0]] if e.is_scalar else low.plan.call("np.diag({0})", low[e.args[0]])


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
}  #: operations whose code is more than a template; `products`, `reduce` and `stable` add theirs
