"""The table of operations, from their records: each applied to variables, and asked what its differential is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from markupsafe import Markup

from book.environment import ENVIRONMENT
from closedform.ask import derivative, differential
from closedform.core.expr import OPS, Op, symbol
from closedform.core.function import Function
from closedform.core.normal import normal
from closedform.emit.latex import latex, spelled
from closedform.emit.text import text
from closedform.errors import NotSupported, VerificationError
from closedform.formula import Formula
from closedform.identity.questions import check
from closedform.program.languages import LANGUAGES
from closedform.syntax.declare import declarations
from closedform.syntax.text import parse
from closedform.web.mathml import mathml

ROWS = """
Leaves
symbol: X
number: 2.5
dim: sum(x)/n
ones: ones(m,n)
zeros: zeros(m,n)
eye: eye(n)
commutation: K(m,n)
duplication: D(n)
elimination: L(n)

Arithmetic
add: A + B
scale: s*A; s: scalar
hadamard: A.*B
power: X.^p; p: scalar

Products
matmul: A*B
transpose: A'
inv: inv(X)
matpow: X^k; k: scalar integer; X: matrix(n,n)
powersum: powersum(X, A, k); k: scalar integer; by A

Entry by entry
exp log sin cos tan arcsin arccos arctan sinh cosh tanh sigmoid softplus relu abs sign erf: X

Sums, norms, maxima
sum norm1 norm2 max ismax: X
logsumexp softmax: x

Trace and determinant
tr det logdet adj: X

Diagonals, Kronecker products, vec
diag: diag(x)
diagonal: diag(X); X: matrix(n,n)
kron: kron(A, B)
vec vech: X

Functions of a matrix
expm logm sqrtm pinv normnuc: X
"""
LEAD = """\
These {count} records are what closedform knows of matrix calculus; everything else follows from them. The table is made
from the records when this page is built. The program is asked for the differential of every operation, and for what
carries a cotangent Y of the result back to each operand: the G with ⟨Y, dF⟩ = ⟨G, dX⟩. Both are checked against the
operation itself. `expm`, `logm` and `sqrtm` are differentiated under a trace only; their rows show that."""
KINDS = {
    "leaf": "leaf",
    "multilinear": "linear in each operand",
    "elementwise": "entry by entry",
    "function": "nonlinear",
}


@dataclass(frozen=True)
class Row:
    """An operation, applied.

    Attributes:
        op: its record.
        text: how it is written, of variables.
        let: declarations that this needs.
        by: the only variable that it is differentiated by; else there is none.
    """

    op: Op
    text: str
    let: str = ""
    by: str = ""

    @property
    def function(self) -> Function:
        dims = ["m", "n"] if self.op.kind == "leaf" else []
        shapes, properties, functions = declarations([self.let])
        return parse(self.text, shapes, properties, functions, dims=dims, infer=True)

    @property
    def variables(self) -> list[str]:
        """Those that it is differentiated by."""
        free = [name for name, x in self.function.variables.items() if "integer" not in x.data.properties]
        return [] if self.op.kind == "leaf" else [self.by] if self.by else free


def families() -> dict[str, list[Row]]:
    """The operations by family, in order."""
    found: dict[str, list[Row]] = {}
    for paragraph in ROWS.strip().split("\n\n"):
        title, *lines = paragraph.split("\n")
        found[title] = [row for line in lines for row in _rows(line)]
    return found


def _rows(line: str) -> list[Row]:
    names, _, rest = line.partition(": ")
    rest, _, by = rest.partition("; by ")
    text, _, let = rest.partition("; ")
    several = text in ("x", "X") and OPS[names.split()[0]].kind != "leaf"
    return [Row(OPS[n], f"{n}({text})" if several else text, let, by) for n in names.split()]


def page() -> str:
    """The page, whose tables are blocks."""
    count = sum(map(len, families().values()))
    lines = ["# The operations", "", LEAD.format(count=count)]
    for title in families():
        lines += ["", f"## {title}", "", "```operations", title, "```"]
    return "\n".join(lines) + "\n"


def table(title: str) -> str:
    """The table of one family, in HTML."""
    rows = [_shown(row) for row in families()[title]]
    return ENVIRONMENT.get_template("operations.html").render(rows=rows, title=title)


def _shown(row: Row) -> dict[str, Any]:
    f, op = row.function, row.op
    inline = partial(mathml, display=False)
    return {
        "name": op.name,
        "kind": KINDS[op.kind],
        "math": inline(latex(f.expr)),
        "text": row.text,
        "shapes": [str(s).strip() for s in op.signatures],
        "doc": " ".join(op.doc.split()),
        "differential": _differential(f, row.variables) if row.variables else None,
        "adjoints": _adjoints(f, row.variables),
        "domain": op.domain.format(_operand(f)),
        "template": op.latex.format(*"ABC"),
        "missing": _missing(f),
    }


def _operand(f: Function) -> str:
    return next(iter(f.variables), "")


def _differential(f: Function, variables: list[str]) -> Markup:
    """d(F), checked as a statement; of what is differentiated under a trace only, d(tr F)."""
    try:
        dF = differential(f, *variables)
    except NotSupported:
        if f.expr.is_scalar:
            raise
        return _differential(replace(f, expr=OPS["tr"](f.expr)), variables)
    shapes = {name: x.shape for name, x in f.variables.items()}
    properties = {name: x.data.properties for name, x in f.variables.items()}
    v = check(f"d({text(f.expr)}) = {dF.text}", shapes, properties, infer=True)
    if v.verdict != "true":
        raise VerificationError(f"the differential of {text(f.expr)} is not right: {v}")
    return mathml(rf"\text{{d}}({latex(f.expr)}) = {dF.latex()}", display=False)


def _adjoints(f: Function, variables: list[str]) -> list[Markup]:
    """What Y becomes on its way back to each operand, checked as the derivative of ⟨Y, F⟩; none is known of some."""
    found = []
    Y = symbol("Y" if not f.expr.is_scalar else "y", f.expr.shape)
    paired = Y * f.expr if f.expr.is_scalar else OPS["sum"](Y * f.expr)
    for name in variables:
        try:
            G = derivative(replace(f, expr=paired, variables={**f.variables, Y.data.name: Y}), name)
        except NotSupported:
            continue
        G.check()
        found.append(mathml(rf"G_{{{spelled(name)}}} = {G.latex()}", display=False))
    return found


def _missing(f: Function) -> list[str]:
    """The languages that have no code for the operation."""
    asked, found = Formula(f, normal(f.expr)), []
    for name in LANGUAGES:
        try:
            asked.code(name)
        except NotSupported:
            found.append(name)
    return found
