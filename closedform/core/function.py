"""A function as its user stated it: the expression, its variables, and what was inferred."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from closedform.core.expr import Expr
from closedform.core.shape import Dim
from closedform.core.shown import Shown


@dataclass(frozen=True, slots=True)
class Function(Shown):
    """What `parse` returns.

    Attributes:
        expr: the expression, exactly as written.
        variables: every declared or inferred variable by name, also those that do not occur.
        dims: the named sizes that may be used as numbers.
        notes: what inference decided, one sentence each, such as `A is n×n`.
        source: the text.
    """

    expr: Expr
    variables: Mapping[str, Expr] = field(default_factory=dict)
    dims: Mapping[str, Dim] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    source: str = ""

    def _repr_latex_(self) -> str:
        return self.expr._repr_latex_()

    @property
    def letter(self) -> str:
        """A name for the function that is none of its variables."""
        return next((name for name in "fFgGφΦ" if name not in self.variables), "·")
