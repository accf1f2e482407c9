"""Dask: the same program on arrays in chunks, of which nothing is computed before `.compute()`.

What works chunk by chunk is done so.  A matrix that is factored is taken as a whole, in one task: it has to fit in
memory, as X'X does where X does not.
"""

from __future__ import annotations

from collections.abc import Mapping

from closedform.errors import NotSupported
from closedform.program.language import ADD, ATOM, MULTIPLY, Language, Spell, Spelling, postfix
from closedform.program.languages import jax, numpy, python
from closedform.program.source import Program, Writer
from closedform.program.term import Term

IMPORTS = {
    "da.": "import dask.array as da",
    "dask.": "import dask",
    "np.": "import numpy as np",
    "scipy.linalg.": "import scipy.linalg",
    "scipy.special.": "import scipy.special",
}
ABSENT = frozenset(
    {"adj", "expm", "kron", "logm", "matpow", "normnuc", "pinv", "polar", "powersum", "sqrtm"}
    | {"vech", "added", "distances"}
)  #: instructions that Dask has nothing for
FACTORISATIONS = ("cholesky", "lu", "factor")


def helper(name: str) -> str:
    """A function of NumPy's, in the names of Dask."""
    return numpy.HELPER_SOURCES[name].replace("np.", "da.")


HELPERS = {
    **{name: helper(name) for name in ("softmax", "log1psq", "log1mexp", "smallexpm1", "logcosh", "rootprod")},
    "logsumexp": '''def logsumexp(x):
    """log(sum(exp(x))), shifted by the largest entry."""
    top = da.max(x)
    shift = da.where(da.isfinite(top), top, 0.0)
    return shift + da.log(da.sum(da.exp(x - shift)))''',
    "norm": '''def norm(x):
    """The Euclidean norm, without overflow and underflow of squares."""
    top = da.max(abs(x))
    scale = da.where((0 < top) & (top < np.inf), top, 1.0)
    return scale * da.sqrt(da.sum((x / scale) ** 2))''',
    "over": '''def over(a, b):
    """a/b for a norm b; 0 where b is 0, because what it multiplies vanishes faster."""
    return da.where(b != 0, a / da.where(b != 0, b, 1.0), 0.0)''',
    "ismax": helper("ismax"),
    "sech2": '''def sech2(z):
    """1 - tanh(z)**2, without cancellation."""
    e = da.exp(-2.0 * abs(z))
    return 4.0 * e / (1.0 + e) ** 2''',
    "softmaxslope": '''def softmaxslope(u, s):
    """diag(u) - u s' for an s of sum 1 and u a multiple of it: on the diagonal u times the sum of the other entries."""
    i = da.arange(len(s), chunks=s.chunks)
    return da.where(i[:, None] == i, (u * complement(s))[:, None], -u[:, None] * s)''',
    "centred": '''def centred(B, s):
    """The rows of B less the one where s is largest."""
    largest = da.arange(len(s), chunks=s.chunks) == da.argmax(s)
    return B - da.sum(da.where(largest, B.T, 0), axis=-1)''',
    "deflated": '''def deflated(H, w, u):
    """H with H w = 0 and w'H = 0: by these its row and column where w u is largest."""
    first = da.arange(len(w), chunks=w.chunks) == da.argmax(abs(w * u))
    top = da.sum(da.where(first, w, 0))
    top = da.where(top != 0, top, np.inf)
    H = H - first[:, None] * (w @ H / top)
    return H - (H @ w / top)[:, None] * first''',
    "rowcentred": '''def rowcentred(G, Z):
    """The rows of G, each less its entry where the row of Z is largest."""
    largest = da.arange(Z.shape[1], chunks=Z.chunks[1:]) == da.argmax(Z, axis=1)[:, None]
    return G - da.sum(da.where(largest, G, 0), axis=1)[:, None]''',
    "complement": numpy.HELPER_SOURCES["complement"].replace("np.", "da."),
    "whole": '''def whole(task, like, shape=None):
    """The array that one task makes, of the shape and type of another one, or of a shape of its own."""
    return da.from_delayed(task, like.shape if shape is None else shape, like.dtype)''',
    "slogdet": '''def slogdet(X):
    """log |det(X)|, without overflow."""
    return np.linalg.slogdet(X)[1]''',
    **{
        name: numpy.HELPER_SOURCES[name]
        for name in ("logdetpos", "commuted", "packed", "unpacked", "rowpairs", *FACTORISATIONS)
    },
    **{
        f"{kind}_{what}": numpy.HELPER_SOURCES[f"{kind}_{what}"]
        for kind in FACTORISATIONS
        for what in ("solve", "inverse", "logdet")
    },
    "cholesky_logdetratio": numpy.HELPER_SOURCES["cholesky_logdetratio"],
}


