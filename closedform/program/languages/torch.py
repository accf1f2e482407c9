"""PyTorch: the same program on tensors, which stay on their device and keep their type."""

from __future__ import annotations

from closedform.errors import NotSupported
from closedform.program.language import (
    ADD,
    ATOM,
    MULTIPLY,
    POWER,
    Language,
    Spell,
    Spelling,
    halves,
    infix,
    listed,
    postfix,
)
from closedform.program.languages import numpy, python
from closedform.program.languages.python import OPERATORS, calls
from closedform.program.rowwise import with_dots, with_rows
from closedform.program.source import Program, Writer, identifier
from closedform.program.tensors import Part
from closedform.program.term import Term

IMPORTS = {"math.": "import math", "torch.": "import torch"}
HELPERS = {
    "tensor": '''def tensor(a):
    """A tensor as it is; anything else in double precision."""
    return a if torch.is_tensor(a) else torch.as_tensor(a, dtype=torch.float64)''',
    "ismax": '''def ismax(x):
    """1 at the largest entry, 0 elsewhere."""
    return (x == x.max()).to(x.dtype)''',
    "norm": '''def norm(x):
    """The Euclidean norm, without overflow and underflow of squares."""
    top = x.detach().abs().max()
    top = torch.where((0 < top) & (top < torch.inf), top, 1.0)
    return top * torch.linalg.norm(x / top)''',
    "paired": '''def paired(f, a, b):
    """A function of two tensors, one of which may be a number."""
    like = a if torch.is_tensor(a) else b
    return f(*(torch.as_tensor(x, dtype=like.dtype, device=like.device) for x in (a, b)))''',
    "rootprod": '''def rootprod(x, n):
    """exp(sum(log(x))/n), the n-th root of the product; exponents of 2 are added apart, where none is rounded."""
    m, e = torch.frexp(x)
    e = e.sum()
    k = e // n - 1
    return torch.exp2((m.log2().sum() + (e - k * n).to(m.dtype)) / n) * 2.0 ** k.to(m.dtype)''',
    "log1psq": '''def log1psq(x):
    """log(1 + x**2), without overflow."""
    small, large = x.abs().clamp(max=1), x.abs().clamp(min=1)
    return torch.log1p((small / large) ** 2) + 2 * torch.log(large)''',
    "log1mexp": '''def log1mexp(z):
    """log(1 - exp(z)), without cancellation."""
    near, far = z.clamp(min=-0.7), z.clamp(max=-0.7)
    return torch.where(z > -0.7, torch.log(-torch.expm1(near)), torch.log1p(-torch.exp(far)))''',
    "smallexpm1": '''def smallexpm1(z):
    """(exp(z) - 1)/exp(max(z, 0)), without overflow."""
    return -torch.sign(z) * torch.expm1(-z.abs())''',
    "logcosh": '''def logcosh(z):
    """log(cosh(z)), without overflow and cancellation."""
    a = z.abs()
    near, far = torch.log1p(2 * torch.sinh(a.clamp(max=1) / 2) ** 2), a + torch.log1p(torch.expm1(-2 * a) / 2)
    return torch.where(a < 1, near, far)''',
    "sech2": '''def sech2(z):
    """1 - tanh(z)**2, without cancellation."""
    e = torch.exp(-2 * z.abs())
    return 4 * e / (1 + e) ** 2''',
    "softmaxslope": '''def softmaxslope(u, s):
    """diag(u) - u s' for an s of sum 1 and u a multiple of it: on the diagonal u times the sum of the other entries."""
    H = torch.outer(-u, s)
    H.diagonal().copy_(u * complement(s))
    return H''',
    "centred": '''def centred(B, s):
    """The rows of B less the one where s is largest."""
    return B - B.index_select(0, s.argmax().reshape(1))''',
    "deflated": '''def deflated(H, w, u):
    """H with H w = 0 and w'H = 0: by these its row and column where w u is largest."""
    first = (torch.arange(len(w), device=w.device) == (w * u).abs().argmax()).to(w.dtype)
    top = torch.where(first @ w != 0, first @ w, torch.inf)
    H = H - torch.outer(first, w @ H / top)
    return H - torch.outer(H @ w / top, first)''',
    "complement": '''def complement(P, axis=None):
    """The sums of the other entries, of entries of sum 1: 1 less the entry, but added up for one above 1/2."""
    large, axis, keep = P > 0.5, tuple(range(P.ndim)) if axis is None else axis, axis is not None
    small, most = P.masked_fill(large, 0), P.masked_fill(~large, 0)
    others = (most.sum(axis, keepdim=keep) - P) + small.sum(axis, keepdim=keep)
    return torch.where(large, others, 1 - P)''',
    "rowcentred": '''def rowcentred(G, Z):
    """The rows of G, each less its entry where the row of Z is largest."""
    return G - G.gather(1, Z.argmax(1, keepdim=True))''',
    "rowslope": '''def rowslope(H, E, r):
    """E * (H - h), h the row sums of E * H times r.

    Twice, so that of an entry that dominates its row is left what it differs from h, and not the rounding of h.
    """
    D = H - (torch.linalg.vecdot(E, H) * r)[:, None]
    return E * (D - (torch.linalg.vecdot(E, D) * r)[:, None])''',
    "softplus": '''def softplus(z):
    """log(1 + exp(z)), without overflow."""
    return torch.logaddexp(z, torch.zeros_like(z))''',
    "powersum": '''def powersum(X, A, k):
    """The sum of X^i A X^(k-1-i), i = 0 … k-1; for k < 0 that of the inverse."""
    if k < 0:
        A, X, k = -torch.linalg.solve(X, torch.linalg.solve(X.T, A.T).T), torch.linalg.inv(X), -k
    total, power = torch.zeros_like(A), torch.eye(len(X), dtype=X.dtype, device=X.device)
    for _ in range(int(k)):  # Horner: S <- S X + X^i A
        total, power = total @ X + power @ A, power @ X
    return total''',
    "over": '''def over(a, b):
    """a/b for a norm b; 0 where b is 0, because what it multiplies vanishes faster."""
    return torch.where(b != 0, a / torch.where(b != 0, b, 1.0), 0.0)''',
    "polar": '''def polar(M):
    """M (M'M)^(-1/2), the orthogonal factor of M; of one that is nearly singular as well."""
    U, _, Vt = torch.linalg.svd(M, full_matrices=False)
    return U @ Vt''',
    "adjugate": '''def adjugate(X):
    """The transposed matrix of cofactors, also of a singular X, by the singular value decomposition."""
    U, s, Vt = torch.linalg.svd(X)
    one = torch.ones_like(s[:1])
    below = torch.cat((one, torch.cumprod(s, 0)[:-1]))
    above = torch.cat((torch.cumprod(s.flip(0), 0)[:-1].flip(0), one))
    sign = torch.linalg.det(U) * torch.linalg.det(Vt)
    return torch.round(sign) * (Vt.T * (below * above)) @ U.T''',
    "vech": '''def vech(X):
    """The entries on and below the diagonal, column by column."""
    rows, columns = torch.triu_indices(len(X), len(X))
    return X.T[rows, columns]''',
    "added": '''def added(X, rows, n):
    """M' X for the M with M y = y[rows], of n columns: each row of X is added to the place it belongs to."""
    return torch.zeros((n, *X.shape[1:]), dtype=X.dtype, device=X.device).index_add(0, rows.to(X.device), X)''',
    "commuted": '''def commuted(m, n):
    """The places in vec(A) of the entries of vec(A'), for A m×n: K(m,n) x is x[commuted(m, n)]."""
    return torch.arange(m * n).reshape(n, m).T.reshape(-1)''',
    "packed": '''def packed(n):
    """The places in vec(A) of the entries of vech(A), for A n×n: L(n) x is x[packed(n)]."""
    return torch.triu(torch.ones(n, n)).reshape(-1).nonzero()[:, 0]''',
    "rowpairs": '''def rowpairs(X, w=None):
    """The products of each two rows of X, i ≤ k, in the order of vech; times weights, if they are given."""
    i, k = torch.triu_indices(len(X), len(X), device=X.device)
    P = X[i] * X[k]
    return P if w is None else P * w[:, None]''',
    "unpacked": '''def unpacked(n):
    """The places in vech(S) of the entries of vec(S), for symmetric S: D(n) x is x[unpacked(n)]."""
    place = torch.zeros(n, n, dtype=torch.long)
    rows, columns = torch.triu_indices(n, n)
    place[rows, columns] = torch.arange(n * (n + 1) // 2)
    return torch.maximum(place, place.T).reshape(-1)''',
    "kron": '''def kron(A, B):
    """A ⊗ B; torch's own does not take transposed views."""
    return torch.kron(A.contiguous(), B.contiguous())''',
    "plus_diagonal": '''def plus_diagonal(A, d):
    """A + diag(d), in the memory of A."""
    A.diagonal().add_(d)
    return A''',
}


