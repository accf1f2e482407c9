"""The verdict on a statement: the one record that the command line, Python and JSON render."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from closedform.core.shown import Told
from closedform.identity.changes import Said
from closedform.identity.compare import LAYOUTS, NO_LAYOUT, Outcome
from closedform.identity.correct import Correction
from closedform.identity.counterexample import Counterexample, first_difference, matrix_text
from closedform.lang import say
from closedform.lang.messages import translated
from closedform.syntax.sides import Written

TRUE, CONDITIONAL, FALSE, AMBIGUOUS = "true", "conditional", "false", "ambiguous"
WRITTEN_OUT = 12  #: entries of a value that is shown whole
Line = tuple[str, str]  #: a label, or none for what continues, and a text


@dataclass(frozen=True)
class Read:
    """A reading that was tried, and whether the statement is true in it."""

    said: Said
    holds: bool


@dataclass(frozen=True)
class Verdict(Told):
    """Whether a statement is true.

    Attributes:
        statement: the text.
        verdict: `true`, `conditional`, `false` or `ambiguous`.
        layouts: the names of the layouts in which it is true; none for a statement without a derivative.
        when: the conditions under which it is true; each is one or two sentences, which hold together.
        readings: what was tried, the statement as written first.
        convention: by a symmetric or diagonal matrix, the convention in which it is true.
        reason: why it is false at all sizes, where that can be said in a sentence.
        counterexample: the smallest one that was found; of a statement that is not true.
        corrected: the right statement.
        inferred: what was decided about shapes, one sentence each.
        constants: of a differential, the variables that do not vary.
        domain: where the statement has a meaning.
        evidence: where the sides were compared, for a true statement.
        unfinished: whether the statement is so long that not every condition and correction was tried.
        asked: the statement as a tree, with what was declared.
    """

    statement: str
    verdict: str
    layouts: tuple[str, ...] = ()
    when: tuple[tuple[Said, ...], ...] = ()
    readings: tuple[Read, ...] = ()
    convention: Said | None = None
    reason: Said | None = None
    counterexample: Counterexample | None = None
    corrected: Correction | None = None
    inferred: tuple[str, ...] = ()
    constants: tuple[str, ...] = ()
    domain: tuple[str, ...] = ()
    evidence: Outcome | None = None
    unfinished: bool = False
    asked: Written | None = field(default=None, repr=False, compare=False)

    @property
    def conditions(self) -> list[str]:
        """The conditions in English; any one of them is enough."""
        return self.conditions_in("en")

    def conditions_in(self, lang: str) -> list[str]:
        both = say(lang, "verdict.and")
        return [both.join(part.text(lang) for part in parts) for parts in self.when]

    @property
    def correction(self) -> str | None:
        """The right formula, in the text syntax."""
        return self.corrected.formula if self.corrected else None

    def __str__(self) -> str:
        return self.text()

    def text(self, lang: str = "en") -> str:
        """The verdict in words, one fact a line."""
        return "\n".join(f"{label}: {said}" if label else said for label, said in self.lines(lang))

    def lines(self, lang: str = "en") -> Iterator[Line]:
        """What there is to say, the verdict first: labels and texts."""
        yield "", f"{say(lang, 'verdict.is_' + self.verdict)}  {self.statement}"
        for label, said in self._facts(lang):
            yield say(lang, f"verdict.label_{label}"), said

    def _facts(self, lang: str) -> Iterator[Line]:
        if self.reason:
            yield "because", self.reason.text(lang)
        for r in self.readings if self.verdict == AMBIGUOUS else ():
            yield "read", f"{r.said.text(lang)}: {say(lang, 'verdict.is_true' if r.holds else 'verdict.is_false')}"
        for condition in self.conditions_in(lang):
            yield "if", condition
        if shown := layouts_in_words(self.layouts, lang):
            yield "layouts", shown
        if self.convention:
            yield "convention", self.convention.text(lang)
        if self.constants:
            yield "constant", ", ".join(self.constants)
        if self.domain:
            yield "domain", say(lang, "cli.comma").join(translated(lang, condition) for condition in self.domain)
        if self.counterexample:
            yield "example", _example(self.counterexample, lang)
        if self.corrected:
            layout = f"  ({self.corrected.layout})" if self.corrected.layout else ""
            yield "correct", self.corrected.statement + layout
        if self.unfinished:
            yield "search", say(lang, "verdict.unfinished")
        if self.evidence:
            facts = {"sizes": len(self.evidence.sizes), "points": self.evidence.points}
            yield "checked", say(lang, "verdict.evidence", error=f"{self.evidence.error:.0e}", **facts)

    def as_dict(self, lang: str = "en") -> dict[str, Any]:
        """Every field, ready for JSON; sentences in a language."""
        evidence = self.evidence
        return {
            "statement": self.statement,
            "verdict": self.verdict,
            "conditions": self.conditions_in(lang),
            "layouts": list(self.layouts),
            "convention": self.convention.text(lang) if self.convention else None,
            "readings": [{"reading": r.said.text(lang), "holds": r.holds} for r in self.readings],
            "reason": self.reason.text(lang) if self.reason else None,
            "counterexample": self.counterexample.as_dict() if self.counterexample else None,
            "correction": self.correction,
            "corrected": self.corrected.statement if self.corrected else None,
            "corrected_layout": (self.corrected.layout or None) if self.corrected else None,
            "inferred": list(self.inferred),
            "constants": list(self.constants),
            "domain": list(self.domain),
            "unfinished": self.unfinished,
            "check": {"sizes": [dict(s) for s in evidence.sizes], "points": evidence.points, "error": evidence.error}
            if evidence
            else None,
        }


def layouts_in_words(layouts: tuple[str, ...], lang: str) -> str:
    """The names; one sentence where the layouts that have a matrix agree."""
    if not layouts or layouts == (NO_LAYOUT,):
        return ""
    return say(lang, "verdict.every_layout") if set(layouts) == LAYOUTS.keys() else ", ".join(layouts)


def _example(c: Counterexample, lang: str) -> str:
    """The values of variables and sides; of large sides the first entry that differs, or the shapes."""
    values = [f"{n} = {matrix_text(X)}" for n, X in c.values.items()]
    at = ", ".join([*(f"{n} = {k}" for n, k in c.sizes.items()), *values])
    left, right = matrix_text(c.left), matrix_text(c.right)
    if max(c.left.size, c.right.size) > WRITTEN_OUT:
        if c.left.shape == c.right.shape:
            i, j = first_difference(c.left, c.right)
            left, right = (matrix_text(X[i - 1 : i, j - 1 : j]) for X in (c.left, c.right))
            return _at(lang, at, say(lang, "verdict.entries", i=i, j=j, left=left, right=right))
        left, right = (f"{X.shape[0]}×{X.shape[1]}" for X in (c.left, c.right))
    return _at(lang, at, say(lang, "verdict.sides", left=left, right=right))


def _at(lang: str, at: str, said: str) -> str:
    return say(lang, "verdict.where", at=at, said=said) if at else said
