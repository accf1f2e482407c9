"""NumPy: source code and compiled functions of arrays.

The code is straight-line: whatever is used twice is computed once, and lines stay short.
"""

from __future__ import annotations

import keyword
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

from closedform.core.expr import Expr, symbols, topological
from closedform.core.shape import ONE, Dim, show
from closedform.emit import products, stable  # noqa: F401  (their rules)
from closedform.emit.lower import MOVES, Lowering
from closedform.emit.plan import ATOM, Term
from closedform.emit.text import text
from closedform.errors import RequestError, TooLarge

if TYPE_CHECKING:
    from closedform.emit.runtime import Argument, Compiled

WIDTH = 88  #: characters after which a value gets a line of its own
NESTING = 12  #: parentheses within parentheses on one line
SHORT = 200  #: operations of a formula that a docstring shows


@dataclass(frozen=True, slots=True)
class Backend:
    """An array library: how it is imported, and the names it spells differently."""

    name: str
    imports: Mapping[str, str]  #: a prefix in the code, and the line that imports it
    renamed: Mapping[str, str] = field(default_factory=dict)


NUMPY = Backend(
    "numpy",
    {"np.": "import numpy as np", "scipy.linalg.": "import scipy.linalg", "scipy.special.": "import scipy.special"},
)
RESERVED = frozenset(
    ("np", "scipy", "float", "int", "len", "sigmoid", "softplus", "logsumexp", "softmax", "ismax", "powersum", "over",
     "adjugate", "commuted", "packed", "unpacked", "vech", "added", "range")
)  #: names that code uses  # fmt: skip


@dataclass(slots=True)
class Program:
    """A function of arrays, in lines.

    Attributes:
        arguments: the variables, in order.
        sizes: dimensions that must be given, because no variable shows them.
        names: the Python name of each variable.
        dims: the Python name of each dimension.
        bindings: how the dimensions are read from the arrays.
        formula: what is computed, for the docstring.
        returns: what kind of array that is.
    """

    arguments: list[Argument]
    sizes: list[str]
    names: dict[str, str]
    dims: dict[str, str]
    bindings: dict[str, str]
    formula: str
    returns: str
    lines: list[str] = field(default_factory=list)
    result: str = ""


Write = Callable[[Lowering, "Writer"], str]  #: writes the lines and gives the expression to return


def program(e: Expr, variables: Sequence[Expr] | None) -> Program:
    """The lines that compute an expression, and the names in them."""

    def write(low: Lowering, writer: Writer) -> str:
        root = low.lower(e)
        last = writer.write(root)
        if e.is_scalar:
            return f"float({last})"
        return f"np.array({last})" if is_view(root) else last

    try:
        formula = text(e) if e.size < SHORT else f"A formula of {e.size:,} operations."
    except TooLarge:
        formula = "A formula too long to write down."
    returns = "a number" if e.is_scalar else f"{show(e.shape)}, a {1 if ONE in e.shape else 2}-D array"
    return written([e], variables, write, formula, returns)


