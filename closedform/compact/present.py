"""Presentation: among equal ways of writing an expression the one a reader expects.

The result is for printing: it is no longer in normal form.  Transposes are lifted out of products and sums
where that leaves fewer, `1 − σ(z)` becomes `σ(−z)` where σ(z) does not occur, norms, traces and sums get
their short names.
"""

from __future__ import annotations

from closedform.compact.signs import settle
from closedform.core.expr import OPS, Expr, Number, node, ones, topological
from closedform.core.normal import normal
from closedform.core.shape import ONE
from closedform.core.terms import is_ones, split

UNPRINTABLE = 40_000  #: operations of an expression that no notation writes down


def present(e: Expr) -> Expr:
    """An equal expression, not in normal form, to be printed.

    Args:
        e: an expression in normal form; one that is too long to be printed stays as it is.
    """
    if e.size > UNPRINTABLE:
        return e
    e = settle(_complementary_sigmoids(e))
    shown: dict[Expr, Expr] = {}
    for n in topological([e]):
        shown[n] = _present(n, shown)
    return shown[e]


def _present(e: Expr, shown: dict[Expr, Expr]) -> Expr:
    here = node(e.op, tuple([shown[a] for a in e.args])) if e.args else e
    rule = _RULES.get(e.op.name)
    return here if rule is None else rule(here)


def _lifted(e: Expr) -> Expr:
    """(A B)ᵀ for Bᵀ Aᵀ, when that has fewer operations."""
    if e.is_scalar or e.shape[1] is ONE:
        return e
    turned = flip(e)
    return node(OPS["transpose"], (turned,)) if turned.size + 1 < e.size else e


def flip(e: Expr) -> Expr:
    """The transpose, written with as few transposes as the structure allows."""
    name = e.op.name
    if e.is_scalar:
        return e
    if name == "transpose":
        return e.args[0]
    if name in ("add", "hadamard"):
        return node(e.op, tuple(map(flip, e.args)))
    if name == "scale":
        return node(e.op, (e.args[0], flip(e.args[1])))
    if name == "matmul":
        return _runs(node(e.op, tuple(map(flip, reversed(e.args)))))
    if name == "ones":
        return ones(e.shape[::-1])
    t = normal(e.T)
    return e if t is normal(e) else node(OPS["transpose"], (e,))


def _runs(chain: Expr) -> Expr:
    """Runs of transposed neighbours in a chain become the transpose of one product."""
    turned = OPS["transpose"]
    made: list[Expr] = []
    run: list[Expr] = []
    for f in (*chain.args, None):
        if f is not None and f.op is turned and (f.shape[0] is not ONE or not (made or run)):
            run.append(f.args[0])
            continue
        if len(run) > 1:
            made.append(turned(node(chain.op, tuple(reversed(run)))))
        else:
            made += map(turned, run)
        run = []
        if f is not None:
            made.append(f)
    return made[0] if len(made) == 1 else node(chain.op, tuple(made))


def _chain(e: Expr) -> Expr:
    """A product: sums as such, outer products of ones as matrices, transposes gathered."""
    first, last = e.args[0], e.args[-1]
    if e.is_scalar:
        return _scalar_chain(e)
    if first.op.name == "ones" and first.shape[1] is ONE and e.args[1].op.name == "ones":
        rest = e.args[2:]
        return node(e.op, (ones((first.shape[0], e.args[1].shape[1])), *rest))
    if last.op.name == "ones" and last.shape[0] is ONE and e.args[-2].op.name == "ones":
        return node(e.op, (*e.args[:-2], ones((e.args[-2].shape[0], last.shape[1]))))
    return _lifted(_runs(e))


def _scalar_chain(e: Expr) -> Expr:
    """𝟏ᵀ A x is the sum of the entries of A x."""
    inner = list(e.args)
    if inner[0].op.name == "ones":
        inner = inner[1:]
    if inner[-1].op.name == "ones" and len(inner) > 1:
        inner = inner[:-1]
    if len(inner) == len(e.args):
        return _runs(e)
    return node(OPS["sum"], (inner[0] if len(inner) == 1 else _runs(node(e.op, tuple(inner))),))


