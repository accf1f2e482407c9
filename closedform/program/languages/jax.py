"""JAX: the same program for `jax.jit`, `jax.vmap` and accelerators, in the precision of the arrays it gets."""

from __future__ import annotations

from closedform.errors import NotSupported
from closedform.program.language import ADD, ATOM, MULTIPLY, Language, Spell, Spelling, added_to, halves, infix, postfix
from closedform.program.languages import numpy, python
from closedform.program.layout import is_each
from closedform.program.lengths import length
from closedform.program.rowwise import with_rows
from closedform.program.source import Program, Writer
from closedform.program.tensors import Part
from closedform.program.term import Term

IMPORTS = {"jax.": "import jax", "jnp.": "import jax.numpy as jnp", "np.": "import numpy as np"}
WIDE = 2  #: columns for each row of a matrix that is solved with, for which its inverse is formed
ABSENT = {"logm": "logm"}  #: functions that JAX does not have
LIKE_NUMPY: tuple[str, ...] = ("rootprod", "log1psq", "log1mexp", "smallexpm1", "logcosh")
LIKE_NUMPY += ("centred", "rowcentred", "complement")
HELPERS = {
    "norm": '''def norm(x):
    """The Euclidean norm, without overflow and underflow of squares."""
    top = jax.lax.stop_gradient(jnp.max(jnp.abs(x), initial=0.0))
    plain = (0 < top) & (top < jnp.inf)
    return jnp.where(plain, top, 1.0) * jnp.linalg.norm(x / jnp.where(plain, top, 1.0))''',
    "logdetpos": '''def logdetpos(X):
    """log(det(X)), without overflow; nan where det(X) < 0."""
    sign, log = jnp.linalg.slogdet(X)
    return jnp.where(sign >= 0, log, jnp.nan)''',
    **{name: numpy.HELPER_SOURCES[name].replace("np.", "jnp.") for name in LIKE_NUMPY},
    "sech2": '''def sech2(z):
    """1 - tanh(z)**2, without cancellation."""
    e = jnp.exp(-2.0 * jnp.abs(z))
    return 4.0 * e / (1.0 + e) ** 2''',
    "softmaxslope": '''def softmaxslope(u, s):
    """diag(u) - u s' for an s of sum 1 and u a multiple of it: on the diagonal u times the sum of the other entries."""
    i = jnp.arange(len(s))
    return jnp.where(i[:, None] == i, (u * complement(s))[:, None], -u[:, None] * s)''',
    "deflated": '''def deflated(H, w, u):
    """H with H w = 0 and w'H = 0: by these its row and column where w u is largest."""
    k = jnp.argmax(jnp.abs(w * u))
    top = jnp.where(w[k] != 0, w[k], jnp.inf)
    H = H.at[k].add(-(w @ H) / top)
    return H.at[:, k].add(-(H @ w) / top)''',
    "rowslope": '''def rowslope(H, E, r):
    """E * (H - h), h the row sums of E * H times r.

    Twice, so that of an entry that dominates its row is left what it differs from h, and not the rounding of h.
    """
    P = E * r[:, None]
    D = H - jnp.einsum("ij,ij->i", P, H)[:, None]
    return E * (D - jnp.einsum("ij,ij->i", P, D)[:, None])''',
    "distances": '''def distances(X, Y):
    """The squared distances between the rows of X and those of Y."""
    return jnp.sum((X[:, None] - Y[None]) ** 2, axis=2)''',
    "ismax": '''def ismax(x):
    """1 at the largest entry, 0 elsewhere."""
    return (x == jnp.max(x)).astype(x.dtype)''',
    "powersum": '''def powersum(X, A, k):
    """The sum of X^i A X^(k-1-i), i = 0 … k-1; for k < 0 that of the inverse."""
    if k < 0:
        A, X, k = -jnp.linalg.solve(X, jnp.linalg.solve(X.T, A.T).T), jnp.linalg.inv(X), -k
    total, power = jnp.zeros_like(A), jnp.eye(len(X))
    for _ in range(int(k)):  # Horner: S <- S X + X^i A
        total, power = total @ X + power @ A, power @ X
    return total''',
    "over": '''def over(a, b):
    """a/b for a norm b; 0 where b is 0, because what it multiplies vanishes faster."""
    return jnp.where(b != 0, a / jnp.where(b != 0, b, 1.0), 0.0)''',
    "adjugate": '''def adjugate(X):
    """The transposed matrix of cofactors, also of a singular X, by the singular value decomposition."""
    U, s, Vt = jnp.linalg.svd(X)
    below = jnp.concatenate((jnp.ones(1), jnp.cumprod(s)[:-1]))
    above = jnp.concatenate((jnp.cumprod(s[::-1])[-2::-1], jnp.ones(1)))
    sign = jnp.linalg.det(U) * jnp.linalg.det(Vt)
    return jnp.round(sign) * (Vt.T * (below * above)) @ U.T''',
    "vech": '''def vech(X):
    """The entries on and below the diagonal, column by column."""
    return X.T[np.triu_indices(len(X))]''',
    "added": '''def added(X, rows, n):
    """M' X for the M with M y = y[rows], of n columns: each row of X is added to the place it belongs to."""
    return jnp.zeros((n, *X.shape[1:]), X.dtype).at[rows].add(X)''',
    "polar": numpy.HELPER_SOURCES["polar"].replace("np.", "jnp."),
    **{name: numpy.HELPER_SOURCES[name] for name in ("commuted", "packed", "unpacked", "rowpairs")},
}


