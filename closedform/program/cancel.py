"""Parts of an expression that cancel as a whole, each rewritten into one that does not; for code only.

The rows of a graph Laplacian diag(W𝟏) − W sum to 0, so that L A is L (A − 𝟏 a') for any row a; log Σ exp(z) less the
mean of z under its softmax is an entropy; the slope of a softmax does not change when a number is taken off what it
multiplies; log-determinants are subtracted as logarithms of quotients.  A pattern is found by building it and looking
for the node: equal expressions are one object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import permutations

from closedform.core.expr import OPS, Expr, node, number, ones, topological
from closedform.core.normal import normal
from closedform.core.shape import ONE
from closedform.core.terms import split
from closedform.program.chain import Factor
from closedform.program.lower import RULES, Lowering, mark_definite
from closedform.program.products import factors, times
from closedform.program.shift import candidates, code_op
from closedform.program.signs import is_definite
from closedform.program.summands import coefficient, slope_of
from closedform.program.term import Term

CENTRED = code_op("centred", "(m,n), (m,1) -> (m,n)")
ROWCENTRED = code_op("rowcentred", "(m,n), (m,n) -> (m,n)")
ROWSLOPE = code_op("rowslope", "(m,n), (m,n), (m,1) -> (m,n)")
ENTROPY = code_op("entropy", "(n,1) -> (1,1)")
RATIO = code_op("logdetratio", "(n,n), (n,n) -> (1,1)")
#: matrices that are kept as they are beside a Laplacian
THIN = frozenset({"centred", "ones", "eye", "diag", "inv", "add", "commutation", "duplication", "elimination"})


def uncancelled(e: Expr) -> Expr:
    """An equal expression in which these patterns are computed without cancellation."""
    for rule in (slopes, slopes_by_row, entropies, laplacians, ratios):
        e = rule(e)
    return e


def replaced(e: Expr, new: Mapping[Expr, Expr], each: Callable[[Expr], Expr] = lambda e: e) -> Expr:
    """The expression with some nodes replaced, and what is made of each node that is left."""
    made: dict[Expr, Expr] = {}
    for n in topological([e]):
        if n in new:
            made[n] = new[n]
        else:
            args = tuple(made[a] for a in n.args)
            made[n] = each(n if args == n.args else node(n.op, args))
    return made[e]


# graph Laplacians


def laplacians(e: Expr) -> Expr:
    """L A as L (A − 𝟏 a'), and A L as (A − a 𝟏') L where the columns of L sum to 0 too."""
    return replaced(e, {}, _beside_laplacian)


def _beside_laplacian(e: Expr) -> Expr:
    name = e.op.name
    if name == "tr" and e.args[0].op.name == "matmul":
        return node(e.op, (_centred_product(e.args[0], closed=True),))
    return _centred_product(e, closed=False) if name == "matmul" else e


def _centred_product(e: Expr, *, closed: bool) -> Expr:
    """A product with the neighbours of its Laplacians centred; the ends are neighbours if it is closed to a trace."""
    factors, last = list(e.args), len(e.args) - 1
    for i, L in enumerate(e.args):
        if L.op.name != "add" or not last or slope_of(L) is not None:
            continue
        after, before = (i + 1) % (last + 1), i - 1
        if (closed or i < last) and factors[after].op.name not in THIN and (v := _degrees(L)):
            factors[after] = CENTRED(factors[after], v)
        if (closed or i) and factors[before].op.name not in THIN and (v := _degrees(L.T)):
            factors[before] = OPS["transpose"](CENTRED(normal(factors[before].T), v))
    return e if tuple(factors) == e.args else node(e.op, tuple(factors))


def _degrees(L: Expr) -> Expr | None:
    """v, if L is a multiple of diag(v) − W with v = W 𝟏."""
    L = normal(L)
    if L.op.name != "add" or len(L.args) != 2 or ONE in L.shape:
        return None
    (c, D), (d, W) = map(coefficient, L.args)
    if D is None or W is None or c != -d:
        return None
    if D.op.name != "diag":
        D, W = W, D
    if D.op.name != "diag":
        return None
    v = D.args[0]
    return v if normal(W @ ones((W.shape[1], ONE))) is v else None


# entropies


def entropies(e: Expr) -> Expr:
    """p logsumexp(z) − p z's as p H(s), and s'log s as −H(s), for s = softmax(z)."""
    softmaxes = [n for n in topological([e]) if n.op.name == "softmax" and n.shape[1] is ONE and not n.is_scalar]
    if not softmaxes:
        return e
    made = {normal(s.T @ OPS["log"](s)): normal(-ENTROPY(s.args[0])) for s in softmaxes}
    return replaced(e, made, _with_entropies)


def _with_entropies(e: Expr) -> Expr:
    terms = list(e.args) if e.op.name == "add" and e.is_scalar else []
    for t in e.args if terms else ():
        for z, p in _multiples(t, "logsumexp"):
            mean = normal(-p * (z.T @ OPS["softmax"](z)))
            if mean in terms:
                terms = [other for other in terms if other not in (t, mean)] + [p * ENTROPY(z)]
    return e if tuple(terms) in ((), e.args) else terms[0] if len(terms) == 1 else node(e.op, tuple(terms))


def _multiples(t: Expr, name: str) -> Iterator[tuple[Expr, Expr]]:
    """The z and p with t = p f(z), by the name of f; for a vector z, or a square matrix of which a number is taken."""
    factors = t.args if t.op.name == "hadamard" else (t,)
    for f in factors:
        if f.op.name == name and f.args[0].shape[1] in (ONE, f.args[0].shape[0]):
            rest = [g for g in factors if g is not f]
            yield f.args[0], normal(OPS["hadamard"](*rest)) if len(rest) > 1 else rest[0] if rest else number(1)


def entropy(low: Lowering, e: Expr) -> Term:
    """log(1 + r) + Σ (top − z) exp(z − top)/(1 + r), where r sums exp(z − top) over the other entries."""
    plan, z = low.plan, low[e.args[0]]
    below = plan.each("subtract", z, plan.make("max", (z,)))
    parts, first = plan.each("exp", below), plan.make("ismax", (z,), z.axes)
    ties = plan.each("subtract", plan.total(first), plan.number(1))
    others = plan.each("add", plan.total(plan.each("subtract", parts, first)), ties)
    mean = plan.each("divide", plan.inner(below, parts), plan.each("add", plan.number(1), others))
    return plan.each("subtract", plan.each("log1p", others), mean)


RULES["entropy"] = entropy


# log-determinants


def ratios(e: Expr) -> Expr:
    """a logdet(A) − b logdet(B) with what a and b have in common before log(det(A)/det(B)); A, B positive definite."""
    count = sum(n.op.name == "logdet" for n in topological([e]))
    return replaced(e, {}, _with_ratios) if count > 1 else e


def _with_ratios(e: Expr) -> Expr:
    c, ratio = e.args if e.op.name == "hadamard" and len(e.args) == 2 else (e, e)
    if c.op.name == "number" and c.data < 0 and ratio.op is RATIO:
        return _times(normal(-c), RATIO(*ratio.args[::-1]))
    terms = e.args if e.op.name == "add" and e.is_scalar else ()
    found = [(t, A, p) for t in terms for A, p in _multiples(t, "logdet") if is_definite(A)]
    for (t, A, p), (u, B, q) in permutations(found, 2):
        common = _in_common(p, q) if t is not u and A.shape == B.shape and not A.is_scalar else None
        if common is not None:
            left = [(normal(p - common), A), (normal(q + common), B)]
            made = [_times(common, RATIO(A, B))]
            made += [_times(c, OPS["logdet"](X)) for c, X in left if c is not number(0)]
            made += [other for other in terms if other not in (t, u)]
            return _with_ratios(node(e.op, tuple(made))) if len(made) > 1 else made[0]
    return e


def _times(c: Expr, f: Expr) -> Expr:
    return f if c is number(1) else c * f


def _in_common(p: Expr, q: Expr) -> Expr | None:
    """The c for which p f + q g is c (f − g) and less than it was: v of v f − (v − 1) g."""
    (c, P), (d, Q) = coefficient(p), coefficient(q)
    if P is Q:
        return (p if c <= -d else normal(-q)) if c > 0 > d else None
    shorter = min(p, normal(-q), key=_terms)
    return shorter if _terms(normal(p + q)) < max(_terms(p), _terms(q)) and coefficient(shorter)[0] > 0 else None


def _terms(e: Expr) -> int:
    """How many terms it has, as a multiple of a sum."""
    core = split(e)[1]
    return len(core.args) if core.op.name == "add" else 1


def logdetratio(low: Lowering, e: Expr) -> Term:
    """By the diagonals of two Cholesky factors: no large logarithms are subtracted."""
    for A in e.args:
        mark_definite(low, A)
    factors = (low.plan.make("cholesky", (low[A],), low[A].axes) for A in e.args)
    return low.plan.make("cholesky_logdetratio", tuple(factors))


RULES["logdetratio"] = logdetratio


# slopes of softmaxes


def slopes(e: Expr) -> Expr:
    """s ⊙ (y − s'y 𝟏), s = softmax(x), for a y less its entry where s is largest; x does for a y = log s."""
    nodes, new = topological([e]), dict[Expr, Expr]()
    for s in [n for n in nodes if n.op.name == "softmax" and n.shape[1] is ONE and not n.is_scalar]:
        for y in [y for n in nodes for y in _beside(n, s) if y.shape == s.shape]:
            z = CENTRED(s.args[0] if y is OPS["log"](s) else y, s)
            pairs = zip(_forms(s, y), _forms(s, z), strict=True)
            new |= {form: made for plain, made in pairs if (form := normal(plain)) in nodes}
    return replaced(e, new) if new else e


def _forms(s: Expr, y: Expr) -> list[Expr]:
    """The slope of a softmax times y, and the negative, in every way that normal form may have them."""
    mean = s.T @ y
    A, B = y, mean * ones(y.shape)
    return [s * (A - B), s * (B - A), s * A - mean * s, mean * s - s * A]


def _beside(n: Expr, s: Expr) -> Iterator[Expr]:
    """Every y with n = s'y."""
    if n.op.name == "sum" and n.args[0].op.name == "hadamard" and s in n.args[0].args:
        rest = [f for f in n.args[0].args if f is not s]
        yield rest[0] if len(rest) == 1 else node(OPS["hadamard"], tuple(rest))
    elif n.op.name == "matmul" and n.is_scalar and s in n.args[-1:]:
        yield normal(_product(n.args[:-1]).T)
    elif n.op.name == "matmul" and n.is_scalar and OPS["transpose"](s) in n.args[:1]:
        yield _product(n.args[1:])


def slopes_by_row(e: Expr) -> Expr:
    """diag(s)⁻¹G − (the row sums of E ⊙ G over s²) 𝟏', with s the row sums of E, for a G less an entry of each row."""
    nodes, new = set(topological([e])), dict[Expr, Expr]()
    for E, degree in candidates([e]):
        E = E if degree.row else normal(E.T)
        s = normal(E @ ones((E.shape[1], ONE)))
        r = normal(s**-1)
        for G in [] if degree.whole else _beside_diagonal(nodes, r):
            if G.shape == E.shape:
                Z = normal(E.args[0].args[0].T) if E.op.name == "transpose" else E.args[0]
                (bare, *_), plain = _slopes(E, s, ROWCENTRED(G, Z)), _slopes(E, s, G)
                stable = [*bare[:4], *(f for H in (G, normal(-G)) for f in (ROWSLOPE(H, E, r), ROWSLOPE(H, E, r).T))]
                pairs = ((normal(form), made) for forms in plain for form, made in zip(forms, stable, strict=True))
                new |= {form: made for form, made in pairs if form in nodes}
    return replaced(e, new) if new else e


def rowslope(low: Lowering, e: Expr) -> Term:
    """E ⊙ (H − h 𝟏') with H = diag(r) G less its entry where E's row is largest, and h the row sums of E ⊙ H times r.

    Of a product G the first factor is multiplied, which is smaller.
    """
    plan, chain, (G, *_), (E, r) = low.plan, low.chain, e.args, (low[a] for a in e.args[1:])
    scalars = list[Term]()
    first, *rest = factors(low, G.args if G.op.name == "matmul" else (G,), scalars)
    weights = Factor("diag", (e.shape[0], e.shape[0]), times(plan, plan.product(scalars), r))
    H = chain.term(chain.multiply([chain.times(weights, first), *rest]))
    H = plan.make("rowcentred", (H, E), H.axes)
    h = plan.each("multiply", plan.sum_over(plan.each("multiply", E, H), 1), r)
    return plan.each("multiply", E, plan.each("subtract", H, plan.column(h)))


RULES["rowslope"] = rowslope


def _slopes(E: Expr, s: Expr, G: Expr) -> list[list[Expr]]:
    """The slope, E ⊙ it, and the negatives and transposes of both, in every way that normal form may have them."""
    A, along, found = OPS["diag"](s**-1) @ G, ones((ONE, G.shape[1])), list[list[Expr]]()
    for sums in ((E * G) @ along.T, OPS["diagonal"](G @ E.T), OPS["diagonal"](E @ G.T)):
        B = (sums * s**-2) @ along
        for inside in ((E * (A - B), E * (B - A)), (E * A - E * B, E * B - E * A)):
            forms = [A - B, B - A, *inside]
            found.append([f for form in forms for f in (form, form.T)])
    return found


def _beside_diagonal(nodes: set[Expr], d: Expr) -> Iterator[Expr]:
    """Every G in diag(d) G and in G'diag(d)."""
    for n in [n for n in nodes if n.op.name == "matmul"]:
        for i, f in enumerate(n.args):
            if f.op.name == "diag" and f.args[0] is d:
                if i + 1 < len(n.args):
                    yield _product(n.args[i + 1 :])
                if i:
                    yield normal(_product(n.args[:i]).T)


def _product(factors: tuple[Expr, ...]) -> Expr:
    return factors[0] if len(factors) == 1 else node(OPS["matmul"], factors)
