"""Products: scalar multiples, entry-by-entry products, matrix products, and what sums them up.

A divisor ‖r‖ᵏ below a numerator that vanishes faster than ‖r‖ᵏ makes the value 0 where r = 0; so does ‖r‖ below one
that vanishes as fast, which is how the derivative of a norm has a value there, 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial, reduce

from closedform.core.expr import OPS, Expr
from closedform.core.normal import normal
from closedform.core.shape import ONE
from closedform.program.chain import Chain, Factor
from closedform.program.lengths import PASS, length
from closedform.program.lower import MOVES, RULES, Lowering, moved, vector
from closedform.program.polar import Polar, with_polar
from closedform.program.signs import negated, sign
from closedform.program.summands import diagonal_sum, known_power, slope_of
from closedform.program.term import Plan, Term, axes_of

LONGEST = 8  #: the power of a matrix that is multiplied with a vector as often
SCALAR_DEPTH = 3  #: how far down a number before a product is looked at for its sign


@dataclass(slots=True)
class Scalars:
    """± coefficient · above / below, and every factor of the whole product, for the test of 0/0."""

    coefficient: Fraction | float = Fraction(1)
    above: list[Expr] = field(default_factory=list)
    below: list[tuple[Expr, Fraction]] = field(default_factory=list)

    @property
    def is_positive(self) -> bool:
        """Is it known not to be negative?"""
        above = all(sign(f, SCALAR_DEPTH) == 1 for f in self.above)
        return self.coefficient > 0 and above and all(sign(b, SCALAR_DEPTH) == 1 or k % 2 == 0 for b, k in self.below)

    def collect(self, e: Expr) -> None:
        """Take in a scalar factor, seeing through one product."""
        for f in e.args if e.op.name == "hadamard" and len(e.args) <= 8 else (e,):
            if f.op.name == "number":
                self.coefficient *= f.data
            elif (p := negative_power(f)) is not None:
                self.below.append((f.args[0], p))
            else:
                self.above.append(f)


def negative_power(e: Expr) -> Fraction | None:
    """k, if the expression is b^(−k) with a known k > 0."""
    if e.op.name == "power" and e.args[1].op.name == "number" and e.args[1].data < 0:
        return -Fraction(e.args[1].data)
    return None


def vanishing(e: Expr, r: Expr, depth: int = 4) -> Fraction | int:
    """A number p such that |e| is at most a multiple of ‖r‖^p as r goes to 0."""
    if e is r:
        return 1
    name = e.op.name
    if depth == 0 or not e.args:
        return 0
    if name in ("transpose", "diag", "diagonal", "sum", "tr", "vec", "norm2", "norm1", "normnuc", "abs"):
        return vanishing(e.args[0], r, depth - 1)
    if name in ("scale", "hadamard", "matmul", "kron"):
        if negative_power(e.args[0]) is not None and negative_power(e.args[0]) and name == "scale":
            return 0
        return sum(vanishing(a, r, depth - 1) for a in e.args)
    if name == "add":
        return min(vanishing(a, r, depth - 1) for a in e.args)
    if name == "power" and e.args[1].op.name == "number" and e.args[1].data > 0:
        return Fraction(e.args[1].data) * vanishing(e.args[0], r, depth - 1)
    return 0


def bounded(p: Fraction | int, k: Fraction) -> bool:
    """Is ‖r‖^p / ‖r‖^k taken as 0 where r = 0: as its limit, or as the subgradient of least norm, r/‖r‖?"""
    return p > k or p == k == 1


def scalar_code(low: Lowering, s: Scalars, whole: list[Expr]) -> Term | None:
    """The scalar in front; None when it is 1.  `whole` lists the factors behind it."""
    plan = low.plan
    above = [] if s.coefficient == 1 else [low.number(s.coefficient)]
    plain, guarded = list[Term](), list[Term]()
    for base, k in s.below:
        r = base.args[0] if base.op.name == "norm2" else None
        code = known_power(low, base, k)
        safe = r is not None and not r.is_scalar and bounded(sum(vanishing(f, r) for f in [*s.above, *whole]), k)
        (guarded if safe else plain).append(code)
    total = plan.product(above + [low[f] for f in s.above])
    below = plan.product(plain)
    if below is not None:
        total = plan.each("divide", total or plan.number(1.0), below)
    if guarded:
        below = plan.product(guarded)
        assert below is not None
        total = plan.each("over", total or plan.number(1.0), below)
    if total is not None and s.is_positive:
        plan.positive.add(total)
    return total


def times(plan: Plan, scalar: Term | None, body: Term) -> Term:
    """A scalar times an array, as `A / n` or `-A` where that is what it is."""
    if scalar is None:
        return body
    if scalar.value == -1:
        return plan.negative(body)
    if body.op == "ones" and body.rank == 2:
        return plan.make("full", (scalar, *body.args), body.axes)
    if scalar.value is not None and body.op == "negative":
        return times(plan, plan.number(-scalar.value), body.args[0])
    if scalar.op == "divide" and scalar.args[0].value in (1.0, -1.0):
        top = plan.negative(body) if scalar.args[0].value == -1 else body
        return plan.each("divide", top, scalar.args[1])
    return plan.times(scalar, body)


def scale(low: Lowering, e: Expr, sign: int = 1) -> Term:
    s, M = e.args
    if e.is_scalar:
        return entries(low, e, sign)
    scalars = Scalars(Fraction(sign))
    scalars.collect(s)
    inside = list(M.args) if M.op.name in ("matmul", "hadamard") else [M]
    code = scalar_code(low, scalars, inside)
    if M.op.name == "ones":
        axes, filler = axes_of(M.shape), code or low.plan.number(1)
        if filler.value is not None:  # an array of floats
            filler = low.plan.number(float(filler.value))
        return low.plan.make("full", (filler, *map(low.size, axes)), axes)
    if M.op.name == "matmul" and low.uses[M] == 1 and code is not None and not vector(M):
        return chain_code(low, M, code)
    if M.op.name == "diag":
        return low.plan.make("diag", (times(low.plan, code, low[M.args[0]]),), axes_of(e.shape))
    return times(low.plan, code, low[M])


def entries(low: Lowering, e: Expr, sign: int = 1) -> Term:
    """Entry by entry; of scalars, their product."""
    plan = low.plan
    if on_diagonal(e):
        made = plan.make("diag", (kept_diagonal(low, e),), axes_of(e.shape))
        return made if sign == 1 else plan.negative(made)
    if e.is_scalar:
        scalars = Scalars(Fraction(sign))
        for a in e.args:
            scalars.collect(a)
        return scalar_code(low, scalars, []) or plan.number(1)
    above, below, full = list[Term](), list[Term](), set[str]()
    for a in e.args:
        inner = a.args[0] if a.op.name == "transpose" else a
        p = negative_power(inner)
        spread, code = ("full", known_power(low, inner.args[0], p)) if p is not None else broadcast(low, a)
        full.add(spread)
        if p is not None:
            below.append(code if inner is a else plan.transpose(code))
        elif spread != "unit":
            above.append(code)
    if "full" not in full and not {"rows", "columns"} <= full:
        above = [low[a] for a in e.args]
    total = plan.product(above)
    for d in below:
        total = plan.each("divide", total or plan.number(1.0), d)
    assert total is not None
    return total if sign == 1 else plan.negative(total)


def spread_of(e: Expr) -> str:
    """Which axes an operand of an entry-by-entry operation fills: `full`, `unit`, `number`, `rows` or `columns`.

    A matrix u*ones(n)' needs only u as a column, a*ones(m,n) only a; all ones need nothing.
    """
    if e.op.name == "ones":
        return "unit"
    if e.op.name == "scale" and e.args[1].op.name == "ones":
        return "number"
    if e.op.name == "matmul" and not vector(e) and not e.is_scalar:
        first, last = e.args[0], e.args[-1]
        if last.op.name == "ones" and last.shape[0] is ONE:
            return "rows"
        if first.op.name == "ones" and first.shape[1] is ONE:
            return "columns"
    return "full"


def broadcast(low: Lowering, e: Expr) -> tuple[str, Term]:
    """The axes that an operand fills, and the code that needs to be broadcast along the others."""
    spread = spread_of(e)
    if spread == "unit":
        return spread, low.plan.number(1)
    if spread == "number":
        return spread, low[e.args[0]]
    if spread == "rows":
        return spread, low.plan.column(_vector(low, e.args[:-1]))
    return spread, _vector(low, e.args[1:]) if spread == "columns" else low[e]


def _vector(low: Lowering, args: tuple[Expr, ...]) -> Term:
    """The product of some factors, which is a vector."""
    if len(args) == 1:
        return low[args[0]]
    scalars = list[Term]()
    return product_of(low, factors(low, args, scalars), scalars, matrix=False)


def factors(low: Lowering, args: tuple[Expr, ...], scalars: list[Term], *, thin: bool = False) -> list[Factor]:
    """The operands of a matrix product, which may meet a vector; scalars among them are set aside."""
    found = list[Factor]()
    thin = thin or any(map(vector, args))
    for a in with_polar(args):
        if isinstance(a, Polar):
            found.append(_orthogonal(low, a))
            continue
        inner, name = a, a.op.name
        if name == "transpose":
            inner, name = a.args[0], a.args[0].op.name
        if a.is_scalar:
            scalars.append(low[a])
        elif name == "eye":
            continue
        elif name == "matmul" and inner is a and low.uses[a] == 1:
            found += factors(low, a.args, scalars)
        elif name == "scale" and inner is a and low.uses[a] == 1:
            scalars.append(low[a.args[0]])
            found += factors(low, (a.args[1],), scalars)
        elif name == "diag":
            found.append(weights(low, inner.args[0], low[inner.args[0]], scalars))
        elif on_diagonal(inner):
            found.append(Factor("diag", a.shape, kept_diagonal(low, inner)))
        elif name == "hadamard" and inner is a and low.uses[a] == 1 and (apart := taken_apart(a)) is not None:
            low.visit(apart)
            found += factors(low, apart, scalars)
        elif (thin or low.uses[a] == 1) and (run := run_of(a, LONGEST if thin else 3)):
            low.visit(run)
            found += factors(low, run, scalars)
        elif name == "inv":
            found.append(Factor("inv" if inner is a else "inv_t", a.shape, low[inner.args[0]], a))
        elif name in MOVES:
            found.append(Factor("moved" if inner is a else "moved_t", a.shape, moved(low, inner)))
        elif name == "ones":
            rows, columns = a.shape
            found += [Factor("ones", (rows, ONE))] if rows is not ONE else []
            found += [Factor("ones", (ONE, columns))] if columns is not ONE else []
        elif name == "add" and (w := diagonal_sum(a if inner is a else inner)) is not None:
            found.append(weights(low, w, low.new(w), scalars))
        elif name == "add" and inner is a and not vector(a) and low.uses[a] <= 2:
            found.append(Factor("sum", a.shape, low[a], a, partial(distributed, low, a)))
        else:
            found.append(Factor("full", a.shape, low[a], a))
    return found


def run_of(e: Expr, longest: int = 3) -> tuple[Expr, ...]:
    """The factors of X², X³ …, or of the transpose, where X may be an inverse; none of another matrix."""
    power = e.args[0] if e.op.name == "transpose" else e
    if power.op.name != "matpow" or power.is_scalar or power.args[1].op.name != "number":
        return ()
    X, k = power.args[0], power.args[1].data
    return (X if power is e else normal(X.T),) * int(k) if 2 <= k <= longest else ()


def taken_apart(e: Expr) -> tuple[Expr, ...] | None:
    """A ⊙ (diag(u) B diag(v)) as diag(u), A ⊙ B, diag(v); None if no factor is so scaled."""
    if vector(e):
        return None
    before, entries, after = list[Expr](), list[Expr](), list[Expr]()
    for a in e.args:
        inside = list(a.args) if a.op.name == "matmul" else [a]
        while len(inside) > 1 and inside[0].op.name == "diag":
            before.append(inside.pop(0))
        while len(inside) > 1 and inside[-1].op.name == "diag":
            after.append(inside.pop())
        entries.append(inside[0] if len(inside) == 1 else OPS["matmul"](*inside))
    return (*before, normal(OPS["hadamard"](*entries)), *after) if before or after else None


def on_diagonal(e: Expr) -> bool:
    """Is a matrix I ⊙ M?"""
    return e.op.name == "hadamard" and not vector(e) and any(a.op.name == "eye" for a in e.args)


def kept_diagonal(low: Lowering, e: Expr) -> Term:
    """The diagonal of I ⊙ M."""
    kept = [low.new(OPS["diagonal"](a)) for a in e.args if a.op.name != "eye"]
    return low.plan.product(kept) or low.plan.make("ones", (low.size(e.shape[0]),), e.shape[:1])


def weights(low: Lowering, w: Expr, code: Term, scalars: list[Term]) -> Factor:
    """diag(w); where no entry is positive as −diag(−w), which has a root."""
    w = normal(w.T) if w.shape[0] is ONE else w
    known = sign(w)
    if known == -1:
        turn(low.plan, scalars)
        w = negated(w)
        code = low.new(w)
    return Factor("diag", (w.shape[0], w.shape[0]), code, positive=known != 0, weights=w)


def turn(plan: Plan, scalars: list[Term]) -> None:
    """Multiply some scalars by −1, in a number if there is one."""
    for n, s in enumerate(scalars):
        top = s.args[0] if s.op == "divide" else s
        if top.value is not None:
            turned = plan.number(-top.value)
            if s is not top:
                scalars[n] = plan.each("divide", turned, s.args[1])
            elif turned.value == 1:
                del scalars[n]
            else:
                scalars[n] = turned
            return
    scalars.append(plan.number(-1))


def _orthogonal(low: Lowering, p: Polar) -> Factor:
    """The orthogonal factor of a product, by singular values."""
    M = low.chain.multiply(factors(low, p.of, []))
    made = low.plan.make("polar", (low.chain.term(M),), axes_of(M.shape))
    return Factor("full", M.shape[::-1], low.plan.transpose(made)) if p.turned else Factor("full", M.shape, made)


def distributed(low: Lowering, total: Expr, other: Factor, sum_first: bool) -> Term:
    """(A + B) x or x'(A + B), term by term: no sum of matrices is formed."""
    slope, terms = slope_of(total), list[tuple[bool, Term]]()
    if slope is not None and other.kind == "full":
        other = centred(low, other, low[slope], turned=not sum_first)
    for part in total.args:
        scalars = list[Term]()
        inside = factors(low, (part,), scalars, thin=True)
        made = low.chain.term(low.chain.multiply([*inside, other] if sum_first else [other, *inside]))
        front = low.plan.product(scalars)
        negative = front is not None and (front.value or 0) < 0
        if front is not None and negative:
            front = None if front.value == -1 else low.plan.negative(front)
        terms.append((negative, times(low.plan, front, made)))
    return added(low.plan, terms)