def otherwise(t: Term) -> Spelling:
    """An operation is spelled as for NumPy, by the functions of the same names."""
    if t.op in ABSENT:
        raise NotSupported(f"JAX has no {ABSENT[t.op]}", hint="ask for NumPy code")
    s = numpy.otherwise(t)
    return Spelling(renamed(s.template), s.level, s.first, s.others)


def renamed(template: str) -> str:
    return template.replace("np.", "jnp.").replace("scipy.", "jax.scipy.")


def _like_numpy(name: str) -> Spell:
    """A spelling that depends on the term, in the names of JAX."""

    def spell(t: Term, writer: Writer) -> Spelling:
        made = numpy.SPELLINGS[name]
        assert not isinstance(made, Spelling)
        s = made(t, writer)
        return Spelling(renamed(s.template), s.level, s.first, s.others)

    return spell


def _matmul(t: Term, writer: Writer) -> Spelling:
    """XLA multiplies by a transposed matrix on the left at half the speed, unless it is stored transposed first.

    One that is computed entry by entry would be computed in that order, across, which takes longer.
    """
    if t.args[0].op == "transpose" and not is_each(t.args[0].args[0]):
        return Spelling("jax.lax.optimization_barrier({0}) @ {1}", MULTIPLY, ADD, ATOM)
    return infix("@", MULTIPLY)


def _matvec(t: Term, writer: Writer) -> Spelling:
    """A'x as x @ A, and x'A' as A @ x: XLA is ten times slower where a matrix is transposed first."""
    first = t.op == "matvec"
    A = t.args[0 if first else 1]
    if A.op != "transpose":
        return infix("@", MULTIPLY)
    bare = writer.operand(A.args[0], ATOM)
    return Spelling(f"{{1}} @ {bare}" if first else f"{bare} @ {{0}}", MULTIPLY, ATOM, ATOM)


def _plus_diagonal(t: Term, writer: Writer) -> Spelling:
    if t.args[1].rank:
        return Spelling("{0} + jnp.diag({1})", ADD)
    return Spelling("{0} + {1} * jnp.eye({0}.shape[0], dtype={0}.dtype)", ADD, ATOM, ATOM)


def _outers(t: Term, writer: Writer, start: int) -> Spelling:
    """Several as thin matrices; one alone is entry by entry, which XLA fuses with what it is added to."""
    columns, rows = halves(t, start)
    return Spelling(f"jnp.stack(({columns})).T @ jnp.stack(({rows}))", MULTIPLY)


def _lu_solve(t: Term, writer: Writer) -> Spelling:
    """By the inverse where far more columns are solved for than the matrix has: XLA's solves are slow."""
    trans, (n, *columns) = ", trans=1" if t.op == "lu_solve_transposed" else "", t.args[1].axes
    if columns and length(columns[0]) >= WIDE * length(n):
        inverse = f"jax.scipy.linalg.lu_solve({{0}}, jnp.eye({{0}}[0].shape[0], dtype={{0}}[0].dtype){trans})"
        return Spelling(inverse + " @ {1}", MULTIPLY, ATOM, ATOM)
    return Spelling(f"jax.scipy.linalg.lu_solve({{0}}, {{1}}{trans})")


def assemble(t: Term, writer: Writer) -> Spelling:
    """The sum of the products, those on a diagonal multiplied by identity matrices."""
    parts: tuple[Part, ...] = t.data  # type: ignore[assignment]
    shown, place = "", 0
    for part in parts:
        count = len(part.words)
        places = [f"{{{place + n}}}" for n in range(count)]
        if part.replaces:
            shown = f" + ({shown.removeprefix(' + ')}) * (1 - {' * '.join(_diagonals(part, t, writer))})"
        shown += (" - " if part.negative else " + ") + _product(part, places, t, writer)
        place += count
    sizes = [f"{{{place + n}}}" for n in range(len(t.axes))]
    letters = {c for part in parts for c in "".join(part.words)} | {
        c for p in parts for c in p.view if p.view.count(c) > 1
    }
    if not parts or any(set(part.view) - letters for part in parts):
        shown += f" + jnp.zeros(({', '.join(sizes)},), dtype)"
    return Spelling(shown.removeprefix(" + "), ADD, ATOM, ATOM)