def otherwise(t: Term) -> Spelling:
    """An operation is spelled as for NumPy, by the functions of the same names."""
    s = numpy.otherwise(t)
    return Spelling(renamed(s.template), s.level, s.first, s.others)


def renamed(template: str) -> str:
    return template.replace("np.", "da.")


def absent(t: Term, writer: Writer) -> Spelling:
    raise NotSupported(f"Dask has no {t.op}", hint="ask for NumPy code")


def _like(spellings: Mapping[str, Spelling | Spell], prefix: str, name: str) -> Spell:
    """A spelling that depends on the term, in the names of Dask."""

    def spell(t: Term, writer: Writer) -> Spelling:
        made = spellings[name]
        assert not isinstance(made, Spelling)
        s = made(t, writer)
        return Spelling(s.template.replace(prefix, "da."), s.level, s.first, s.others)

    return spell


def _factored(kind: str) -> dict[str, Spelling]:
    """A factorisation is a task, beside the matrix whose shape and type the results have."""
    return {
        kind: Spelling(f"(dask.delayed({kind})({{0}}), {{0}})"),
        f"{kind}_solve": Spelling(f"whole(dask.delayed({kind}_solve)({{0}}[0], {{1}}), {{1}})", ATOM, ATOM),
        f"{kind}_inverse": Spelling(f"whole(dask.delayed({kind}_inverse)({{0}}[0]), {{0}}[1])", ATOM, ATOM),
        f"{kind}_logdet": Spelling(f"whole(dask.delayed({kind}_logdet)({{0}}[0]), {{0}}[1], ())", ATOM, ATOM),
    }


SPELLINGS: dict[str, Spelling | Spell] = {
    **{
        name: Spelling(renamed(s.template), s.level, s.first, s.others)
        if isinstance(s, Spelling)
        else _like(numpy.SPELLINGS, "np.", name)
        for name, s in numpy.SPELLINGS.items()
    },
    **{name: jax.SPELLINGS[name] for name in ("vec", "plus_transpose", "softmaxtimes", "rows", "take")},
    **{name: _like(jax.SPELLINGS, "jnp.", name) for name in ("ones", "zeros", "assemble", "plus_outers")},
    "full": lambda t, w: Spelling(f"{{0}} * da.ones({python.tuple_of(1, len(t.args))}, dtype)", MULTIPLY, MULTIPLY),
    "outers": _like(numpy.SPELLINGS, "np.", "outers"),
    "eye": Spelling("da.eye({0}, dtype=dtype)"),
    "sigmoid": Spelling("scipy.special.expit({0})"),
    "softplus": Spelling("np.logaddexp(0.0, {0})"),
    "logaddexp": Spelling("np.logaddexp({0}, {1})"),
    "plus_diagonal": lambda t, w: (
        Spelling("{0} + da.diag({1})", ADD)
        if t.args[1].rank
        else Spelling("{0} + {1} * da.eye({0}.shape[0], dtype=dtype)", ADD, ATOM, ATOM)
    ),
    "diagonal": Spelling("da.diagonal({0})"),
    "dot": Spelling("da.sum({0} * {1})", ATOM, MULTIPLY, ATOM),
    "flat": postfix("{0}.ravel()"),
    "solve": Spelling("whole(dask.delayed(np.linalg.solve)({0}, {1}), {1})"),
    "solve_transposed": Spelling("whole(dask.delayed(np.linalg.solve)({0}.T, {1}), {1})", ATOM, ATOM),
    "inverse": Spelling("whole(dask.delayed(np.linalg.inv)({0}), {0})"),
    "det": Spelling("whole(dask.delayed(np.linalg.det)({0}), {0}, ())"),
    "logdet": Spelling("whole(dask.delayed(slogdet)({0}), {0}, ())"),
    "logdetpos": Spelling("whole(dask.delayed(logdetpos)({0}), {0}, ())"),
    **{name: s for kind in FACTORISATIONS for name, s in _factored(kind).items()},
    "deflated": Spelling("deflated({0}, {1}, {2})"),
    "cholesky_logdetratio": Spelling(
        "whole(dask.delayed(cholesky_logdetratio)({0}[0], {1}[0]), {0}[1], ())", ATOM, ATOM, ATOM
    ),
    "lu_solve_transposed": Spelling("whole(dask.delayed(lu_solve)({0}[0], {1}, 1), {1})", ATOM, ATOM),
    **dict.fromkeys(ABSENT, absent),
}


def source(p: Program, name: str) -> str:
    """A self-contained source that defines one function of arrays in chunks."""
    return python.source(p, name, IMPORTS, HELPERS, python.arrays(p, "da.asarray"))


DASK = Language(
    "dask",
    SPELLINGS,
    otherwise,
    python.KEYWORDS | {"da", "dask", "np", "scipy", "dtype", "abs", *HELPERS},
    repr,
    source,
    python.sized,
)