def otherwise(t: Term) -> Spelling:
    raise NotSupported(f"PyTorch has no {t.op}", hint="ask for NumPy code")


def _of_a_tensor(prefix: str) -> Spell:
    """A function that does not take numbers."""
    return lambda t, writer: Spelling(f"{prefix}{t.op}(" + ("tensor({0})" if _is_number(t.args[0]) else "{0}") + ")")


def _over(t: Term, writer: Writer) -> Spelling:
    return Spelling("over({0}, tensor({1}))" if _is_number(t.args[1]) else "over({0}, {1})")


def _filled(t: Term, writer: Writer) -> Spelling:
    return Spelling(f"torch.{t.op}({listed(0, len(t.args))}, **like)")


def _by_rank(vector: str, matrix: str, first: int = ADD) -> Spell:
    """A spelling that depends on the rank of the last operand."""
    return lambda t, writer: Spelling(vector if t.args[-1].rank == 1 else matrix, ATOM, first, ATOM)


def _is_number(t: Term) -> bool:
    """Is it made of sizes and numbers alone, and so no tensor?"""
    if t.axes:
        return False
    return all(_is_number(a) for a in t.args) if t.args else t.op in ("number", "size")


def _function(t: Term, writer: Writer) -> Spelling:
    """A function entry by entry; of sizes and numbers that of Python."""
    if _is_number(t):
        return Spelling(f"math.{t.op.replace('arc', 'a').replace('abs', 'fabs')}({{0}})")
    return Spelling(f"torch.{t.op}({{0}})")


