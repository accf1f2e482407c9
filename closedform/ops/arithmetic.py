"""Sums, scalar multiples, entry-by-entry products and powers.

Entry by entry, scalars are the 1×1 case: `hadamard` and `power` serve both.  In normal form a sum has
like terms collected and a positive leading term; a product has one numeric coefficient, in front, and
every base once, with its exponent.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from closedform.core.expr import Expr, Number, number, ones, zeros
from closedform.core.normal import finish, normal
from closedform.core.op import function, multilinear
from closedform.core.shape import ONE, Shape
from closedform.core.terms import divide, is_number, is_ones, is_zero, join, split

FLAT = 24  #: a nested sum or product longer than this stays nested, so that shared graphs stay linear


def canonical_sum(*args: Expr) -> Expr:
    """Flatten, collect like terms, sort; factor out a coefficient that all terms share."""
    terms: dict[Expr, Number] = {}
    _collect(args, 1, terms)
    _merge_diagonals(terms)
    found = sorted([(core.order, core, c) for core, c in terms.items() if c != 0], key=_by_order)
    if not found:
        return zeros(args[0].shape)
    if len(found) == 1:
        return join(found[0][2], found[0][1])
    lead = found[0][2]
    if any(c != lead and c != -lead for _, _, c in found):
        lead = 1 if lead > 0 else -1
    if lead == 1:
        return finish(add, tuple([join(c, core) for _, core, c in found]), args[0].shape)
    scaled = tuple([join(-c if lead == -1 else divide(c, lead), core) for _, core, c in found])
    inner = finish(add, scaled, args[0].shape)
    c, core = split(inner)
    return join(c * lead, core)


def _merge_diagonals(terms: dict[Expr, Number]) -> None:
    """diag(u) + diag(v) = diag(u + v)."""
    diagonals = [core for core in terms if core.op.name == "diag"]
    if len(diagonals) > 1:
        diag = diagonals[0].op
        c, core = split(diag.canonical(canonical_sum(*[join(terms.pop(d), d.args[0]) for d in diagonals])))
        terms[core] = terms.get(core, 0) + c


def _by_order(entry: tuple[tuple[int, int], Expr, Number]) -> tuple[int, int]:
    return entry[0]


def _collect(args: Iterable[Expr], factor: Number, terms: dict[Expr, Number]) -> None:
    for a in args:
        if is_zero(a):
            continue
        c, core = split(a)
        c = c * factor
        if core.op is add and len(core.args) <= FLAT:
            _collect(core.args, c, terms)
        else:
            terms[core] = terms.get(core, 0) + c


@multilinear(
    "(m,n) (m,n) -> (m,n)", associative=True, commutative=True, canonical=canonical_sum, code=" + ", latex=" + "
)
def add(slot: int, args: tuple[Expr, ...], Y: Expr) -> Expr:
    """A + B.  Adjoint in any slot: Y."""
    return Y


def canonical_scale(s: Expr, M: Expr) -> Expr:
    """One scalar times something, both in normal form."""
    if M.is_scalar:
        return canonical_product(s, M)
    if M.op is scale:
        t, M = M.args
        s = number(s.data * t.data) if s.op.name == t.op.name == "number" else canonical_product(s, t)
    if is_zero(s) or is_zero(M):
        return zeros(M.shape)
    return M if is_number(s, 1) else finish(scale, (s, M), M.shape)


def _is_reciprocal(e: Expr) -> bool:
    return e.op.name == "power" and e.args[1].op.name == "number" and e.args[1].data < 0


def _is_divisor(e: Expr) -> bool:
    """A scalar that is printed as a sign and a division: −1, 1/b, −1/(b c)."""
    if e.op.name == "hadamard":
        return all(is_number(f, -1) or _is_reciprocal(f) for f in e.args)
    return is_number(e, -1) or _is_reciprocal(e)


def saved_by_scale(args: tuple[Expr, ...]) -> int:
    """−1 is a minus in place of a plus, and a division stands in place of the multiplication."""
    return int(_is_divisor(args[0]))


def saved_by_product(args: tuple[Expr, ...]) -> int:
    """a b⁻¹ c⁻¹ is a/(b c); without a factor above, one division by all remains."""
    sign = is_number(args[0], -1)
    below = sum([_is_reciprocal(f) for f in args])
    return sign + (below if len(args) - sign > below else below - 1)


@multilinear("(1,1) (m,n) -> (m,n)", canonical=canonical_scale, saved=saved_by_scale, code=" * ", latex=r" \, ")
def scale(slot: int, args: tuple[Expr, ...], Y: Expr) -> Expr:
    """s A, a scalar times a matrix.  Adjoints: ⟨Y, ds A⟩ = ⟨Y, A⟩ ds and ⟨Y, s dA⟩ = ⟨s Y, dA⟩."""
    from closedform.ops.reductions import sum

    s, A = args
    return sum(Y * A) if slot == 0 else s * Y


def canonical_product(*args: Expr) -> Expr:
    """Collect the coefficient, the scalars and, for every base, its exponent."""
    shape = args[0].shape
    coefficient: Number = 1
    scalars: list[Expr] = []
    exponents: dict[Expr, Expr] = {}
    exponentials: list[Expr] = []
    todo = list(args)
    while todo:
        a = todo.pop()
        name = a.op.name
        if name == "number":
            coefficient = coefficient * a.data
        elif name == "hadamard":
            todo += a.args
        elif name == "scale":
            scalars.append(a.args[0])
            todo.append(a.args[1])
        elif name == "zeros":
            return a
        elif name == "exp":
            exponentials.append(a)
        elif name != "ones":
            c, base, p = _base(a)
            coefficient = coefficient * c
            before = exponents.get(base)
            exponents[base] = p if before is None else canonical_sum(before, p)
    if coefficient == 0:
        return zeros(shape)
    factors = _one_exponential(exponentials)
    for base, p in exponents.items():
        if not is_number(p, 0):
            c, factor = split(canonical_power(base, p))
            coefficient = coefficient * c
            factors.append(factor)
    if any(f.op.name in ("hadamard", "scale", "number", "ones") for f in factors):
        return canonical_product(*factors, *_scaled(coefficient, scalars, shape))
    factors.sort(key=_order)
    if shape[0] is shape[1] and args[0].is_scalar:
        head = [] if coefficient == 1 and factors else [number(coefficient)]
        everything = tuple(head + factors)
        return everything[0] if len(everything) == 1 else finish(hadamard, everything, shape)
    core = ones(shape) if not factors else factors[0] if len(factors) == 1 else _entry_by_entry(factors, shape)
    if coefficient == 1 and not scalars:
        return core
    return canonical_scale(canonical_product(number(coefficient), *scalars), core)


def _entry_by_entry(factors: list[Expr], shape: Shape) -> Expr:
    """The product of these factors; of their transposes, where only these have a rule: r ⊙ sign(rᵀ)ᵀ = |rᵀ|ᵀ."""
    product = finish(hadamard, tuple(factors), shape)
    lying = sum([f.op.name == "transpose" for f in factors])
    if not lying or product.op is not hadamard or (shape[0] is not ONE and lying < len(factors)):
        return product
    from closedform.ops.product import canonical_transpose

    turned = canonical_product(*[canonical_transpose(f) for f in factors])
    core = turned.args[1] if turned.op.name == "scale" else turned
    return product if core.op is hadamard and len(core.args) == len(factors) else canonical_transpose(turned)


def _base(a: Expr) -> tuple[Number, Expr, Expr]:
    """`(c, A, p)` with a = c A^p entry by entry, also for the transpose of a power: ((B − Bᵀ)²)ᵀ = (B − Bᵀ)²."""
    turned = a.op.name == "transpose"
    inner = a.args[0] if turned else a
    if inner.op.name != "power" or not inner.args[1].is_scalar:
        return 1, a, number(1)
    A, p = inner.args
    base = normal(A.T) if turned else A
    c, core = split(base)
    return ((-1) ** abs(int(p.data)), core, p) if c == -1 and _is_whole(p) else (1, base, p)


def _is_whole(p: Expr) -> bool:
    return p.op.name == "number" and p.data == int(p.data)


def _one_exponential(found: list[Expr]) -> list[Expr]:
    """exp(A) ⊙ exp(B) = exp(A + B)."""
    if len(found) < 2:
        return found
    return [found[0].op.canonical(canonical_sum(*[e.args[0] for e in found]))]


def _scaled(coefficient: Number, scalars: list[Expr], shape: Shape) -> list[Expr]:
    """The coefficient and the scalars as one more factor of that shape, if there are any."""
    if coefficient == 1 and not scalars:
        return []
    return [canonical_scale(canonical_product(number(coefficient), *scalars), ones(shape))]


def _order(e: Expr) -> tuple[int, int]:
    return e.order


@multilinear(
    "(m,n) (m,n) -> (m,n)",
    associative=True,
    commutative=True,
    canonical=canonical_product,
    saved=saved_by_product,
    code=" * ",
    latex=r" \odot ",
)
def hadamard(slot: int, args: tuple[Expr, ...], Y: Expr) -> Expr:
    """A ⊙ B, entry by entry.  Adjoint in any slot: ⟨Y, A ⊙ dB⟩ = ⟨A ⊙ Y, dB⟩."""
    return hadamard(*args[:slot], *args[slot + 1 :], Y)


def canonical_power(x: Expr, p: Expr) -> Expr:
    """Evaluate numbers, merge nested powers, distribute whole exponents over products."""
    if is_number(p, 1):
        return x
    if is_number(p, 0) or is_ones(x):
        return ones(x.shape)
    name, whole = x.op.name, _is_whole(p)
    if name == "number" and p.op.name == "number":
        return _number_power(x, p)
    if name == "exp" and p.is_scalar:
        return normal(x.op(canonical_scale(p, x.args[0])))
    if name == "transpose" and p.is_scalar:
        return normal(canonical_power(x.args[0], p).T)
    if name == "power" and x.args[1].is_scalar and p.is_scalar:
        return _nested_power(x, p, whole)
    if name == "abs" and whole and p.data % 2 == 0:
        return canonical_power(x.args[0], p)
    if name in ("hadamard", "scale") and whole:
        return canonical_product(*[_spread(canonical_power(f, p), x) for f in x.args])
    if is_zero(x) and p.op.name == "number" and p.data > 0:
        return x
    return _upright_power(x, p)


def _upright_power(x: Expr, p: Expr) -> Expr:
    """The power of what stands upright: (Aᵀ)^p is the transpose of A^p."""
    from closedform.ops.product import canonical_transpose, upright

    t = upright(x) if p.is_scalar else None
    if t is None or t.op.name == "transpose":
        return finish(power, (x, p))
    return canonical_transpose(canonical_power(t, p))


def _spread(factor: Expr, like: Expr) -> Expr:
    """A scalar factor as a matrix of that shape, so that it may enter an entry-by-entry product."""
    return factor if factor.shape == like.shape else canonical_scale(factor, ones(like.shape))


def _number_power(x: Expr, p: Expr) -> Expr:
    base, k = x.data, p.data
    if k == int(k) and abs(k) <= 64 and base != 0:
        return number(base ** int(k) if k > 0 else divide(1, base ** -int(k)))
    if not isinstance(base, float) and k == Fraction(1, 2) and base > 0:
        root = Fraction(round(base.numerator**0.5), round(base.denominator**0.5)) if base < 10**15 else Fraction(0)
        if root * root == base:
            return number(root)
    return finish(power, (x, p))


def _nested_power(x: Expr, p: Expr, whole: bool) -> Expr:
    """(b^q)^p: b^(pq) when p is whole or b is known to be positive; |b|^(pq) when q is even."""
    b, q = x.args
    product = canonical_product(q, p)
    if whole or is_positive(b):
        return canonical_power(b, product)
    if _is_whole(q) and q.data % 2 == 0 and product.op.name == "number":
        from closedform.ops.elementwise import abs as absolute

        return canonical_power(normal(absolute(b)), product)
    return finish(power, (x, p))


def is_positive(e: Expr) -> bool:
    """Whether every entry is known to be positive (or zero, for norms and absolute values)."""
    name = e.op.name
    if name == "symbol":
        return "positive" in e.data.properties
    if name in ("number",):
        return bool(e.data > 0)
    if name in ("add", "hadamard", "scale", "transpose", "sum"):
        return all(map(is_positive, e.args))
    if name == "power":
        return is_positive(e.args[0])
    return name in ("exp", "norm2", "norm1", "abs", "cosh", "sigmoid", "softplus", "softmax", "ones", "dim")


def saved_by_power(args: tuple[Expr, ...]) -> int:
    """x⁻² is 1/x^2, an operation more than x^2."""
    return -1 if args[1].op.name == "number" and args[1].data < 0 and args[1].data != -1 else 0


@function(
    "(m,n) (1,1) -> (m,n) | (m,n) (m,n) -> (m,n) | (1,1) (m,n) -> (m,n)",
    canonical=canonical_power,
    saved=saved_by_power,
    turns=True,
    code="{0} ** {1}",
    latex="{0}^{{{1}}}",
)
def power(x: Expr, p: Expr, dx: Expr | None, dp: Expr | None) -> Expr | None:
    """x^p, entry by entry.  d(x^p) = p x^(p−1) dx + x^p log(x) dp."""
    from closedform.ops.elementwise import log

    by_base = None if dx is None else p * x ** (p - 1) * dx
    by_exponent = None if dp is None else dp * (x**p * log(x))
    if by_base is None or by_exponent is None:
        return by_base if by_exponent is None else by_exponent
    return by_base + by_exponent
