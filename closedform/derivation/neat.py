"""Neatness: what a writer does without saying so.

A line of a derivation is not in normal form, which would do three steps at once.  Only this is tidied: numbers are
multiplied, ones and zeros vanish, brackets of products and sums open, transposes enter products, scalars stand in
front.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from closedform.core.expr import OPS, Expr, eye, node, number, ones, topological, zeros
from closedform.core.terms import is_number, is_ones, is_zero
from closedform.ops.arithmetic import canonical_power

STRAIGHT = frozenset({"symmetric", "spd", "diagonal"})  #: properties of a variable that is its own transpose


def neat(e: Expr) -> Expr:
    """An equal expression, tidied.

    >>> from closedform.core.shape import dim
    >>> from closedform.core.expr import symbol
    >>> A, x = symbol("A", (dim("m"), dim("n"))), symbol("x", (dim("n"), dim(1)))
    >>> print(neat((number(2) * (number(3) * A @ x)).T))
    6*x'*A'
    """
    done: dict[Expr, Expr] = {}
    for n in topological([e]):
        args = [done[a] for a in n.args]
        rule = _RULES.get(n.op.name)
        done[n] = n if not args else rule(args) if rule else node(n.op, tuple(args))
    return done[e]


def turn(e: Expr) -> Expr:
    """The transpose of a neat expression, neat."""
    name = e.op.name
    if e.is_scalar or name in ("eye", "diag") or (name == "symbol" and e.data.properties & STRAIGHT):
        return e
    if name == "transpose":
        return e.args[0]
    if name in ("ones", "zeros"):
        return (ones if name == "ones" else zeros)(e.shape[::-1])
    if name == "scale":
        return node(e.op, (e.args[0], turn(e.args[1])))
    if name == "matmul":
        return node(e.op, tuple(turn(f) for f in reversed(e.args)))
    return node(OPS["transpose"], (e,))


def product(factors: Sequence[Expr]) -> Expr:
    """A matrix product of neat factors, which may be scalars; 1 of none."""
    scalars: list[Expr] = []
    chain: list[Expr] = []
    for f in factors:
        own, core = pulled(f)
        scalars += own
        chain += core.args if core.op.name == "matmul" else [core] * (not core.is_scalar and core.op.name != "eye")
    if not chain:  # scalars, and identities
        matrices = [f for f in factors if not f.is_scalar]
        return scaled(scalars, eye(matrices[0].shape[0]) if matrices else number(1))
    if any(is_zero(f) for f in chain):
        return zeros((chain[0].shape[0], chain[-1].shape[1]))
    return scaled(scalars, chain[0] if len(chain) == 1 else node(OPS["matmul"], tuple(chain)))


def pulled(e: Expr) -> tuple[list[Expr], Expr]:
    """The scalar factors of a neat expression, and what is left, 1 of a scalar."""
    if e.op.name == "scale":
        return pulled(e.args[0])[0], e.args[1]
    if e.is_scalar:
        return (list(e.args) if e.op.name == "hadamard" else [] if is_number(e, 1) else [e]), number(1)
    return [], e


def scaled(scalars: Iterable[Expr], core: Expr) -> Expr:
    """Scalars times something neat; the numbers among them as one."""
    c, others = number(1), list[Expr]()
    for s in scalars:
        if s.op.name == "number":
            c = number(c.data * s.data)
        else:
            others.append(s)
    if is_zero(c) or is_zero(core):
        return zeros(core.shape)
    if core.is_scalar and not is_number(core, 1):
        others += core.args if core.op.name == "hadamard" else [core]
        core = number(1)
    front = [c, *others] if not is_number(c, 1) or not others else others
    s = front[0] if len(front) == 1 else node(OPS["hadamard"], tuple(front))
    return s if core.is_scalar else core if is_number(s, 1) else node(OPS["scale"], (s, core))


def total(terms: Iterable[Expr]) -> Expr:
    """A sum of neat terms; brackets open, numbers are added."""
    flat = [t for term in terms for t in (term.args if term.op.name == "add" else [term])]
    kept = [t for t in flat if not is_zero(t)]
    numbers = [t for t in kept if t.op.name == "number"]
    if len(numbers) > 1:
        c = number(sum(t.data for t in numbers))
        kept = [t for t in kept if t.op.name != "number"] + [c] * (not is_zero(c))
    return zeros(flat[0].shape) if not kept else kept[0] if len(kept) == 1 else node(OPS["add"], tuple(kept))


def entries(args: Sequence[Expr]) -> Expr:
    """An entry-by-entry product of neat factors; of scalars their product."""
    shape = args[0].shape
    if args[0].is_scalar:
        return scaled([s for a in args for s in pulled(a)[0]], number(1))
    parts = [pulled(a) for a in args]
    flat = [f for _, core in parts for f in (core.args if core.op.name == "hadamard" else [core])]
    kept = [f for f in flat if not is_ones(f)]
    core = ones(shape) if not kept else kept[0] if len(kept) == 1 else node(OPS["hadamard"], tuple(kept))
    return zeros(shape) if any(map(is_zero, kept)) else scaled([s for own, _ in parts for s in own], core)


def _scale(args: list[Expr]) -> Expr:
    own, core = pulled(args[1])
    return scaled([*pulled(args[0])[0], *own], core)


def _power(args: list[Expr]) -> Expr:
    base, p = args
    if is_number(p, 1) or is_number(p, 0) or (base.op.name == p.op.name == "number"):
        return canonical_power(base, p)
    return node(OPS["power"], (base, p))


def _matrix_power(args: list[Expr]) -> Expr:
    """A negative power is that of the inverse."""
    X, k = args
    if k.op.name != "number" or k.data >= 0:
        return X if is_number(k, 1) else node(OPS["matpow"], (X, k))
    inverse = OPS["inv"](X)
    return inverse if k.data == -1 else node(OPS["matpow"], (inverse, number(-k.data)))


def _trace(args: list[Expr]) -> Expr:
    """Scalars stand before a trace."""
    own, core = pulled(args[0])
    return scaled(own, core if core.is_scalar else node(OPS["tr"], (core,)))


def _sum(args: list[Expr]) -> Expr:
    own, core = pulled(args[0])
    return scaled(own, core if core.is_scalar else node(OPS["sum"], (core,)))


_RULES: dict[str, Callable[[list[Expr]], Expr]] = {
    "add": total,
    "matmul": product,
    "hadamard": entries,
    "scale": _scale,
    "transpose": lambda args: turn(args[0]),
    "power": _power,
    "matpow": _matrix_power,
    "tr": _trace,
    "sum": _sum,
}
