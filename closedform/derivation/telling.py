"""A derivation as a reader sees it: steps with sentences, formulas and shapes, in a language, at a level of detail."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from typing import Any

from closedform.calculus.derivative import Stage
from closedform.calculus.structure import BY_ENTRIES
from closedform.core.expr import Expr, symbols
from closedform.core.shown import Told
from closedform.derivation.derive import Line, lines
from closedform.derivation.prove import claim_of_lines
from closedform.derivation.rules import QUIET, formula, named
from closedform.derivation.verify import verify
from closedform.emit.latex import spelled
from closedform.emit.shaped import shaped, shaped_latex, two_lines
from closedform.emit.text import text
from closedform.emit.unicode import HIGH
from closedform.errors import RequestError, TooLarge
from closedform.lang import language, say
from closedform.verification.exact import Certificate, Claim, NoTest, prove, settled

LEVELS = ("brief", "full")  #: for a reader who knows the rules, for a beginner
ROUTES = ("differentials", "expansion")  #: how df is found
NAMING = ("name", "coefficient", "chain-coefficient")
MOST_OPERATIONS = 400  #: of a function whose derivation is told
LONGEST = 15_000  #: operations in all the lines of a derivation
RUN = 6  #: of steps of one form that are all shown
HESSIAN = {"read-off-jacobian": "read-off-hessian"}


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes:
        rules: the keys of the rules that it applies; several when a step does what a reader does at once.
        sentence: what is done, in the language of the derivation.
        formulas: the rules as formulas, in Unicode.
        head: what stands on the left, in Unicode, such as `df`.
        relation: `=`, or `≈` where terms of higher order were left out.
        before, after: the right side before and after, in the text syntax; before is empty in a first step.
        unicode, latex: the right side after; in LaTeX with the left side.
        shapes: the outermost factors of it, each with its shape.
    """

    rules: tuple[str, ...]
    sentence: str
    formulas: tuple[str, ...]
    head: str
    relation: str
    before: str
    after: str
    unicode: str
    latex: str
    shapes: tuple[tuple[str, str], ...]
    lines: tuple[str, str]


class Derivation(Told, Sequence[Step]):
    """The steps of a derivation, checked.

    Attributes:
        lang: the language of the sentences.
        level: `brief` or `full`.
        max_error: the largest relative error that a line showed when it was evaluated.
        certificate: of the exact test of every line, or why there is none.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        lang: str,
        level: str,
        max_error: float,
        certificate: Certificate | NoTest | None = None,
    ) -> None:
        self.steps, self.lang, self.level, self.max_error = tuple(steps), lang, level, max_error
        self.certificate = certificate

    def __getitem__(self, i: Any) -> Any:
        return self.steps[i]

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __str__(self) -> str:
        """For a terminal: a numbered sentence, the formula, the shapes of its factors."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        for i, step in enumerate(self.steps, 1):
            rule = ";  ".join(step.formulas)
            yield f"{i:>2}  {step.sentence}" + (f":  {rule}" if rule else "")
            above, below = step.lines
            yield f"      {above}"
            if below:
                yield f"      {below}"
        yield f"    ✓ {self.verdict}"

    @property
    def verdict(self) -> str:
        """That every line was checked, and how well."""
        if isinstance(self.certificate, Certificate):
            sizes, bits = len(self.certificate.sizes), -self.certificate.log2
            s = "" if sizes == 1 else "s"
            return say(self.lang, "step.proved", n=len(self.steps), sizes=sizes, s=s, bits=bits)
        return say(
            self.lang, "step.checked", n=len(self.steps), error=f"{self.max_error:.0e}" if self.max_error else "0"
        )

    def latex(self) -> str:
        r"""The derivation as an `align*` environment, the shape under every factor, the rule beside every line."""
        rows = [rf"{s.latex} && \text{{{_escaped(s.sentence)}}}" for s in self.steps]
        return "\\begin{align*}\n" + " \\\\\n".join(rows) + "\n\\end{align*}"

    def _repr_latex_(self) -> str:
        return self.latex()

    def as_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        steps = [{k: v for k, v in asdict(s).items() if k != "lines"} for s in self.steps]
        return {"lang": self.lang, "level": self.level, "steps": steps, "max_error": self.max_error} | {
            "certificate": None if self.certificate is None else self.certificate.as_dict()
        }