def _product(part: Part, places: list[str], t: Term, writer: Writer) -> str:
    if set("".join(part.words)) - set(part.view):
        return f"jnp.einsum('{','.join(part.words)}->{part.view}', {', '.join(places)})"
    out = _letters(part)
    shown = [python.spread(p, word, out) for p, word in zip(places, part.words, strict=True)]
    return " * ".join(shown + _diagonals(part, t, writer))


def _letters(part: Part) -> str:
    """A letter for every axis of the result, new ones where a letter of the view comes again."""
    new = iter("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return "".join(next(new) if c in part.view[:n] else c for n, c in enumerate(part.view))


def _diagonals(part: Part, t: Term, writer: Writer) -> list[str]:
    """An identity matrix for each two axes of the result that have one letter in the view."""
    out, sizes = _letters(part), t.args[len(t.args) - len(t.axes) :]
    return [
        python.spread(f"jnp.eye({writer.shown[size][0]}, dtype=dtype)", c + other, out)
        for c, other, size in zip(part.view, out, sizes, strict=True)
        if c != other
    ]


SPELLINGS: dict[str, Spelling | Spell] = {
    **{
        name: Spelling(renamed(s.template), s.level, s.first, s.others)
        if isinstance(s, Spelling)
        else _like_numpy(name)
        for name, s in numpy.SPELLINGS.items()
    },
    "matmul": _matmul,
    **dict.fromkeys(["matvec", "vecmat"], _matvec),
    "solve": Spelling("jnp.linalg.solve({0}, {1})"),
    "eye": Spelling("jnp.eye({0}, dtype=dtype)"),
    **dict.fromkeys(["ones", "zeros"], lambda t, w: Spelling(f"jnp.{t.op}({python.tuple_of(0, len(t.args))}, dtype)")),
    "full": lambda t, w: Spelling(f"jnp.full({python.tuple_of(1, len(t.args))}, {{0}}, dtype)"),
    "sigmoid": Spelling("jax.nn.sigmoid({0})"),
    "softplus": Spelling("jax.nn.softplus({0})"),
    "logsumexp": Spelling("jax.nn.logsumexp({0})"),
    "softmax": Spelling("jax.nn.softmax({0})"),
    "expm": Spelling("jax.scipy.linalg.expm({0})"),
    "sqrtm": Spelling("jax.scipy.linalg.sqrtm({0}).real"),
    "distances": Spelling("distances({0}, {1})"),
    "rowslope": Spelling("rowslope({0}, {1}, {2})"),
    "deflated": Spelling("deflated({0}, {1}, {2})"),
    "vec": postfix("{0}.T.ravel()"),
    "plus_transpose": Spelling("{0} + {0}.T", ADD, ATOM),
    "plus_diagonal": _plus_diagonal,
    "plus_outers": added_to("jnp.outer({0}, {1})", _outers),
    "softmaxtimes": Spelling("{0}[:, None] * ({2} - {1} @ {2})", MULTIPLY, ATOM, ATOM),
    "cholesky": Spelling("jnp.linalg.cholesky({0})"),
    "cholesky_solve": Spelling("jax.scipy.linalg.cho_solve(({0}, True), {1})"),
    "cholesky_inverse": Spelling(
        "jax.scipy.linalg.cho_solve(({0}, True), jnp.eye({0}.shape[0], dtype={0}.dtype))", ATOM, ATOM
    ),
    "cholesky_logdet": Spelling("2 * jnp.sum(jnp.log(jnp.diagonal({0})))", MULTIPLY),
    "cholesky_logdetratio": Spelling("2 * jnp.sum(jnp.log(jnp.diagonal({0}) / jnp.diagonal({1})))", MULTIPLY),
    **dict.fromkeys(["lu", "factor"], Spelling("jax.scipy.linalg.lu_factor({0})")),
    **dict.fromkeys(["lu_solve", "factor_solve", "lu_solve_transposed"], _lu_solve),
    **dict.fromkeys(
        ["lu_inverse", "factor_inverse"],
        Spelling("jax.scipy.linalg.lu_solve({0}, jnp.eye({0}[0].shape[0], dtype={0}[0].dtype))", ATOM, ATOM),
    ),
    **dict.fromkeys(
        ["lu_logdet", "factor_logdet"], Spelling("jnp.sum(jnp.log(jnp.abs(jnp.diagonal({0}[0]))))", ATOM, ATOM)
    ),
    "assemble": assemble,
}


def source(p: Program, name: str) -> str:
    """A self-contained source that defines one function of JAX arrays."""
    return python.source(p, name, IMPORTS, HELPERS, python.arrays(p, "jnp.asarray"))


JAX = Language(
    "jax",
    SPELLINGS,
    otherwise,
    python.KEYWORDS | {"jax", "jnp", "np", "dtype", *HELPERS},
    repr,
    source,
    python.sized,
    fused=with_rows,
)
