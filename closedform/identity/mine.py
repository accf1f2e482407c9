"""Is my answer right?  If not, where did it go wrong: each diagnosis is a row of a table, tested by value.

An answer is a formula for the derivative, or several lines that lead to it: lines such as `df = dx'*A*x + x'*A*dx`
are compared with the true differential, the others with the derivative.  The first line that is wrong is diagnosed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from closedform.answer import Derivative
from closedform.ask import differential
from closedform.compact.expand import expand
from closedform.compact.present import present
from closedform.core.abstract import abstract_functions
from closedform.core.expr import Expr, symbols, times, topological
from closedform.core.normal import normal
from closedform.core.shown import Told
from closedform.emit.text import text
from closedform.errors import NotSupported, RequestError, ShapeError, TooLarge
from closedform.identity.changes import Said, with_sides
from closedform.identity.compare import NO_LAYOUT, Sides, compare, conventions
from closedform.identity.conditions import search
from closedform.identity.correct import nearest_layout, nearest_pair
from closedform.identity.edits import edited
from closedform.identity.tries import Tries
from closedform.identity.verdict import layouts_in_words
from closedform.lang import say
from closedform.syntax.sides import Statement, Written, statement_of
from closedform.syntax.statement import written
from closedform.syntax.text import syntax_of
from closedform.verification.sample import draws

if TYPE_CHECKING:
    from closedform.derivation.telling import Derivation

RIGHT, LAYOUT, WRONG = "right", "layout", "wrong"
MOST_LINES = 50
_D = r"d|\\mathrm\{d\}|\\operatorname\{d\}"  #: of a differential, also in LaTeX
ALIKE = 0.9  #: of two lines that are taken for one
SIMPLEST = 64  #: the largest denominator of a factor that is named
TELLING = ("verdict.symmetric", "verdict.diagonal", "verdict.by_other")  #: conditions that explain a slip


@dataclass(frozen=True)
class Judgement(Told):
    """What is to be said of an answer.

    Attributes:
        verdict: `right`, `layout`, right in another layout than the one asked for, or `wrong`.
        layouts: those in which the answer is right.
        asked: the layout that was asked for.
        line: of several lines the first one that is wrong, counted from 1.
        mine: that line, or the last one.
        slip: what went wrong, where it is known.
        correct: the right formula, in the layout nearest to the answer; of a differential the differential.
        step: of several lines, the number of the step of the derivation where the answer and it part.
        derivative: what the answer was compared with.
    """

    verdict: str
    layouts: tuple[str, ...]
    asked: str
    line: int | None
    mine: str
    slip: Said | None
    correct: str
    step: int | None = None
    derivative: Derivative | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        return self.text()

    def text(self, lang: str = "en") -> str:
        """The judgement in words."""
        return "\n".join(self.lines(lang))

    def lines(self, lang: str = "en") -> Iterator[str]:
        """What there is to say, one sentence a line, the verdict first."""
        if self.verdict == LAYOUT:
            yield say(lang, "mine.layout", layouts=layouts_in_words(self.layouts, lang), asked=self.asked)
        elif self.line is not None:
            yield say(lang, "mine.wrong_line", line=self.line, mine=self.mine)
        else:
            yield say(lang, f"mine.{self.verdict}")
        if self.slip:
            yield self.slip.text(lang)
        if self.verdict == WRONG:
            yield say(lang, "mine.correct", formula=self.correct)
        if self.step is not None and self.derivative is not None:
            step = self.derivative.steps(lang)[self.step - 1]
            yield say(lang, "mine.step", n=self.step, sentence=step.sentence, head=step.head, formula=step.after)

    def as_dict(self, lang: str = "en") -> dict[str, Any]:
        """Every field, ready for JSON; sentences in a language."""
        return {
            "verdict": self.verdict,
            "layouts": list(self.layouts),
            "asked": self.asked,
            "line": self.line,
            "mine": self.mine,
            "slip": self.slip.key.removeprefix("mine.") if self.slip else None,
            "said": list(self.lines(lang)),
            "correct": self.correct,
            "step": self.step,
        }


def judged(D: Derivative, mine: str | Sequence[str]) -> Judgement:
    """The judgement on an answer to the question that D answers.

    Raises:
        RequestError: no answer, or very many lines.
        SyntaxProblem, UnknownName: a line that is no formula in the variables of the function.
    """
    D.check()
    parts = _parts(mine, [x.data.name for x in D.variables])
    for number, (formula, is_differential) in enumerate(parts, 1):
        found = _Line(D, formula, is_differential).judgement()
        if found.verdict == WRONG:
            before = parts[number - 2][0] if number > 1 else ""
            step = _parting(D, before, formula) if len(parts) > 1 else None
            found = replace(found, line=number, step=step) if len(parts) > 1 else found
            break
    return replace(found, derivative=D)


def _parting(D: Derivative, right: str, wrong: str) -> int | None:
    """The step where an answer and the derivation part: after the last right line, else the one like the wrong line.

    None where there is no derivation, or none that can be read.
    """
    try:
        steps = D.steps()
    except (NotSupported, TooLarge):
        return None
    near, alike = _nearest(steps, right) if right else (0, 0.0)
    if alike >= ALIKE and near < len(steps):
        return near + 1
    return _nearest(steps, wrong)[0]


def _nearest(steps: Derivation, line: str) -> tuple[int, float]:
    """The number of the step whose line reads most like this one, and how much."""
    bare = line.replace(" ", "")
    ratios = [SequenceMatcher(None, bare, step.after.replace(" ", "")).ratio() for step in steps]
    best = max(range(len(ratios)), key=lambda i: ratios[i])
    return best + 1, ratios[best]


def _parts(mine: str | Sequence[str], wrt: list[str]) -> list[tuple[str, bool]]:
    """The formulas of an answer, line by line, and whether each is one for the differential."""
    given = [mine] if isinstance(mine, str) else list(mine)
    lines = [line.strip() for lines in given for line in re.split(r"(?<!\\);|\n", lines) if line.strip()]
    if not lines:
        raise RequestError("there is no answer to judge", hint="give a formula, such as 2*x")
    found: list[tuple[str, bool]] = []
    moves = re.compile(rf"(?<!\w)({_D})\s*({'|'.join(map(re.escape, wrt))})(?!\w)|(?<!\w)d\(")
    for line in lines:
        label, *formulas = line.split("=")
        is_label = bool(formulas)
        named = is_label and "/" not in label and re.match(rf"\s*({_D})", label) is not None
        for formula in formulas if is_label else [label]:
            found.append((formula.strip(), named or moves.search(formula) is not None))
    if len(found) > MOST_LINES:
        raise RequestError(f"an answer has at most {MOST_LINES} lines, not {len(found)}")
    return found


class _Line:
    """One line of an answer, as a statement about the function."""

    def __init__(self, D: Derivative, formula: str, is_differential: bool) -> None:
        self.D, self.formula, self.is_differential, self.tries = D, formula, is_differential, Tries()
        names = [x.data.name for x in D.variables]
        below = " ".join("d" + name for name in names)
        order = "d" if len(names) == 1 else f"d{len(names)}"
        left = f"d({text(D.function.expr)})" if is_differential else f"{order}({text(D.function.expr)})/{below}"
        variables = {**D.function.variables, **{x.data.name: x for x in D.variables}}
        is_latex = "latex" in (syntax_of(formula), syntax_of(D.function.source))
        self.w = written(
            f"{left} = {0 if is_latex else formula}",
            {n: s.shape for n, s in variables.items()},
            {n: sorted(s.data.properties) for n, s in variables.items()},
            abstract_functions(D.function.expr),
            dims=sorted(_sizes(D) - variables.keys()),
        )
        if is_latex:
            self.w = _with_latex(self.w, formula)

    def judgement(self) -> Judgement:
        try:
            s = statement_of(self.w)
        except ShapeError as misfit:
            reason = Said("mine.misfit", {"message": misfit})
            return self._judgement(WRONG, self._correct(None), _edit(self) or reason)
        correct = self._correct(s)
        for convention in conventions(s):
            layouts = tuple(n for n in compare(s, convention).layouts)
            if layouts:
                chosen = None if convention.name == "projected" else Said(f"mine.convention_{convention.name}")
                right = self.is_differential or self.D.layout in layouts
                return self._judgement(RIGHT if right else LAYOUT, correct, chosen, layouts)
        slip = next((found for diagnosis in DIAGNOSES if (found := diagnosis(self, s))), None)
        return self._judgement(WRONG, correct, slip or self._unfinished())

    def _unfinished(self) -> Said | None:
        """That the line is too long to look for every slip."""
        return Said("mine.unfinished") if self.tries.over else None

    def _judgement(self, verdict: str, correct: str, slip: Said | None, layouts: tuple[str, ...] = ()) -> Judgement:
        layouts = tuple(n for n in layouts if n != NO_LAYOUT)
        return Judgement(verdict, layouts, self.D.layout, None, self.formula, slip, correct)

    def _correct(self, s: Statement | None) -> str:
        if self.is_differential:
            return text(present(self.differential()))
        return self.D.text if s is None else self.nearest(s).text

    def nearest(self, s: Statement) -> Derivative:
        return self.D.in_layout(nearest_layout(Sides(s)))

    def differential(self) -> Expr:
        """The true differential, by the variables that were asked about."""
        return differential(self.D.function, *dict.fromkeys(x.data.name for x in self.D.variables)).expr


def _with_latex(w: Written, formula: str) -> Written:
    """The statement with a right side in LaTeX, where the places of its errors are."""
    from closedform.syntax.latex import read

    right = read(formula, w.shapes, w.functions, statement=True)
    root = replace(w.root, operands=(w.root.operands[0], right.tree))
    return replace(w, root=root, source=formula, kinds=right.kinds)


def _sizes(D: Derivative) -> set[str]:
    shapes = [e.shape for e in (*topological([D.function.expr]), *D.function.variables.values(), *D.variables)]
    return {n for shape in shapes for d in shape for n in d.names} | D.function.dims.keys()


# ------------------------------------------------------------------------------------------------------- diagnoses


def _factor(line: _Line, s: Statement) -> Said | None:
    """A rational factor, or the sign of the whole."""
    sides = Sides(s)
    a, b = nearest_pair(sides)
    ratios = []
    for sample in draws(sides.roots, count=3):
        true, mine = sides.left.values(sample, sides.steps[0])[a], sides.right.values(sample, sides.steps[0])[b]
        if true.shape != mine.shape or not np.isfinite(true).all() or not mine.any():
            return None
        ratio = float((true * mine).sum() / (mine * mine).sum())
        if np.abs(true - ratio * mine).max() > 1e-6 * np.abs(true).max():
            return None
        ratios.append(ratio)
    exact = Fraction(ratios[0]).limit_denominator(SIMPLEST)
    if exact == 0 or any(abs(float(exact) - r) > 1e-6 for r in ratios):
        return None
    return Said("mine.whole_sign") if exact == -1 else Said("mine.factor", {"factor": str(exact)})


def _missing_term(line: _Line, s: Statement) -> Said | None:
    """A term of the truth is missing."""
    return _term(line, s, 1, "mine.missing_term")


def _term_sign(line: _Line, s: Statement) -> Said | None:
    """A term of the truth has the wrong sign."""
    return _term(line, s, 2, "mine.term_sign")


def _term(line: _Line, s: Statement, count: int, key: str) -> Said | None:
    """A term of the truth that makes the answer right when it is added so many times."""
    true = normal(line.differential() if line.is_differential else line.nearest(s).expr)
    for t in _terms(expand(true, {}) or true):
        mended = _plus(s, t, count)
        if mended is not None and compare(mended).holds:
            return Said(key, {"term": text(present(t))})
    return None


def _terms(e: Expr) -> Sequence[Expr]:
    """The terms of a sum, perhaps with one factor before it; none of anything else."""
    if e.op.name == "scale" and e.args[1].op.name == "add":
        return [normal(times(e.args[0], t)) for t in e.args[1].args]
    return e.args if e.op.name == "add" else ()


def _plus(s: Statement, term: Expr, count: int) -> Statement | None:
    """The statement with a term added to the right side so many times, in the variables of the statement."""
    known = {x.data.name: x for x in (*symbols(s.right.expr), *s.left.moves, *s.variables.values())}
    if term.shape != s.right.expr.shape or any(x.data.name not in known for x in symbols(term)):
        return None
    made: dict[Expr, Expr] = {}
    for e in topological([term]):
        made[e] = known[e.data.name] if e.op.name == "symbol" else e.op(*(made[a] for a in e.args)) if e.args else e
    total = s.right.expr
    for _ in range(count):
        total = total + made[term]
    return replace(s, right=replace(s.right, expr=total))


def _edit(line: _Line, s: Statement | None = None) -> Said | None:
    """One slip at one place; perhaps it is why the operands do not fit."""
    w = line.w if s is None else s.written
    left, right = w.root.operands
    for e in edited(w, right):
        if line.tries.over:
            return None
        if line.tries.holds(with_sides(w, left, e.tree)):
            return e.said
    return None


def _condition(line: _Line, s: Statement) -> Said | None:
    """Right for a symmetric matrix, or for the derivative by another variable."""
    found = (c.said for c in search(s.written, line.tries) if all(part.key in TELLING for part in c.said))
    parts = next(found, None)
    return Said("mine.condition", {"condition": parts[0]}) if parts else None


DIAGNOSES: tuple[Callable[[_Line, Statement], Said | None], ...] = (
    _factor,
    _missing_term,
    _edit,
    _term_sign,
    _condition,
)