def derivation(
    stages: Sequence[Stage], arranged: tuple[str, Expr] | None, lang: str, level: str, route: str
) -> Derivation:
    """The derivation of a derivative, of every order in turn.

    Args:
        stages: the derivatives, in order.
        arranged: the name of a layout and the answer in it, if that is not the arrangement of the last stage.
        lang: a language of `closedform.lang`.
        level: `brief` or `full`.
        route: `differentials` or `expansion`.

    Raises:
        RequestError: no such language, level or route.
        NotSupported: an operation has no rule for a derivation.
        TooLarge: no one could read it.
        VerificationError: a line is wrong; a bug of closedform.
    """
    language(lang)
    if level not in LEVELS:
        raise RequestError(f"level is brief or full, not {level!r}"[:80])
    if route not in ROUTES:
        raise RequestError(f"no such route: {route!r}"[:80], hint="one of " + ", ".join(ROUTES))
    steps: list[Step] = []
    worst, claims = 0.0, list[Claim]()
    names = _Names(stages)
    for order, stage in enumerate(stages):
        told = _readable(stage, route)
        by_entries = stage.structure is BY_ENTRIES
        worst = max(worst, verify(stage.function, stage.variable, told, by_entries))
        claims.append(claim_of_lines(stage.function, stage.variable, told, by_entries))
        if order:
            told = [replace(told[0], keys=("again",)), *told[1:]]
        if order == 1 and stages[0].function.is_scalar and stage.variable is stages[0].variable:
            told = [replace(line, keys=tuple(HESSIAN.get(k, k) for k in line.keys)) for line in told]
        for before, line in _merged(told, level):
            facts = {"dx": f"d{stage.variable.data.name}"}
            facts |= {"g": names.function(order), "derivative": names.head(order - 1, "derivative")[0]} if order else {}
            steps.append(_step(line, before, names.of(order, line), lang, **facts))
    if arranged is not None:
        name, e = arranged
        head = names.derivative(len(stages) - 1)
        line = Line("derivative", e, ("layout",))
        steps.append(_step(line, None, head, lang, layout=name))
    shown = _elided(steps, lang) if level == "brief" else steps
    return Derivation(shown, lang, level, worst, settled(prove(*claims)))


def _readable(stage: Stage, route: str) -> list[Line]:
    """The lines of a derivation.

    Raises:
        TooLarge: they are too long.
    """
    size = stage.function.size
    if size > MOST_OPERATIONS:
        raise TooLarge(
            f"a derivation is told of a function of at most {MOST_OPERATIONS} operations; this one has {size}"
        )
    told = lines(stage, route)
    if sum(line.expr.size for line in told) > LONGEST:
        raise TooLarge("the derivation is too long to be read")
    return told


def _merged(told: Sequence[Line], level: str) -> list[tuple[Line | None, Line]]:
    """Each line with the one before it; lines that look alike are one, and in brief what is quiet has no line."""
    kept: list[Line] = []
    for line in told if level == "full" else _by_chain_rule(told):
        if kept and kept[-1].kind == line.kind != "name" and text(kept[-1].expr) == text(line.expr):
            continue
        quiet = level == "brief" and len(kept) > 1 and set(line.keys) <= QUIET and kept[-1].kind == line.kind
        if quiet:
            kept[-1] = replace(line, keys=tuple(dict.fromkeys((*kept[-1].keys, *line.keys))))
        else:
            kept.append(line)
    return list(zip([None, *kept], kept, strict=False))


def _by_chain_rule(told: Sequence[Line]) -> Iterator[Line]:
    """With intermediate results, what stands before each of their differentials, and no line between."""
    through = ""
    for line in told:
        if line.keys == ("chain",):
            through = line.about
        elif through and line.name is not None:
            yield replace(line, keys=("chain-coefficient",), about=f"{through} {line.about}")
        elif not through or line.kind in ("derivative", "free"):
            yield line


def _elided(steps: Sequence[Step], lang: str) -> list[Step]:
    """A long run of names of one form as its first ones, how many more there are, and the last."""
    told: list[Step] = []
    for _, group in groupby(steps, key=lambda s: (s.rules, re.sub("[0-9]+", "", s.after))):
        run = list(group)
        if len(run) > RUN and run[0].rules[0] in NAMING:
            run = [*run[:2], _dots(say(lang, "step.likewise", n=len(run) - 3)), run[-1]]
        told += run
    return told


