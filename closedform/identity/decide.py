"""Deciding a statement: by value, at random points of several sizes; the engine is asked only for a correction."""

from __future__ import annotations

from dataclasses import replace

from closedform.calculus.conditions import conditions as where_defined
from closedform.compact.present import present
from closedform.core.expr import number
from closedform.core.normal import normal
from closedform.core.shape import show
from closedform.emit.text import text
from closedform.errors import DomainError, ShapeError
from closedform.identity.changes import Change, Said, names_in, with_sides
from closedform.identity.compare import (
    FREE,
    NO_LAYOUT,
    Convention,
    Outcome,
    Sides,
    compare,
    conventions,
    right_is_undefined,
)
from closedform.identity.conditions import search
from closedform.identity.correct import correction, nearest_pair
from closedform.identity.counterexample import smallest
from closedform.identity.readings import readings
from closedform.identity.tries import Tries
from closedform.identity.verdict import AMBIGUOUS, CONDITIONAL, FALSE, TRUE, Read, Verdict
from closedform.syntax.sides import Statement, Written, statement_of

AS_WRITTEN = Said("verdict.read_as_written")


def decided(w: Written) -> Verdict:
    """The verdict on a statement, from its tree.

    Raises:
        UnknownName, DeclarationError, ShapeError: it is no statement.
        DomainError: no point was found where both sides are defined.
    """
    try:
        s = statement_of(w)
    except ShapeError as misfit:
        return _of_misfit(w, misfit)
    try:
        tried = [(convention, compare(s, convention)) for convention in conventions(s)]
    except DomainError:
        if not right_is_undefined(s):
            raise
        return Verdict(
            s.source, FALSE, readings=(Read(AS_WRITTEN, False),), reason=Said("verdict.undefined"), inferred=s.notes
        )
    for convention, outcome in tried:
        if outcome.holds and not convention.free:
            return _true(s, convention, outcome, structured=len(tried) > 1)
    _refuse_loose_sizes(w, s)
    return _not_true(s, tried)


def _refuse_loose_sizes(w: Written, s: Statement) -> None:
    """Whether m and n of K(m,n) or eye(m*n) may be those of a variable whose shape was inferred without them.

    Raises:
        ShapeError: it may be; the shapes alone make the statement false.
    """
    inferred = sorted(s.variables.keys() - w.shapes.keys())
    known = {n for x in s.variables.values() for d in x.shape for n in d.names}
    loose = sorted({n for d in w.sizes.values() for n in d.names} - known)
    sides = Sides(s)
    if inferred and loose and not any(map(sides.may_be_equal, sides.pairs)):
        raise ShapeError(
            f"{', '.join(loose)}: no variable is known to have such a size",
            source=w.source,
            span=(0, len(w.source)),
            hint=f"declare the shapes, e.g. {inferred[0]}: matrix(m,n)",
        )


def _true(s: Statement, convention: Convention, outcome: Outcome, *, structured: bool) -> Verdict:
    varying = {v.symbol.data.name for side in (s.left, s.right) for v in side.variables}
    differential = "differential" in (s.left.kind, s.right.kind)
    return Verdict(
        s.source,
        TRUE,
        _layouts(outcome),
        readings=(Read(AS_WRITTEN, True),),
        convention=Said(f"verdict.convention_{convention.name}") if structured else None,
        inferred=s.notes,
        constants=tuple(sorted(s.variables.keys() - varying)) if differential else (),
        domain=tuple(where_defined(normal(s.left.expr), normal(s.right.expr), lambda e: text(present(e)))),
        evidence=outcome,
    )


def _layouts(outcome: Outcome) -> tuple[str, ...]:
    return tuple(name for name in outcome.layouts if name != NO_LAYOUT)


def _not_true(s: Statement, tried: list[tuple[Convention, Outcome]]) -> Verdict:
    sides, tries = Sides(s), Tries()
    nearest = nearest_pair(sides)
    others = _read(s.written, tries)
    found = Verdict(
        s.source,
        FALSE,
        reason=_shapes_differ(sides, nearest),
        counterexample=smallest(sides, nearest),
        corrected=correction(s, sides, tries),
        inferred=s.notes,
    )
    read = (*_conventions_read(tried), *(Read(r.said[0], true) for r, true in others))
    if any(r.holds for r in read):
        return replace(found, verdict=AMBIGUOUS, readings=read, layouts=_layouts_of(others, tried))
    when = search(s.written, tries)
    if when:
        found = replace(found, verdict=CONDITIONAL, when=tuple(c.said for c in when), layouts=_layouts_when(when[0]))
    return replace(found, readings=read, unfinished=tries.over)


def _read(w: Written, tries: Tries) -> list[tuple[Change, bool]]:
    """The other readings, and whether the statement is true in each."""
    return [(r, tries.holds(r.written)) for r in readings(w) if not tries.over]


def _conventions_read(tried: list[tuple[Convention, Outcome]]) -> list[Read]:
    if len(tried) == 1:
        return [Read(AS_WRITTEN, False)]
    return [Read(Said(f"verdict.convention_{c.name}"), outcome.holds) for c, outcome in tried]


def _layouts_of(others: list[tuple[Change, bool]], tried: list[tuple[Convention, Outcome]]) -> tuple[str, ...]:
    for r, true in others:
        if true:
            return _layouts_when(r)
    return next(_layouts(outcome) for _, outcome in tried if outcome.holds)


def _layouts_when(change: Change) -> tuple[str, ...]:
    """The layouts in which a changed statement is true."""
    s = statement_of(change.written)
    return _layouts(compare(s, FREE if FREE in conventions(s) else conventions(s)[0]))


def _shapes_differ(sides: Sides, nearest: tuple[str, str]) -> Said | None:
    if any(map(sides.may_be_equal, sides.pairs)):
        return None
    facts = {"left": show(sides.left.shapes[nearest[0]]), "right": show(sides.right.shapes[nearest[1]])}
    return Said("verdict.shapes", facts)


def _of_misfit(w: Written, misfit: ShapeError) -> Verdict:
    """A statement whose operands do not fit: perhaps meant in another reading, or at special sizes; else false.

    Raises:
        ShapeError: the left side does not fit either, or the right one has variables that are not declared.
    """
    tries = Tries()
    others = _read(w, tries)
    read = (Read(AS_WRITTEN, False), *(Read(r.said[0], true) for r, true in others))
    reason = Said("verdict.misfit", {"message": misfit})
    if any(true for _, true in others):
        return Verdict(w.source, AMBIGUOUS, _layouts_of(others, []), readings=read, reason=reason)
    when = search(w, tries, readable=False)
    if when:
        said = tuple(c.said for c in when)
        return Verdict(w.source, CONDITIONAL, _layouts_when(when[0]), when=said, readings=read, reason=reason)
    left, _ = w.root.operands
    try:
        s = statement_of(with_sides(w, left, left))
    except ShapeError:
        raise misfit from None
    if not names_in(w) <= s.variables.keys() | w.sizes.keys():  # a shape that only a letter speaks for
        raise misfit
    corrected = correction(_against_zero(s), Sides(_against_zero(s)), tries) if s.left.kind != "expression" else None
    return Verdict(
        w.source, FALSE, readings=read, reason=reason, corrected=corrected, inferred=s.notes, unfinished=tries.over
    )


def _against_zero(s: Statement) -> Statement:
    """The statement that the left side is 0, which has every shape."""
    return replace(s, right=replace(s.right, kind="expression", expr=number(0), variables=(), moves=()))
