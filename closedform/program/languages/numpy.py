"""NumPy and SciPy: the language that compiled functions run in."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import getsource

from closedform.core.expr import OPS
from closedform.errors import NotSupported
from closedform.program import runtime, strips
from closedform.program.grams import with_grams
from closedform.program.language import ADD, ATOM, MULTIPLY, Language, Spell, Spelling, halves, infix, listed, postfix
from closedform.program.languages import python
from closedform.program.languages.inplace import BINARY, UNARY, in_place
from closedform.program.languages.python import OPERATORS, calls, is_fresh, is_view, tuple_of
from closedform.program.pairs import with_pairs
from closedform.program.quadratics import with_quadratics
from closedform.program.rowwise import with_dots, with_rows
from closedform.program.source import Program, Writer, identifier
from closedform.program.tensors import Part
from closedform.program.term import Term

IMPORTS = {
    "np.": "import numpy as np",
    "scipy.linalg.": "import scipy.linalg",
    "scipy.spatial.": "import scipy.spatial",
    "scipy.special.": "import scipy.special",
}
BORROWING = frozenset({"vec", "permute", "first", "diagonal"})  #: besides `VIEWS`: they may give views


def otherwise(t: Term) -> Spelling:
    """An operation of closedform is spelled by its record."""
    record = OPS.get(t.op)
    if record is None or not record.code:
        raise NotSupported(f"there is no NumPy code for {t.op}")
    return postfix(record.code) if record.code.startswith("{0}") else Spelling(record.code)


def _filled(t: Term, writer: Writer) -> Spelling:
    """A call with a tuple of sizes."""
    return Spelling(f"np.{t.op}({tuple_of(0, len(t.args))}{_typed(writer)})")


def _typed(writer: Writer) -> str:
    """The precision of a new array, where it is not the usual one."""
    return f", dtype=np.{writer.language.dtype}" if writer.language.dtype else ""


def _full(t: Term, writer: Writer) -> Spelling:
    """A number everywhere; what is computed may be a whole number, of sizes, the array is not of them."""
    typed = _typed(writer) or ("" if t.args[0].op == "number" else ", dtype=float")
    return Spelling(f"np.full({tuple_of(1, len(t.args))}, {{0}}{typed})")


def _reshape(t: Term, writer: Writer) -> Spelling:
    return postfix(f"{{0}}.reshape({listed(1, len(t.args))})")


def _einsum(t: Term, writer: Writer) -> Spelling:
    """By broadcasting where nothing is summed: that writes the result once, einsum zeroes it first."""
    pair, out = python.outer_words(t)
    if pair:
        left, right = (python.spread(f"{{{n}}}", word, out) for n, word in enumerate(pair))
        return Spelling(f"{left} * {right}", MULTIPLY, ATOM, ATOM)
    return Spelling(f"np.einsum('{t.data}', {listed(0, len(t.args))})")


def _sum_over(t: Term, writer: Writer) -> Spelling:
    return postfix(f"{{0}}.sum(axis={t.data})")


def complement(t: Term, writer: object) -> Spelling:
    return Spelling("complement({0})" if t.data is None else f"complement({{0}}, {t.data})")


def _tensordot(t: Term, writer: Writer) -> Spelling:
    left, right = ([*word] for word in t.data)  # type: ignore[attr-defined]
    return Spelling(f"np.tensordot({{0}}, {{1}}, ({left}, {right}))")


def _permute(t: Term, writer: Writer) -> Spelling:
    return Spelling(f"np.transpose({{0}}, {t.data})")


def _outers(t: Term, writer: Writer) -> Spelling:
    """The columns, and then the rows, as two thin matrices."""
    columns, rows = halves(t)
    return Spelling(f"np.stack(({columns})).T @ np.stack(({rows}))", MULTIPLY)


def _plus_outers(t: Term, writer: Writer) -> Spelling:
    columns, rows = halves(t, 1)
    comma = "," if len(t.args) == 3 else ""
    place, level = _owned(0, t, writer)
    return Spelling(f"plus_outers({place}, ({columns}{comma}), ({rows}{comma}))", ATOM, level)


def _solve(t: Term, writer: Writer) -> Spelling:
    """Of a diagonal and a product U V that nothing else needs, by that product's factors."""
    A = t.args[0]
    thin = A.op == "plus_diagonal" and A.args[0].op == "matmul"
    if not thin or not all(is_fresh(x, writer) and x not in writer.kept for x in (A, A.args[0])):
        return Spelling("np.linalg.solve({0}, {1})")
    d, U, V = (writer.operand(x, ADD) for x in (A.args[1], *A.args[0].args))
    return Spelling(f"lowrank_solve({d}, {U}, {V}{'' if t.args[1] is A.args[0].args[0] else ', {1}'})")


def _multiply(t: Term, writer: Writer) -> Spelling:
    """A new matrix before a number that is computed: so the product is written over it."""
    number, array = t.args[0], t.args[-1]
    if number.rank or number.value is not None or array.rank < 2 or not is_fresh(array, writer):
        return infix("*", MULTIPLY)
    return Spelling("{1} * {0}", MULTIPLY, MULTIPLY + 1, MULTIPLY)