def _dots(sentence: str) -> Step:
    """In the place of steps that are not shown."""
    return Step(
        rules=("likewise",), sentence=sentence, formulas=(), head="", relation="", before="", after="",
        unicode="⋮", latex=r"&\vdots", shapes=(), lines=("⋮", ""),
    )  # fmt: skip


class _Names:
    """What is written on the left of a line."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        taken = {x.data.name for s in stages for x in symbols(s.function, s.variable)}
        self.stages = stages
        self.functions = [f for f in ("f", "g", "h", "p", "q", "r", "s", "t", "φ", "ψ") if f not in taken]

    def function(self, order: int) -> str:
        """The name of what is differentiated: f, then g for its derivative, and so on."""
        f = self.functions[min(order, len(self.functions) - 1)]
        return f if self.stages[order].function.is_scalar or order else f.upper()

    def of(self, order: int, line: Line) -> tuple[str, str]:
        """What stands on the left of that line, in Unicode and in LaTeX."""
        if line.name is None:
            return self.head(order, line.kind)
        return line.name.data.name, spelled(line.name.data.name)

    def head(self, order: int, kind: str) -> tuple[str, str]:
        """In Unicode and in LaTeX."""
        stage, f = self.stages[order], self.function(order)
        if kind in ("derivative", "free"):
            return self.vec(stage) if stage.stacked and order == 0 else self.derivative(order)
        if kind in ("increment", "approximate"):
            return f"Δ{f}", rf"\Delta {f}"
        if kind == "stacked":
            return f"d vec {f}", rf"\mathrm{{d}} \operatorname{{vec}} {f}"
        mark, turned = ("ᵀ", r"^{\top}") if kind == "transposed" else ("", "")
        return f"d{f}{mark}", rf"\mathrm{{d}}{f}{turned}"

    def vec(self, stage: Stage) -> tuple[str, str]:
        """∂vec F/∂(vec X)'."""
        f, x = self.function(0), stage.variable.data.name
        top, below = rf"\partial \operatorname{{vec}} {f}", rf"\partial (\operatorname{{vec}} {spelled(x)})^{{\top}}"
        return f"∂vec {f}/∂(vec {x})ᵀ", rf"\frac{{{top}}}{{{below}}}"

    def derivative(self, order: int) -> tuple[str, str]:
        """∂f/∂x, ∂²f/∂x², ∂²f/∂x∂y."""
        f, names = self.function(0), [s.variable.data.name for s in self.stages[: order + 1]]
        below = " ".join(rf"\partial {spelled(x)}" for x in names)
        if order == 0:
            return f"∂{f}/∂{names[0]}", rf"\frac{{\partial {f}}}{{{below}}}"
        k = "".join(HIGH[d] for d in str(len(names)))
        same = len(set(names)) == 1
        under = f"∂{names[0]}{k}" if same else "∂" + "∂".join(names)
        return f"∂{k}{f}/{under}", rf"\frac{{\partial^{{{len(names)}}} {f}}}{{{below}}}"


def _step(line: Line, before: Line | None, head: tuple[str, str], lang: str, dx: str = "", **facts: str) -> Step:
    through, _, h = line.about.rpartition(" ")
    facts |= {"h": h, "through": through, "dx": dx}
    loud = [key for key in line.keys if key not in QUIET] or list(line.keys)
    sentences = [say(lang, f"step.{key}", name=name, **facts) for key, name in map(named, loud)]
    shown, factors = shaped(line.expr)
    relation, relation_latex = ("≈", r"\approx") if line.kind == "approximate" else ("=", "=")
    return Step(
        rules=line.keys,
        sentence="; ".join(dict.fromkeys(sentences)),
        formulas=tuple(dict.fromkeys(f for f in map(formula, loud) if f)),
        head=head[0],
        relation=relation,
        before="" if before is None else text(before.expr),
        after=text(line.expr),
        unicode=shown,
        latex=f"{head[1]} &{relation_latex} {shaped_latex(line.expr)}",
        shapes=tuple((shown[f.start : f.end], f.shape) for f in factors),
        lines=two_lines(line.expr, f"{head[0]} {relation} "),
    )


def _escaped(sentence: str) -> str:
    """Text for LaTeX."""
    return "".join("\\" + c if c in "&%#_{}$" else c for c in sentence)