def written(
    expressions: Sequence[Expr],
    variables: Sequence[Expr] | None,
    write: Write,
    formula: str,
    returns: str,
    dims_of_result: Iterable[Dim] = (),
) -> Program:
    """A program of some expressions.

    Args:
        expressions: those it computes with; their symbols are its arguments.
        variables: its first arguments, in order; by default the symbols by name.
        write: see `Write`.
        formula: for the docstring.
        returns: for the docstring.
        dims_of_result: dimensions that the code may need beyond those of constants.
    """
    from closedform.emit.runtime import Argument

    found = symbols(*expressions)
    declared = list(variables) if variables is not None else found
    missing = [s for s in found if s not in declared]
    named = {s.data.name for s in declared}
    if any(s.data.name in named for s in missing) or len(named) < len(declared):
        raise RequestError("two variables of the same name cannot be told apart in code")
    arguments = [Argument(s.data.name, s.shape) for s in declared + missing]
    taken = set(RESERVED)
    names = {a.name: identifier(a.name, taken) for a in arguments}
    certain = named_sizes(expressions)
    needed = sorted(certain.union(*[d.names for d in dims_of_result]))
    dims = {n: identifier(n, taken) for n in needed}
    shown: dict[str, str] = {}
    for a in arguments:
        for axis, d in enumerate(a.dims):
            if d.name:
                shown.setdefault(d.name, f"{names[a.name]}.shape[{axis}]")
    writer = Writer(taken)
    result = write(Lowering(names, dims), writer)
    code = " ".join([*writer.lines, result])
    used = [n for n in needed if re.search(rf"\b{re.escape(dims[n])}\b", code)]
    sizes = [n for n in needed if n not in shown and (n in certain or n in used)]
    bindings = {n: shown[n] for n in used if n in shown}
    return Program(arguments, sizes, names, dims, bindings, formula, returns, writer.lines, result)


def named_sizes(expressions: Iterable[Expr]) -> set[str]:
    """The named dimensions of the constants in some expressions."""
    used: set[str] = set()
    for node in topological(expressions):
        if node.op.name == "dim":
            used.update(node.data.names)
        elif node.op.name in ("ones", "zeros", "eye", *MOVES):
            used.update(node.shape[0].names + node.shape[1].names)
    return used


def is_view(t: Term) -> bool:
    """Does an array share its memory with an argument, or refuse to be written to?"""
    if t.template.startswith("np.diagonal("):
        return True
    while t.args and (t.cheap or "ravel" in t.template):
        t = t.args[0]
    return not t.args and t.cheap


def identifier(name: str, taken: set[str]) -> str:
    """A Python name like the given one that is not taken yet; it is added to `taken`."""
    safe = normalize("NFKC", name)
    if not safe.isidentifier() or safe.startswith("__"):
        safe = "v"
    while safe in taken or keyword.iskeyword(safe):
        safe += "_"
    taken.add(safe)
    return safe


class Writer:
    """Turns terms into lines `t0 = …`; what is used once and is short stays inside its user's line."""

    def __init__(self, taken: set[str]) -> None:
        self.taken = taken
        self.lines: list[str] = []
        self.shown: dict[Term, tuple[str, int, int]] = {}  # code, level, nesting
        self.uses: Counter[Term] = Counter()
        self.count = 0

    def write(self, root: Term) -> str:
        """The expression to return, after its lines."""
        self.expect(root)
        return self.value(root)

    def expect(self, root: Term) -> None:
        """Count how often each term is used, before any is written."""
        self.uses = Counter(a for t in topological([root]) for a in t.args)

    def value(self, root: Term) -> str:
        """The code of a term, after its lines."""
        for t in topological([root]):
            if t in self.shown:
                continue
            self.shown[t] = self.fill(t)
            code, _, depth = self.shown[t]
            long = t is not root and (len(code) > WIDTH or depth > NESTING)
            if (self.uses[t] > 1 and not t.cheap) or long:
                self.shown[t] = self.assign(code), ATOM, 0
        return self.shown[root][0]

    def fill(self, t: Term) -> tuple[str, int, int]:
        """The template filled in; long operands get lines of their own first."""
        parts, depth = [self.operand(a, need) for a, need in zip(t.args, t.needs, strict=True)], 0
        if sum(len(p) for p in parts) > WIDTH:
            for a in sorted(t.args, key=lambda a: -len(self.shown[a][0])):
                if len(self.shown[a][0]) > WIDTH // 3 and not a.cheap:
                    self.shown[a] = self.assign(self.shown[a][0]), ATOM, 0
            parts = [self.operand(a, need) for a, need in zip(t.args, t.needs, strict=True)]
        depth = 1 + max((self.shown[a][2] for a in t.args), default=-1)
        return (t.template.format(*parts) if parts else t.template), t.level, depth

    def operand(self, a: Term, need: int) -> str:
        code, level, _ = self.shown[a]
        return code if level >= need else f"({code})"

    def assign(self, code: str) -> str:
        name = f"t{self.count}"
        while name in self.taken:
            self.count += 1
            name = f"t{self.count}"
        self.count += 1
        self.lines.append(f"{name} = {code}")
        return name