def _softmaxtimes(t: Term, writer: Writer) -> Spelling:
    return Spelling(f"softmaxtimes({{0}}, {{1}}, {_owned(2, t, writer)[0]})", ATOM, ADD, ATOM)


def _over_first(t: Term, writer: Writer) -> Spelling:
    """A function that writes over its first operand."""
    place, level = _owned(0, t, writer)
    return Spelling(f"{t.op}({', '.join([place, *(f'{{{n}}}' for n in range(1, len(t.args)))])})", ATOM, level)


def _deflated(t: Term, writer: Writer) -> Spelling:
    place, level = _owned(0, t, writer)
    return Spelling(f"deflated({place}, {{1}}, {{2}})", ATOM, level)


def _plus_diagonal(t: Term, writer: Writer) -> Spelling:
    place, level = _owned(0, t, writer)
    return Spelling(f"plus_diagonal({place}, {{1}})", ATOM, level)


def _pair_gram(t: Term, writer: Writer) -> Spelling:
    given = "".join(f", {name}={{{n}}}" for n, name in enumerate(str(t.data), 2))
    return Spelling(f"pair_gram({{0}}, {{1}}{given})")


def _owned(n: int, t: Term, writer: Writer) -> tuple[str, int]:
    """The place of an operand that is written over, a copy if it is needed, and how tightly it must bind there."""
    return (f"{{{n}}}", ADD) if is_fresh(t.args[n], writer) else (f"{{{n}}}.copy()", ATOM)


def assemble(t: Term, writer: Writer) -> Spelling:
    """Lines that add the products to an array, each in its place; those of two operands row by row."""
    parts: tuple[Part, ...] = t.data  # type: ignore[assignment]
    operands, into = list(t.args), writer.language.into if t in writer.roots else ""
    J = into or identifier("J", writer.taken)
    sizes = [writer.shown[a][0] for a in operands[len(operands) - len(t.axes) :]]
    shape = f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
    dense = bool(parts) and len(parts[0].words) == 1 and parts[0].words[0] == parts[0].view
    row_first = bool(parts) and len(parts[0].words) == 2
    if into and not dense and not row_first:
        writer.lines.append(f"{J}[...] = 0")
    elif not into and not dense:
        writer.lines.append(f"{J} = np.{'empty' if row_first else 'zeros'}({shape}{_typed(writer)})")
    by_rows, views, i = list[str](), list[str](), identifier("i", writer.taken)
    writer.taken.discard(i)
    for n, part in enumerate(parts):
        terms, operands = operands[: len(part.words)], operands[len(part.words) :]
        if dense and n == 0 and into and not part.negative and writer.language.stored:
            writer.lines += writer.language.stored(terms[0], J, writer)
        elif dense and n == 0:
            writer.lines.append(f"{J}{'[...]' if into else ''} = {_begun(terms[0], part.negative, writer)}")
        elif len(part.words) == 2:
            factors, sign = _row(part, terms, i, writer), "-" if part.negative else "+"
            if n == 0 and len(factors) == 2:
                by_rows.append(f"    np.multiply({', '.join(factors)}, out={J}[{i}])")
            else:
                by_rows.append(f"    {J}[{i}] {sign if n else ''}= {' * '.join(factors)}")
        else:
            missing = "".join(c for c in dict.fromkeys(part.view) if c not in part.words[0])
            target = missing + part.words[0]
            place = J if target == part.view else f"np.einsum('{part.view}->{target}', {J})[...]"
            views.append(f"{place} {_joined(part, terms[0], writer, alone=n == 0 and place != J)}")
    loop = [f"for {i} in range(len({J})):", *by_rows] if by_rows else []
    writer.lines += [*loop, *views] if row_first else [*views, *loop]
    return Spelling(J)


def _joined(part: Part, value: Term, writer: Writer, *, alone: bool) -> str:
    if part.replaces or alone:
        return f"= -{writer.operand(value, 3)}" if part.negative else f"= {writer.shown[value][0]}"
    return f"{'-' if part.negative else '+'}= {writer.shown[value][0]}"


def _begun(value: Term, negative: bool, writer: Writer) -> str:
    code = writer.shown[value][0]
    if negative:
        return f"-{writer.operand(value, 3)}"
    return code if is_fresh(value, writer) else f"np.array({code})"


def _row(part: Part, terms: list[Term], i: str, writer: Writer) -> list[str]:
    """A row of a product as large as the result, as its factors: no second array of that size is made."""
    c, view = part.view[0], part.view[1:]
    words, codes = [], []
    for word, t in zip(part.words, terms, strict=True):
        words.append(word.replace(c, ""))
        at = word.find(c)
        codes.append(writer.named(t) + ("" if at < 0 else "[" + ":, " * at + i + "]"))
    if words[1] and view.startswith(words[1]):
        words, codes = words[::-1], codes[::-1]
    shared = [c for c in words[0] if c in words[1]]
    free = "".join(c for w in words for c in w if c not in shared)
    if not shared:
        return [python.spread(code, word, view) for code, word in zip(codes, words, strict=True)]
    if sorted(free) != sorted(view):
        return [f"np.einsum('{','.join(words)}->{view}', {', '.join(codes)})"]
    left, right = ([w.index(c) for c in shared] for w in words)
    product = f"np.tensordot({', '.join(codes)}, ({left}, {right}))"
    return [product if free == view else f"np.transpose({product}, {tuple(free.index(c) for c in view)})"]


