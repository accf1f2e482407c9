"""The matrix product in normal form: one flat chain of factors, scalars in front.

A chain X₁ X₂ ⋯ is read from left to right: equal neighbours become powers, inverses cancel, diagonal
matrices act on columns entry by entry, and wherever the chain narrows to a single row or column twice,
the part between is a scalar and moves out.
"""

from __future__ import annotations

from closedform.core.expr import OPS, Expr, Sizes, commutation, eye, number, ones, zeros
from closedform.core.normal import finish
from closedform.core.shape import ONE, SCALAR, Shape
from closedform.core.terms import is_number
from closedform.ops.arithmetic import canonical_power, canonical_product, canonical_scale, canonical_sum

LONGEST = 16  #: a nested product longer than this stays nested, so that deep shared graphs stay linear


def canonical_chain(*args: Expr) -> Expr:
    """The normal form of a product."""
    shape: Shape = (args[0].shape[0], args[-1].shape[1])
    scalars: list[Expr] = []
    factors: list[Expr] = []
    for a in args:
        if not _gather(a, scalars, factors, len(args)):
            return zeros(shape)
    factors = _reduce(factors)
    if any(f.op.name in ("eye", "scale", "zeros") for f in factors):  # neighbours that cancelled, or left a number
        core = canonical_chain(*factors)
    else:
        core = _assemble(_inner_scalars(factors, scalars), shape)
    if not scalars:
        return core
    s = canonical_product(*scalars)
    return canonical_product(s, core) if core.is_scalar else canonical_scale(s, core)


def _gather(a: Expr, scalars: list[Expr], factors: list[Expr], count: int) -> bool:
    """Take one operand apart into scalars and factors; False when it is zero."""
    if a.is_scalar:
        scalars.append(a)
        return not is_number(a, 0)
    name = a.op.name
    if name == "scale":
        scalars.append(a.args[0])
        return _gather(a.args[1], scalars, factors, count)
    if name == "matmul" and len(a.args) + count <= LONGEST:
        factors += a.args
    elif name == "ones" and a.shape[0] is not ONE and a.shape[1] is not ONE:
        factors += [ones((a.shape[0], ONE)), ones((ONE, a.shape[1]))]
    elif name == "zeros":
        return False
    elif name != "eye":
        factors.append(a)
    return True


def _reduce(factors: list[Expr]) -> list[Expr]:
    """Merge neighbours until nothing changes."""
    done: list[Expr] = []
    todo = factors[::-1]
    while todo:
        f = todo.pop()
        if not done:
            done.append(f)
            continue
        merged = _merge(done, f, todo)
        if merged is None:
            done.append(f)
        else:
            todo += reversed(merged)
    return _apply_diagonals(done)


def _merge(done: list[Expr], f: Expr, todo: list[Expr]) -> list[Expr] | None:
    """What replaces the last factor done and f; both are taken off when something does."""
    last = done[-1]
    if last.shape[0] is last.shape[1] and f.shape[0] is f.shape[1]:
        if last.op.name == "diag" and f.op.name == "diag":
            done.pop()
            return [last.op.canonical(canonical_product(last.args[0], f.args[0]))]
        (b, p), (c, q) = base(last), base(f)
        if b is c:
            done.pop()
            power = OPS["matpow"].canonical(b, canonical_sum(p, q))
            return [] if power.op.name == "eye" else [power]
    if last.op.name == "commutation" and (moved := _commuted(last.data, f)) is not None:
        done.pop()
        return moved
    if (rest := _cancel_left(done, _inverse_factors(f))) is not None:
        return rest
    if (rest := _cancel_right(_inverse_factors(last), f, todo)) is not None:
        done.pop()
        return rest
    if "kron" in (f.op.name, last.op.name) and (merged := _mixed_product(last, f)) is not None:
        done.pop()
        return [merged]
    return None


def _mixed_product(last: Expr, f: Expr) -> Expr | None:
    """(A ⊗ B)(C ⊗ D) = AC ⊗ BD, and with a row or a column as a factor: M (r' ⊗ B) = r' ⊗ M B."""
    kron = OPS["kron"].canonical
    if f.op.name == last.op.name:
        pairs = list(zip(last.args, f.args, strict=False))
        fits = len(last.args) == len(f.args) and all(a.shape[1] is b.shape[0] for a, b in pairs)
        return kron(*[product(a, b) for a, b in pairs]) if fits else None
    if f.op.name == "kron" and len(f.args) == 2:
        A, B = f.args
        if A.shape[0] is ONE:
            return kron(A, product(last, B))
        return kron(product(last, A), B) if B.shape[0] is ONE else None
    if last.op.name == "kron" and len(last.args) == 2:
        A, B = last.args
        if A.shape[1] is ONE:
            return kron(A, product(B, f))
        return kron(product(A, f), B) if B.shape[1] is ONE else None
    return None