def code(e: Expr, name: str = "derivative", variables: Sequence[Expr] | None = None, backend: Backend = NUMPY) -> str:
    """A self-contained Python source that defines one function of arrays.

    Args:
        e: the expression.
        name: the function's name.
        variables: its parameters, in order; by default the symbols of `e` by name.
        backend: the array library.

    Raises:
        RequestError: `name` is not an identifier, or two variables have the same name.

    Cost: one visit per node of the graph.
    """
    return source(program(e, variables), name, backend)


def source(p: Program, name: str, backend: Backend) -> str:
    """The source of a function that runs a program.

    Raises:
        RequestError: `name` is not an identifier.
    """
    if not name.isidentifier() or keyword.iskeyword(name):
        raise RequestError(f"{name[:40]!r} cannot name a Python function")
    parameters = [p.names[a.name] for a in p.arguments] + [p.dims[n] for n in p.sizes]
    body = [
        f"{p.names[a.name]} = np.asarray({p.names[a.name]}, dtype=float)" + ("" if a.dims else "[()]")
        for a in p.arguments
    ]
    body += [f"{p.dims[n]} = {place}" for n, place in p.bindings.items()]
    body += [*p.lines, f"return {p.result}"]
    lines = "\n".join("    " + line for line in body)
    helpers = _helpers(lines)
    written = lines + "".join(helpers)
    for common, own in backend.renamed.items():
        written = written.replace(common, own)
    imports = [line for prefix, line in backend.imports.items() if prefix in written]
    return "\n".join(
        [
            *imports,
            *["\n\n" + h for h in helpers],
            f"\n\ndef {name}({', '.join(parameters)}):",
            _docstring(p),
            lines,
            "",
        ]
    ).lstrip("\n")


def _helpers(lines: str) -> list[str]:
    """The source of the helper functions that the code calls."""
    from inspect import getsource

    from closedform.emit.runtime import HELPERS

    return [
        getsource(f).rstrip().replace("  # type: ignore[no-untyped-def]", "")
        for name, f in HELPERS.items()
        if re.search(rf"(?<![\w.]){name}\(", lines)
    ]


def _docstring(p: Program) -> str:
    rows = [f"        {p.names[a.name]}: {show(a.shape)}" for a in p.arguments]
    rows += [f"        {p.dims[n]}: the size {n}" for n in p.sizes]
    arguments = "\n\n    Args:\n" + "\n".join(rows) if rows else ""
    return f'    """{p.formula}{arguments}\n\n    Returns:\n        {p.returns}\n    """'


def compile(e: Expr, variables: Sequence[Expr] | None = None) -> Compiled:
    """The expression as a function of arrays, by keyword or in the order of `variables`.

    >>> import closedform.ops
    >>> from closedform.core.expr import symbol
    >>> from closedform.core.shape import shape_of
    >>> x = symbol("x", shape_of(["n"]))
    >>> compile(x.T @ x)(x=[3, 4])
    25.0
    """
    return compiled(program(e, variables))


def compiled(p: Program) -> Compiled:
    """A program as a function."""
    from closedform.emit.runtime import Compiled

    code = source(p, "derivative", NUMPY)
    space: dict[str, Any] = {}
    exec(builtin_compile(code), space)
    return Compiled(space["derivative"], code, p.arguments, p.sizes)


def builtin_compile(source: str) -> Any:
    """Bytecode of our own source: it holds only names made by `identifier` and templates of this package."""
    import builtins

    return builtins.compile(source, "<closedform>", "exec")