SPELLINGS: dict[str, Spelling | Spell] = {
    **OPERATORS,
    "multiply": _multiply,
    **{op: Spelling(f"{function}({{0}})") for op, function in UNARY.items()},
    **{op: Spelling(f"{function}({{0}}, {{1}})") for op, function in BINARY.items()},
    **calls("logdetpos log1psq log1mexp smallexpm1 logcosh sech2"),
    "rowmax": Spelling("np.max({0}, axis=1)"),
    "softmaxslope": Spelling("softmaxslope({0}, {1})"),
    **{name: Spelling(f"{name}({{0}}, {{1}})") for name in ("centred", "rowcentred")},
    "deflated": _deflated,
    "rowexp": _over_first,
    "rowslope": _over_first,
    "expm": Spelling("expm({0})"),
    "distances": Spelling("scipy.spatial.distance.cdist({0}, {1}, 'sqeuclidean')"),
    **calls("plus_transpose cholesky cholesky_inverse cholesky_logdet lu lu_inverse lu_logdet "
            "factor factor_inverse factor_logdet"),
    **{name: Spelling(f"{name}({{0}}, {{1}})") for name in
       ("cholesky_quadratics", "cholesky_quadratic", "factor_quadratics", "factor_quadratic",
        "rowdots", "columndots", "cholesky_solve", "cholesky_logdetratio",
        "lu_solve", "factor_solve", "commuted", "rootprod",
        "weighted_gram", "signed_gram", "softmax_gram")},
    "lu_solve_transposed": Spelling("lu_solve({0}, {1}, trans=1)"),
    **calls("polar packed unpacked"),
    "rowpairs": python.by_its_name,
    "added": Spelling("added({0}, {1}, {2})"),
    "dot": Spelling("np.vdot({0}, {1})"),
    "outer": Spelling("np.outer({0}, {1})"),
    "kron": Spelling("np.kron({0}, {1})"),
    "solve": _solve,
    "solve_transposed": Spelling("np.linalg.solve({0}.T, {1})", ATOM, ATOM),
    "inverse": Spelling("np.linalg.inv({0})"),
    "matpow": Spelling("np.linalg.matrix_power({0}, {1})"),
    "vec": postfix("{0}.ravel(order='F')"),
    "flat": postfix("{0}.ravel()"),
    "stack": lambda t, w: Spelling(f"np.stack(({listed(0, len(t.args))}), axis=1)"),
    "matmul_each": infix("@", MULTIPLY),
    "outers": _outers,
    "plus_outers": _plus_outers,
    "softmaxtimes": _softmaxtimes,
    "pair_gram": _pair_gram,
    "complement": complement,
    "take": python.taken,
    "rows": python.rows,
    "ones": _filled,
    "zeros": _filled,
    "full": _full,
    "eye": lambda t, w: Spelling(f"np.eye({{0}}{_typed(w)})"),
    "reshape": _reshape,
    "sum_over": _sum_over,
    "einsum": _einsum,
    "tensordot": _tensordot,
    "permute": _permute,
    "plus_diagonal": _plus_diagonal,
    "assemble": assemble,
}  # fmt: skip


def returned(t: Term, code: str) -> str:
    """Numbers are floats; an array that is given back is nobody else's."""
    if not t.axes:
        return f"float({code})"
    unary = t.op == "einsum" and len(t.args) == 1
    return f"np.array({code})" if unary or is_view(t, BORROWING) else code


def source(p: Program, name: str) -> str:
    """A self-contained Python source that defines one function of arrays."""
    return python.source(p, name, IMPORTS, HELPER_SOURCES, conversions(p))


def conversions(p: Program) -> list[str]:
    """Lines that make arrays of the arguments, and numbers of those without axes."""
    dtype = f"np.{p.language.dtype}" if p.language.dtype else "float"
    return [
        f"{p.names[a.name]} = np.asarray({p.names[a.name]}, dtype={dtype})" + ("" if a.dims else "[()]")
        for a in p.arguments
        if a.name not in p.as_they_come
    ]


def fused(roots: Sequence[Term]) -> list[Term]:
    """The same results, of what functions of ours compute as one."""
    return with_dots(with_rows(with_pairs(with_grams(with_quadratics(roots))), exponentials=True))


HELPERS = runtime.HELPERS | strips.HELPERS
HELPER_SOURCES = {
    name: getsource(f).rstrip().replace("  # type: ignore[no-untyped-def]", "") for name, f in HELPERS.items()
}
NUMPY = Language(
    "numpy",
    in_place(SPELLINGS),
    otherwise,
    python.KEYWORDS | {"np", "scipy", *HELPERS},
    repr,
    source,
    python.sized,
    returned=returned,
    fused=fused,
)
