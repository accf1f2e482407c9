"""Programs: terms in lines of a language.

The code is straight-line: whatever is used twice is computed once, and lines stay short.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from closedform.compact.present import present
from closedform.core.expr import Expr, symbols, topological
from closedform.core.shape import Dim, show
from closedform.emit.index import index_text
from closedform.emit.text import text
from closedform.errors import RequestError, TooLarge
from closedform.index.tensor import Tensor
from closedform.program import logarithms, products, stable, sums  # noqa: F401  (their rules)
from closedform.program.callable import Argument
from closedform.program.cancel import uncancelled
from closedform.program.factorise import share_factorisations
from closedform.program.gathering import pieces_of
from closedform.program.language import ATOM, NEGATE, Language, Spelling
from closedform.program.layout import laid_out
from closedform.program.lower import Lowering
from closedform.program.shift import shifted
from closedform.program.tensors import lower_tensor
from closedform.program.term import Term

WIDTH = 88  #: characters after which a value gets a line of its own
NESTING = 12  #: parentheses within parentheses on one line
SHORT = 200  #: operations of a formula that a comment shows
Output = Expr | Tensor  #: what a program computes


@dataclass(frozen=True, slots=True)
class Lowered:
    """What is to be computed, before a language is chosen.

    Attributes:
        arguments: the variables, in order.
        outputs: what each result is, in words, and the axes of its array.
        roots: the terms of the results.
        several: whether the results are given back as a tuple.
    """

    arguments: tuple[Argument, ...]
    outputs: tuple[str, ...]
    roots: tuple[Term, ...]
    several: bool

    @property
    def order(self) -> list[Term]:
        """Every term, operands first."""
        return topological(self.roots)

    @property
    def sizes(self) -> list[str]:
        """Named dimensions that no variable shows: they are arguments too."""
        shown = {d.name for a in self.arguments for d in a.dims}
        return sorted({str(t.data) for t in self.order if t.op == "size"} - shown)


def lower(
    outputs: Sequence[Output],
    variables: Sequence[Expr] | None = None,
    *,
    several: bool = False,
) -> Lowered:
    """The terms that compute some expressions and tensors, sharing all they can; cheap at the sizes that are assumed.

    Args:
        outputs: the results, in order.
        variables: the first arguments, in order; by default the symbols by name.
        several: whether one result is given back as a tuple too.

    Raises:
        RequestError: two variables have the same name.
        NotSupported: an operation is abstract, or has no code.
    """
    low = Lowering()
    pieces = {t: pieces_of(t) for t in outputs if isinstance(t, Tensor)}
    of_each = [[o] if isinstance(o, Expr) else [e for p in pieces[o] for e in p.expressions()] for o in outputs]
    roots = [e for expressions in of_each for e in expressions]
    steady = {e: shifted(uncancelled(e)) for e in outputs if isinstance(e, Expr)}
    low.visit([steady.get(e, e) for e in roots])
    terms = [low[steady[o]] if isinstance(o, Expr) else lower_tensor(o, pieces[o], low) for o in outputs]
    terms = share_factorisations(low.plan, laid_out(low.plan, terms))
    return Lowered(
        arguments_of(roots, variables), tuple(map(described, outputs)), tuple(terms), several or len(outputs) > 1
    )


def arguments_of(expressions: Sequence[Expr], variables: Sequence[Expr] | None) -> tuple[Argument, ...]:
    """The parameters of a program: the declared variables, then the other symbols.

    Raises:
        RequestError: two of them have the same name.
    """
    found = symbols(*expressions)
    declared = list(variables) if variables is not None else found
    missing = [s for s in found if s not in declared]
    named = {s.data.name for s in declared}
    if any(s.data.name in named for s in missing) or len(named) < len(declared):
        raise RequestError("two variables of the same name cannot be told apart in code")
    return tuple(Argument(s.data.name, s.shape) for s in declared + missing)


def described(output: Output) -> str:
    """The formula of a result, as it is printed elsewhere, for a comment."""
    try:
        if isinstance(output, Expr) and output.size < SHORT:
            return text(present(output) if output.is_normal else output)
        if isinstance(output, Expr):
            return f"A formula of {output.size:,} operations."
        size = sum(f.expr.size for p in output.products for f in p.factors) + len(output.products)
        return index_text(output, show=present) if size < SHORT else f"A tensor of {size:,} operations."
    except TooLarge:
        return "A formula too long to write down."


@dataclass(frozen=True, slots=True)
class Program:
    """A function of arrays, in lines.

    Attributes:
        language: it is written in.
        arguments: the variables, in order.
        sizes: dimensions that must be given, because no variable shows them.
        names: the name in the code of each variable.
        dims: the name in the code of each dimension.
        bindings: how the dimensions are read from the arrays.
        lines: the body.
        results: the code of each result.
        outputs: what each result is, in words.
        roots: the terms of the results.
        kept: terms whose values have a name, and so stay until the end.
        several: whether the results are given back as a tuple.
        as_they_come: variables that are not made arrays of: they are sparse.
    """

    language: Language
    arguments: tuple[Argument, ...]
    sizes: list[str]
    names: Mapping[str, str]
    dims: Mapping[str, str]
    bindings: Mapping[str, str]
    lines: list[str]
    results: list[str]
    outputs: tuple[str, ...]
    roots: tuple[Term, ...]
    kept: frozenset[Term]
    several: bool
    as_they_come: frozenset[str] = frozenset()

    @property
    def axes(self) -> list[tuple[Dim, ...]]:
        """The sizes of each result."""
        return [r.axes for r in self.roots]

    @property
    def order(self) -> list[Term]:
        """Every term, operands first."""
        return topological(self.roots)

    @property
    def parameters(self) -> list[str]:
        into = [self.language.into] if self.language.into else []
        return [self.names[a.name] for a in self.arguments] + [self.dims[n] for n in self.sizes] + into

    @property
    def returns(self) -> list[str]:
        """What kind of array each result is, in words."""
        return [f"{'×'.join(map(str, axes))}, a {len(axes)}-D array" if axes else "a number" for axes in self.axes]

    @property
    def explained(self) -> list[tuple[str, str]]:
        """The parameters, each with what it is."""
        shown = [(self.names[a.name], show(a.shape)) for a in self.arguments]
        return shown + [(self.dims[n], f"the size {n}") for n in self.sizes]


def write(lowered: Lowered, language: Language) -> Program:
    """A program in a language.

    Raises:
        NotSupported: the language has no spelling for an instruction.
    """
    taken = set(language.reserved)
    lowered = replace(lowered, roots=tuple(language.fused(lowered.roots)))
    arguments, order = lowered.arguments, lowered.order
    names = {a.name: identifier(language.spelled(a.name), taken) for a in arguments}
    needed = sorted({str(t.data) for t in order if t.op == "size"})
    dims = {n: identifier(language.spelled(n), taken) for n in needed}
    shown: dict[str, str] = {}
    for a in arguments:
        for axis, d in enumerate(a.dims):
            if d.name:
                shown.setdefault(d.name, language.sized(names[a.name], axis, len(a.dims)))
    writer = Writer(language, {**names}, dims, taken)
    results = writer.write(lowered.roots)
    code = " ".join([*writer.lines, *results])
    used = [n for n in needed if re.search(rf"\b{re.escape(dims[n])}\b", code)]
    return Program(
        language,
        arguments,
        lowered.sizes,
        names,
        dims,
        {n: shown[n] for n in used if n in shown},
        writer.lines,
        results,
        lowered.outputs,
        lowered.roots,
        frozenset(writer.kept),
        lowered.several,
    )


def identifier(name: str, taken: set[str]) -> str:
    """A name like the given identifier that is not taken yet; it is added to `taken`."""
    while name in taken:
        name += "_"
    taken.add(name)
    return name


class Writer:
    """Turns terms into lines `t0 = …`; what is used once and is short stays inside its user's line."""

    def __init__(self, language: Language, names: Mapping[str, str], dims: Mapping[str, str], taken: set[str]) -> None:
        self.language, self.names, self.dims, self.taken = language, names, dims, taken
        self.lines: list[str] = []
        self.shown: dict[Term, tuple[str, int, int]] = {}  # code, level, nesting
        self.uses: Counter[Term] = Counter()
        self.kept: set[Term] = set()
        self.roots: Sequence[Term] = ()
        self.count = 0

    def write(self, roots: Sequence[Term]) -> list[str]:
        """The expressions to return, after their lines."""
        order = topological(roots)
        self.uses = Counter(a for t in order for a in t.args)
        self.uses.update(roots)
        self.roots = roots
        read = self.read(roots)
        for t in order:
            self.shown[t] = self.fill(t)
            code, _, depth = self.shown[t]
            long = t not in roots and (len(code) > WIDTH or depth > NESTING)
            if ((read[t] > 1 and not t.cheap) or long) and not re.fullmatch(r"\w+", code):
                self.shown[t] = self.assign(code, t), ATOM, 0
        if self.language.stored is None:
            return [self.language.returned(t, self.shown[t][0]) for t in roots]
        (root,) = roots
        self.lines += self.language.stored(root, self.language.into, self)
        return [self.language.into]

    def read(self, roots: Sequence[Term]) -> Counter[Term]:
        """How often the code of each term is written; what is seen through a view is written with the view."""
        found = Counter(roots)
        for t in reversed(topological(roots)):
            for a in t.args:
                found[a] += found[t] if t.cheap else 1
        return found

    def fill(self, t: Term) -> tuple[str, int, int]:
        """The code of a term; long operands get lines of their own first."""
        if t.op == "variable":
            return self.names[str(t.data)], ATOM, 0
        if t.op == "size":
            return self.dims[str(t.data)], ATOM, 0
        if t.value is not None:
            return self.language.number(t.value), (NEGATE if t.value < 0 else ATOM), 0
        s = self.language.spelling(t, self)
        repeated = [a for n, a in enumerate(t.args) if s.template.count(f"{{{n}}}") > 1]
        for a in repeated:
            self.named(a)
        if "{0}" in s.template and sum(len(p) for p in self.operands(t, s)) > WIDTH:
            for a in sorted(t.args, key=lambda a: -len(self.shown[a][0])):
                if len(self.shown[a][0]) > WIDTH // 3 and not a.cheap:
                    self.named(a)
        depth = 1 + max((self.shown[a][2] for a in t.args), default=-1)
        return s.template.format(*self.operands(t, s)), s.level, depth

    def operands(self, t: Term, s: Spelling) -> list[str]:
        return [self.operand(a, s.others if n else s.first) for n, a in enumerate(t.args)]

    def operand(self, a: Term, need: int) -> str:
        code, level, _ = self.shown[a]
        return code if level >= need else f"({code})"

    def named(self, a: Term) -> str:
        """The code of a term that is a name, or the transpose of one; it gets a line if it is not."""
        code = self.shown[a][0]
        if not re.fullmatch(r"\w+(\.T)?", code) and not a.cheap:
            self.shown[a] = self.assign(code, a), ATOM, 0
        return self.shown[a][0]

    def assign(self, code: str, t: Term) -> str:
        self.kept.add(t)
        while f"t{self.count}" in self.taken:
            self.count += 1
        name = f"t{self.count}"
        self.count += 1
        self.lines.append(self.language.assign.format(name, code, self.language.kind(t)))
        return name