def _einsum(t: Term, writer: Writer) -> Spelling:
    pair, out = python.outer_words(t)
    if pair:
        left, right = (spread(f"{{{n}}}", word, out) for n, word in enumerate(pair))
        return Spelling(f"{left} * {right}", MULTIPLY, ATOM, ATOM)
    return Spelling(f"torch.einsum('{t.data}', {listed(0, len(t.args))})")


def spread(place: str, word: str, out: str) -> str:
    return python.spread(place, word, out).replace(".transpose(", ".permute(")


def _tensordot(t: Term, writer: Writer) -> Spelling:
    left, right = ([*word] for word in t.data)  # type: ignore[attr-defined]
    return Spelling(f"torch.tensordot({{0}}, {{1}}, ({left}, {right}))")


def _outers(t: Term, writer: Writer) -> Spelling:
    columns, rows = halves(t)
    return Spelling(f"torch.stack(({columns})).T @ torch.stack(({rows}))", MULTIPLY)


def _plus_outers(t: Term, writer: Writer) -> Spelling:
    if len(t.args) == 3:
        return Spelling("torch.addr({0}, {1}, {2})")
    columns, rows = halves(t, 1)
    return Spelling(f"torch.addmm({{0}}, torch.stack(({columns})).T, torch.stack(({rows})))")


def _plus_diagonal(t: Term, writer: Writer) -> Spelling:
    copied = "" if python.is_fresh(t.args[0], writer) else ".clone()"
    return Spelling(f"plus_diagonal({{0}}{copied}, {{1}})", ATOM, ATOM if copied else ADD)