def _commuted(sizes: Sizes, f: Expr) -> list[Expr] | None:
    """K(n,m) K(m,n) = I;  K(m,n) vec(A) = vec(A');  K(p,m) (A ⊗ B) = (B ⊗ A) K(q,n)."""
    m, n = sizes.rows, sizes.columns
    if f.op.name == "commutation":
        return [] if (f.data.rows, f.data.columns) == (n, m) else None
    if f.op.name == "vec" and f.args[0].shape == (m, n):
        return [OPS["vec"].canonical(OPS["transpose"].canonical(f.args[0]))]
    if f.op.name == "kron" and len(f.args) == 2:
        A, B = f.args
        if (B.shape[0], A.shape[0]) == (m, n):
            return [OPS["kron"].canonical(B, A), commutation(B.shape[1], A.shape[1])]
    return None


def product(a: Expr, b: Expr) -> Expr:
    """a b in normal form, whatever is scalar."""
    return canonical_scale(a, b) if a.is_scalar else canonical_scale(b, a) if b.is_scalar else canonical_chain(a, b)


def base(f: Expr) -> tuple[Expr, Expr]:
    """`(X, k)` with f = Xᵏ; the transpose of an orthogonal matrix is its power −1."""
    name = f.op.name
    if name == "inv":
        return f.args[0], number(-1)
    if name == "matpow":
        b, k = base(f.args[0])
        return b, canonical_product(k, f.args[1])
    if name == "transpose":
        x = f.args[0]
        if x.op.name == "symbol" and "orthogonal" in x.data.properties:
            return x, number(-1)
        if x.op.name in ("inv", "matpow"):
            b, k = base(x)
            return OPS["transpose"].canonical(b), k
    return f, number(1)


def _inverse_factors(f: Expr) -> tuple[Expr, ...]:
    """The factors of P in f = P⁻¹, when P is a product."""
    if f.op.name == "inv":
        inside = f.args[0]
    elif f.op.name == "transpose" and f.args[0].op.name == "inv":
        inside = OPS["transpose"].canonical(f.args[0].args[0])
    else:
        return ()
    return inside.args if inside.op.name == "matmul" else ()


def _cancel_left(done: list[Expr], inside: tuple[Expr, ...]) -> list[Expr] | None:
    """… Q (P Q)⁻¹ = … P⁻¹ for a square Q: the longest run Q of factors that ends the inverted product."""
    for length in range(min(len(inside), len(done)), 0, -1):
        run = inside[-length:]
        if tuple(done[-length:]) == run and run[0].shape[0] is run[-1].shape[1]:
            del done[-length:]
            return _inverse_of(inside[:-length])
    return None


def _cancel_right(inside: tuple[Expr, ...], f: Expr, todo: list[Expr]) -> list[Expr] | None:
    """(Q P)⁻¹ Q … = P⁻¹ … for a square Q."""
    following = [f, *reversed(todo)]
    for length in range(min(len(inside), len(following)), 0, -1):
        run = inside[:length]
        if tuple(following[:length]) == run and run[0].shape[0] is run[-1].shape[1]:
            del todo[len(todo) - (length - 1) :]
            return _inverse_of(inside[length:])
    return None


def _inverse_of(factors: tuple[Expr, ...]) -> list[Expr]:
    if not factors:
        return []
    inside = factors[0] if len(factors) == 1 else canonical_chain(*factors)
    return [OPS["inv"].canonical(inside)]


def _apply_diagonals(factors: list[Expr]) -> list[Expr]:
    """diag(u) v = u ⊙ v on a column, and vᵀ diag(u) = (u ⊙ v)ᵀ on a row."""
    if not any(f.op.name == "diag" for f in factors):
        return factors
    if factors[-1].shape[1] is ONE:
        for i in range(len(factors) - 2, -1, -1):
            if factors[i].op.name == "diag":
                column = factors[i + 1] if i + 2 == len(factors) else canonical_chain(*factors[i + 1 :])
                return _apply_diagonals(
                    [*factors[:i], *_factors(canonical_product(upright_column(factors[i]), column))]
                )
    if factors[0].shape[0] is ONE:
        for i in range(1, len(factors)):
            if factors[i].op.name == "diag":
                row = factors[0] if i == 1 else canonical_chain(*factors[:i])
                u = OPS["transpose"].canonical(upright_column(factors[i]))
                return _apply_diagonals([*_factors(canonical_product(u, row)), *factors[i + 1 :]])
    return factors