def centred(low: Lowering, f: Factor, s: Term, *, turned: bool = False) -> Factor:
    """What (diag(s) − s s') multiplies, less its row where s is largest: that changes no value, and nothing cancels."""
    plan, B = low.plan, low.chain.term(f)
    B = plan.transpose(B) if turned else B
    made = plan.make("centred", (B, s), B.axes)
    return Factor("full", f.shape, plan.transpose(made) if turned else made)


def added(plan: Plan, terms: list[tuple[bool, Term]]) -> Term:
    """A sum of terms, True for minus; those with plus come first, and A + A' is one instruction."""
    shown: Term | None = None
    for negative, t in sorted(_paired(plan, terms), key=lambda term: term[0]):
        if shown is None:
            shown = minus(plan, t) if negative else t
        else:
            shown = plan.each("subtract" if negative else "add", shown, t)
    return shown or plan.number(0)


def minus(plan: Plan, t: Term) -> Term:
    """−t; the sign of a number in front is changed."""
    number = t.args[0].value if t.op == "multiply" else None
    return plan.negative(t) if number is None else times(plan, plan.number(-number), t.args[1])


def _paired(plan: Plan, terms: list[tuple[bool, Term]]) -> list[tuple[bool, Term]]:
    """Terms A and A' of the same sign as A + A'."""
    left, found = list(terms), list[tuple[bool, Term]]()
    while left:
        negative, t = left.pop(0)
        other = (negative, plan.transpose(t))
        if t.rank == 2 and other[1] is not t and other in left:
            left.remove(other)
            t = plan.make("plus_transpose", (t.args[0] if t.op == "transpose" else t,), t.axes)
        found.append((negative, t))
    return found