def assemble(t: Term, writer: Writer) -> Spelling:
    """Lines that add the products to a tensor, each on its diagonal."""
    parts: tuple[Part, ...] = t.data  # type: ignore[assignment]
    J, operands = identifier("J", writer.taken), list(t.args)
    sizes = [writer.shown[a][0] for a in operands[len(operands) - len(t.axes) :]]
    writer.lines.append(f"{J} = torch.zeros({', '.join(sizes)}, **like)")
    for part in parts:
        terms, operands = operands[: len(part.words)], operands[len(part.words) :]
        place, letters = J, list(part.view)
        while len(set(letters)) < len(letters):
            c = next(c for c in letters if letters.count(c) > 1)
            a = letters.index(c)
            b = letters.index(c, a + 1)
            place += f".diagonal(dim1={a}, dim2={b})"
            letters = [d for n, d in enumerate(letters) if n not in (a, b)] + [c]
        value, joined = _product(part, terms, letters, writer), "sub" if part.negative else "add"
        if part.replaces:
            value, joined = f"-({value})" if part.negative else value, "copy"
        writer.lines.append(f"{place}.{joined}_({value})")
    return Spelling(J)


ENTRYWISE = "exp log sin cos tan arcsin arccos arctan sinh cosh tanh erf erfc sqrt expm1 log1p abs"
PAIRED = {"hypot": "hypot", "logaddexp": "logaddexp", "larger": "maximum", "smaller": "minimum"}


def _product(part: Part, terms: list[Term], letters: list[str], writer: Writer) -> str:
    codes, out = [writer.operand(a, ATOM) for a in terms], "".join(letters)
    if set("".join(part.words)) - set(out):
        return f"torch.einsum('{','.join(part.words)}->{out}', {', '.join(codes)})"
    return " * ".join(spread(code, w, out) for code, w in zip(codes, part.words, strict=True))