def _power(e: Expr) -> Expr:
    """‖x‖² of a vector's name is xᵀx."""
    base, p = e.args
    if base.op.name == "norm2" and p.op.name == "number" and p.data in (2, -2):
        x = base.args[0]
        if x.op.name == "symbol" and x.shape[1] is ONE:
            square = node(OPS["matmul"], (OPS["transpose"](x), x))
            return square if p.data == 2 else square**-1
    return e


def _total(e: Expr) -> Expr:
    """sum(|X|) is ‖X‖₁; sum(Aᵀ ⊙ B) is tr(A B)."""
    X = e.args[0]
    if X.op.name == "abs":
        return node(OPS["norm1"], X.args)
    if X.op.name == "hadamard" and len(X.args) == 2 and X.shape[1] is not ONE:
        a, b = X.args
        products = [_joined(left, right) for left, right in ((flip(a), b), (flip(b), a), (a, flip(b)), (b, flip(a)))]
        best = min(products, key=lambda product: (product.size, _starts_with_differential(product)))
        if best.size < X.size or (best.size == X.size and (flip(a) is a or flip(b) is b)):
            return node(OPS["tr"], (best,))
    return e


def _joined(left: Expr, right: Expr) -> Expr:
    """The product of two matrices as one chain."""
    chains = [f.args if f.op.name == "matmul" else (f,) for f in (left, right)]
    return node(OPS["matmul"], (*chains[0], *chains[1]))


def _starts_with_differential(chain: Expr) -> bool:
    """tr(G' dX) is written with the differential last."""
    return any(s.op.name == "symbol" and "differential" in s.data.properties for s in topological([chain.args[0]]))


def _transpose(e: Expr) -> Expr:
    """f(A)ᵀ is f(Aᵀ) when that is shorter; (A')' is A."""
    x = e.args[0]
    if x.op.name == "transpose":
        return x.args[0]
    if x.op.kind == "elementwise" or (x.op.name == "power" and x.args[1].is_scalar):
        inside = node(x.op, (flip(x.args[0]), *x.args[1:]))
        return inside if inside.size < e.size else e
    return e


def _complementary_sigmoids(e: Expr) -> Expr:
    """1 − σ(z) as σ(−z), unless σ(z) itself is used as well."""
    complements = {n: found for n in topological([e]) if (found := _complement(n)) is not None}
    if not complements:
        return e
    used = _reachable(e, complements)
    made: dict[Expr, Expr] = {}
    for n in topological([e]):
        s, sign = complements.get(n, (None, 1))
        if s is None or s in used:
            made[n] = node(n.op, tuple([made[a] for a in n.args])) if n.args else n
        else:
            mirrored = node(s.op, (normal(-s.args[0]),))
            made[n] = mirrored if sign > 0 else -mirrored
    return made[e]


def _reachable(e: Expr, complements: dict[Expr, tuple[Expr, Number]]) -> set[Expr]:
    """What e uses otherwise than inside 1 − σ(z)."""
    seen: set[Expr] = set()
    todo = [e]
    while todo:
        n = todo.pop()
        if n not in seen:
            seen.add(n)
            todo += complements[n][0].args if n in complements else n.args
    return seen


def _complement(e: Expr) -> tuple[Expr, Number] | None:
    """`(σ(z), ±1)` when e is ±(1 − σ(z))."""
    if e.op.name != "add" or len(e.args) != 2:
        return None
    for one, other in (e.args, e.args[::-1]):
        (c, core), (k, unit) = split(other), split(one)
        if core.op.name == "sigmoid" and is_ones(unit) and k in (1, -1) and c == -k:
            return core, k
    return None


_RULES = {
    "transpose": _transpose,
    "matmul": _chain,
    "power": _power,
    "sum": _total,
    "add": _lifted,
    "hadamard": _lifted,
}