def chain_code(low: Lowering, e: Expr, scalar: Term | None) -> Term:
    """A matrix product, with a scalar in front."""
    scalars = [] if scalar is None else [scalar]
    parts = factors(low, e.args, scalars)
    if not parts:
        made = low.chain.eye(e.shape[0]) if not e.is_scalar else low.plan.number(1)
        return times(low.plan, low.plan.product(scalars), made)
    return product_of(low, parts, scalars, matrix=not vector(e) and not e.is_scalar)


def product_of(low: Lowering, parts: list[Factor], scalars: list[Term], *, matrix: bool) -> Term:
    """The product of some factors; a scalar before a matrix is put where it is cheapest."""
    light = _light(low, parts)
    front = low.plan.product(scalars)
    keeps = light is not None and light.positive and front is not None and not _is_positive(low.plan, front)
    if front is not None and light is not None and not keeps and matrix:
        assert light.term is not None
        light.term, light.expr = times(low.plan, front, light.term), None  # it is no longer that node
        front = None
    return times(low.plan, front, low.chain.term(low.chain.multiply(parts)))


def _light(low: Lowering, parts: list[Factor]) -> Factor | None:
    """A diagonal or vector that a number is multiplied into; of Z'DZ it is D, and Z'Z has none."""
    if len(parts) > 2 and low.chain.is_mirrored(parts, 0, len(parts) - 1):
        return parts[len(parts) // 2] if len(parts) % 2 else None
    return next((f for f in parts if f.kind == "diag" or (f.kind == "full" and (f.row or f.column))), None)


def _is_positive(plan: Plan, t: Term) -> bool:
    return t in plan.positive if t.value is None else t.value > 0


# what sums a product up


def is_product(low: Lowering, e: Expr) -> bool:
    """Is it a product of matrices, or a power that is one?"""
    return e.op.name == "matmul" or (low.uses[e] == 1 and bool(run_of(e)))


def operands(e: Expr) -> tuple[Expr, ...]:
    """The factors of a product of matrices, of which a power is one."""
    return e.args if e.op.name == "matmul" else (e,)


def total(low: Lowering, e: Expr) -> Term:
    """The sum of all entries: an inner product wherever it is one."""
    plan, (inside,) = low.plan, e.args
    if inside.is_scalar:
        return low[inside]
    name = inside.op.name
    if is_product(low, inside):
        rows, columns = inside.shape
        before = [Factor("ones", (ONE, rows))] if rows is not ONE else []
        after = [Factor("ones", (columns, ONE))] if columns is not ONE else []
        scalars = list[Term]()
        parts = [*before, *factors(low, operands(inside), scalars), *after]
        return times(plan, plan.product(scalars), low.chain.term(low.chain.multiply(parts)))
    if name == "power" and inside.args[1].op.name == "number" and inside.args[1].data == 2:
        return plan.dot(low[inside.args[0]], low[inside.args[0]])
    if on_diagonal(inside):
        return plan.total(kept_diagonal(low, inside))
    if name == "hadamard" and all(negative_power(a) is None and broadcast(low, a)[0] == "full" for a in inside.args):
        rest = plan.product(low[a] for a in inside.args[:-1])
        assert rest is not None
        return plan.dot(rest, low[inside.args[-1]])
    return plan.total(low[inside])


def trace(low: Lowering, e: Expr) -> Term:
    """tr(P Q) is ⟨P, Q'⟩; a product that closes to a row times a column is a number."""
    plan, (inside,) = low.plan, e.args
    if inside.is_scalar:
        return low[inside]
    if inside.op.name == "diag":
        return plan.total(low[inside.args[0]])
    if not is_product(low, inside):
        return plan.make("tr", (low[inside],))
    scalars = list[Term]()
    parts = factors(low, operands(inside), scalars)
    front = plan.product(scalars)
    if not parts:
        return times(plan, front, low.chain.size[inside.shape[0]])
    for i, f in enumerate(parts):
        if f.row:
            return times(plan, front, low.chain.term(low.chain.multiply(parts[i:] + parts[:i])))
    halves = split(low.chain, parts)
    if halves is None:
        whole = low.chain.term(low.chain.multiply(parts))
        if whole.op == "matmul":
            return times(plan, front, plan.dot(whole.args[0], plan.transpose(whole.args[1])))
        return times(plan, front, plan.make("tr", (whole,)))
    P, Q = halves
    for a, b in ((P, Q), (Q, P)):
        if a.kind == "diag":
            diagonal = low.chain.vector(b) if b.kind == "diag" else diagonal_of(plan, low.chain.term(b))
            return times(plan, front, plan.inner(low.chain.vector(a), diagonal))
    return times(plan, front, plan.dot(low.chain.term(P), plan.transpose(low.chain.term(Q))))


def split(chain: Chain, parts: list[Factor]) -> tuple[Factor, Factor] | None:
    """The cheapest two halves of a product whose product need not be formed; None if it had better be."""
    solved = [f.kind.startswith("inv") for f in parts]
    if all(solved):
        parts = [Factor("full", f.shape, chain.term(f), f.expr) for f in parts]
        solved = [False]
    if not 2 <= len(parts) <= 12 or solved[0] or solved[-1]:
        return None
    cost, _ = chain.splits(parts)
    last = len(parts) - 1

    def taken(k: int) -> float:
        """By both halves, and by going through their entries."""
        return cost[0, k] + cost[k + 1, last] + PASS * length(parts[0].shape[0]) * length(parts[k].shape[1])

    k = min(range(last), key=taken)
    P, Q = chain.multiply(parts[: k + 1]), chain.multiply(parts[k + 1 :])
    return None if any(f.kind.startswith("moved") for f in (P, Q)) else (P, Q)


def diagonal(low: Lowering, e: Expr) -> Term:
    """diag(P Q) sums P ⊙ Q' along its rows."""
    plan, (inside,) = low.plan, e.args
    if inside.is_scalar or inside.op.name == "diag":
        return low[inside] if inside.is_scalar else low[inside.args[0]]
    if is_product(low, inside):
        scalars = list[Term]()
        parts = factors(low, operands(inside), scalars)
        weights = [n for n, f in enumerate(parts) if f.kind == "diag"]
        if len(weights) == 1 and 0 < weights[0] < len(parts) - 1:
            return times(plan, plan.product(scalars), _weighted_rows(low.chain, parts, weights[0]))
        halves = split(low.chain, parts)
        if halves is not None:
            P, Q = halves
            if P.kind != "diag" != Q.kind:
                p, q = low.chain.term(P), low.chain.term(Q)
                made = plan.each("multiply", p, q if P.column else plan.transpose(q))
                if not P.column:
                    made = plan.sum_over(made, 1)
                return times(plan, plan.product(scalars), made)
    whole = low[inside]
    if whole.op == "matmul" and low.uses[inside] == 1:
        return plan.sum_over(plan.each("multiply", whole.args[0], plan.transpose(whole.args[1])), 1)
    return diagonal_of(plan, whole)


def _weighted_rows(chain: Chain, parts: list[Factor], n: int) -> Term:
    """diag(P diag(w) Q) is (P ⊙ Q') w."""
    P, Q = (chain.term(chain.multiply(half)) for half in (parts[:n], parts[n + 1 :]))
    plan, w = chain.plan, chain.vector(parts[n])
    if P.rank < 2:  # a column and a row
        return reduce(partial(plan.each, "multiply"), (P, Q, w))
    Q = plan.transpose(Q)
    return plan.times_vector(plan.each("power", P, plan.number(2)) if P is Q else plan.each("multiply", P, Q), w)


def diagonal_of(plan: Plan, A: Term) -> Term:
    return plan.make("diagonal", (A,), A.axes[:1])


RULES.update(
    {
        "scale": scale,
        "hadamard": entries,
        "sum": total,
        "tr": trace,
        "diagonal": diagonal,
    }
)