EYE = "torch.eye({0}.shape[0], dtype={0}.dtype, device={0}.device)"
SPELLINGS: dict[str, Spelling | Spell] = {
    **OPERATORS,
    **dict.fromkeys(ENTRYWISE.split(), _function),
    **calls("diag diagonal", "torch."),
    "over": _over,
    **dict.fromkeys(["sigmoid", "relu", "sign"], _of_a_tensor("torch.")),
    **dict.fromkeys(["softplus", "log1psq", "log1mexp", "smallexpm1", "logcosh", "sech2"], _of_a_tensor("")),
    **calls("ismax polar vech packed unpacked"),
    "rowpairs": python.by_its_name,
    **{name: Spelling(f"paired(torch.{f}, {{0}}, {{1}})") for name, f in PAIRED.items()},
    "rowslope": Spelling("rowslope({0}, {1}, {2})"),
    "rowdots": Spelling("torch.linalg.vecdot({0}, {1})"),
    "columndots": Spelling("torch.linalg.vecdot({0}, {1}, dim=0)"),
    "rowmax": postfix("{0}.amax(1)"),
    "logdetpos": Spelling("torch.logdet({0})"),
    "softmaxslope": Spelling("softmaxslope({0}, {1})"),
    **{name: Spelling(f"{name}({{0}}, {{1}})") for name in ("centred", "rowcentred")},
    "complement": numpy.complement,
    "deflated": Spelling("deflated({0}, {1}, {2})"),
    "rootprod": Spelling("rootprod({0}, {1})"),
    "distances": Spelling("torch.cdist({0}, {1}, compute_mode='donot_use_mm_for_euclid_dist') ** 2", POWER, ADD),
    "kron": Spelling("kron({0}, {1})"),
    "outer": Spelling("torch.outer({0}, {1})"),
    "sum": postfix("{0}.sum()"),
    "sum_over": lambda t, w: postfix(f"{{0}}.sum({t.data})"),
    "max": postfix("{0}.max()"),
    "tr": Spelling("torch.trace({0})"),
    "dot": Spelling("torch.tensordot({0}, {1}, 2)"),
    "norm1": postfix("{0}.abs().sum()"),
    "norm2": Spelling("norm({0})"),
    "normnuc": Spelling("torch.linalg.matrix_norm({0}, 'nuc')"),
    "logsumexp": lambda t, w: Spelling(f"torch.logsumexp({{0}}, {tuple(range(t.args[0].rank))})"),
    "softmax": Spelling("torch.softmax({0}, 0)"),
    "det": Spelling("torch.linalg.det({0})"),
    "logdet": Spelling("torch.linalg.slogdet({0})[1]"),
    "adj": Spelling("adjugate({0})"),
    "pinv": Spelling("torch.linalg.pinv({0})"),
    "expm": Spelling("torch.linalg.matrix_exp({0})"),
    "powersum": Spelling("powersum({0}, {1}, {2})"),
    "matpow": Spelling("torch.linalg.matrix_power({0}, {1})"),
    "solve": Spelling("torch.linalg.solve({0}, {1})"),
    "solve_transposed": Spelling("torch.linalg.solve({0}.T, {1})", ATOM, ATOM),
    "inverse": Spelling("torch.linalg.inv({0})"),
    "cholesky": Spelling("torch.linalg.cholesky({0})"),
    "cholesky_solve": _by_rank("torch.cholesky_solve({1}[:, None], {0})[:, 0]", "torch.cholesky_solve({1}, {0})"),
    "cholesky_inverse": Spelling("torch.cholesky_inverse({0})"),
    "cholesky_logdet": Spelling("2 * torch.log(torch.diagonal({0})).sum()", MULTIPLY),
    "cholesky_logdetratio": Spelling("2 * torch.log(torch.diagonal({0}) / torch.diagonal({1})).sum()", MULTIPLY),
    **dict.fromkeys(["lu", "factor"], Spelling("torch.linalg.lu_factor({0})")),
    **dict.fromkeys(
        ["lu_solve", "factor_solve"],
        _by_rank("torch.linalg.lu_solve(*{0}, {1}[:, None])[:, 0]", "torch.linalg.lu_solve(*{0}, {1})", ATOM),
    ),
    "lu_solve_transposed": _by_rank(
        "torch.linalg.lu_solve(*{0}, {1}[:, None], adjoint=True)[:, 0]",
        "torch.linalg.lu_solve(*{0}, {1}, adjoint=True)",
        ATOM,
    ),
    **dict.fromkeys(
        ["lu_inverse", "factor_inverse"],
        Spelling("torch.linalg.lu_solve(*{0}, " + EYE.replace("{0}", "{0}[0]") + ")", ATOM, ATOM),
    ),
    **dict.fromkeys(
        ["lu_logdet", "factor_logdet"], Spelling("torch.log(torch.diagonal({0}[0]).abs()).sum()", ATOM, ATOM)
    ),
    "plus_transpose": Spelling("{0} + {0}.T", ADD, ATOM),
    "plus_diagonal": _plus_diagonal,
    "added": Spelling("added({0}, {1}, {2})"),
    "commuted": Spelling("commuted({0}, {1})"),
    "vec": postfix("{0}.T.reshape(-1)"),
    "flat": postfix("{0}.reshape(-1)"),
    "take": python.taken,
    "rows": python.rows,
    "eye": _filled,
    "ones": _filled,
    "zeros": _filled,
    "full": lambda t, w: Spelling(f"{{0}} * torch.ones({listed(1, len(t.args))}, **like)", MULTIPLY, MULTIPLY),
    "reshape": lambda t, w: postfix(f"{{0}}.reshape({listed(1, len(t.args))})"),
    "einsum": _einsum,
    "tensordot": _tensordot,
    "permute": lambda t, w: postfix(f"{{0}}.permute{t.data}"),
    "outers": _outers,
    "plus_outers": _plus_outers,
    "softmaxtimes": Spelling("{0}[:, None] * ({2} - {1} @ {2})", MULTIPLY, ATOM, ATOM),
    "stack": lambda t, w: Spelling(f"torch.stack(({listed(0, len(t.args))}), dim=1)"),
    "matmul_each": infix("@", MULTIPLY),
    "assemble": assemble,
}


def source(p: Program, name: str) -> str:
    """A self-contained source that defines one function of tensors."""
    arrays = [f"{p.names[a.name]} = tensor({p.names[a.name]})" for a in p.arguments]
    first = python.first_array(p)
    like = f'{{"dtype": {first}.dtype, "device": {first}.device}}' if first else '{"dtype": torch.float64}'
    if any("**like" in line for line in [*p.lines, *p.results]):
        arrays.append(f"like = {like}")
    return python.source(p, name, IMPORTS, HELPERS, arrays)


TORCH = Language(
    "torch",
    SPELLINGS,
    otherwise,
    python.KEYWORDS | {"torch", "like", *HELPERS},
    repr,
    source,
    python.sized,
    fused=lambda roots: with_dots(with_rows(roots)),
)