def upright_column(diagonal_matrix: Expr) -> Expr:
    """The column on the diagonal of diag(u)."""
    u = diagonal_matrix.args[0]
    return u if u.shape[1] is ONE else OPS["transpose"].canonical(u)


def _factors(e: Expr) -> list[Expr]:
    """A product's factors, its scalar first."""
    if e.op.name == "scale":
        return [e.args[0], *_factors(e.args[1])]
    return list(e.args) if e.op.name == "matmul" else [e]


def _inner_scalars(factors: list[Expr], scalars: list[Expr]) -> list[Expr]:
    """Move every part between two narrow places out of the chain."""
    scalars += [f for f in factors if f.is_scalar]
    factors = [f for f in factors if not f.is_scalar]
    kept: list[Expr] = []
    start = (
        0 if factors and factors[0].shape[0] is ONE else -1
    )  # where in `kept` the part since the last narrow place begins
    for f in factors:
        kept.append(f)
        if f.shape[1] is ONE:
            if start >= 0:
                scalars.append(_inner(kept[start:]))
                del kept[start:]
            start = len(kept)
    return kept


def _inner(run: list[Expr]) -> Expr:
    """The scalar rᵀ A ⋯ c, whichever way round is canonical."""
    turn = OPS["transpose"].canonical
    if len(run) == 2:
        return OPS["sum"].canonical(canonical_product(turn(run[0]), run[1]))
    back = [turn(f) for f in reversed(run)]
    half = len(run) // 2
    if len(run) % 2 == 0 and back == run:
        column = canonical_chain(*run[half:])
        return canonical_power(OPS["norm2"].canonical(column), number(2))
    if _order(back) < _order(run):
        run = back
    return finish(OPS["matmul"], tuple(run), SCALAR)


def _order(run: list[Expr]) -> tuple[int, list[tuple[int, int]]]:
    return sum([f.size for f in run]), [f.order for f in run]


def _assemble(factors: list[Expr], shape: Shape) -> Expr:
    if not factors:
        return eye(shape[0]) if shape[0] is shape[1] else _impossible(shape)
    if len(factors) == 1:
        return factors[0]
    if len(factors) == 2 and factors[0].op.name == factors[1].op.name == "ones":
        return ones(shape)
    return finish(OPS["matmul"], tuple(factors), shape)


def _impossible(shape: Shape) -> Expr:
    raise AssertionError(f"an empty product of shape {shape}")


def trace_of_chain(factors: tuple[Expr, ...]) -> Expr:
    """tr(A B ⋯): through a narrow place it is a scalar product; else the canonical rotation."""
    for i, f in enumerate(factors):
        if f.shape[0] is ONE:
            return canonical_chain(*factors[i:], *factors[:i])
    if base(factors[0])[0] is base(factors[-1])[0]:
        return OPS["tr"].canonical(canonical_chain(factors[-1], *factors[:-1]))
    turn = OPS["transpose"].canonical
    for i, f in enumerate(factors):
        if f.op.name == "diag":
            others = factors[i + 1 :] + factors[:i]
            rest = canonical_chain(*others) if len(others) > 1 else others[0]
            return OPS["sum"].canonical(canonical_product(upright_column(f), OPS["diagonal"].canonical(rest)))
    if len(factors) == 2:
        return OPS["sum"].canonical(canonical_product(turn(factors[0]), factors[1]))
    back = tuple(turn(f) for f in reversed(factors))
    turns = [list(run[i:] + run[:i]) for run in (factors, back) for i in range(len(run))]
    half = len(factors) // 2
    for run in turns:
        if len(run) % 2 == 0 and [turn(f) for f in reversed(run[half:])] == run[:half]:
            return canonical_power(OPS["norm2"].canonical(canonical_chain(*run[half:])), number(2))
    best = min(turns, key=_order)
    return finish(OPS["tr"], (finish(OPS["matmul"], tuple(best)),))
