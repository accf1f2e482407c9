"""Abstract functions: declared by a user, of whom nothing is known but the shape of their values.

Each has records of its own, made when they are needed and not among the registered operations.  What a record is, is
stated here; its rules are in `ops.abstract`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from closedform.core.expr import Expr, Op, topological
from closedform.core.shape import Shape, show
from closedform.errors import ShapeError

ENTRYWISE = "entrywise"  #: how a function of every entry is declared
AS_A_MAP = "ask for the differential, or for jvp and vjp, its products with a direction"
Values = Mapping[str, Shape | None]  #: every declared function: the shape of its value, None if it works entry by entry


class Part(Enum):
    """What a record stands for: how many operands it takes, and what its name adds to that of the function."""

    VALUE = (1, "{}")  #: f(X)
    ALONG = (2, "D{}")  #: Df(X, V), the derivative of f at X in the direction V
    BACK = (2, "D{}_T")  #: Df_T(X, Y), the transpose of that linear map, applied to Y

    @property
    def operands(self) -> int:
        return self.value[0]

    def called(self, function: str) -> str:
        """The name in the text syntax."""
        return self.value[1].format(function)


@dataclass(eq=False, slots=True, kw_only=True)
class Abstract(Op):
    """The record of an abstract function, of a derivative of it, or of the transpose of one.

    Attributes:
        function: the name that was declared.
        values: the shape of f(X); None for a function that works entry by entry.
        order: of an entrywise function, how often it was differentiated.
        part: of a function with a shape, which of its three records this is.
    """

    function: str
    values: Shape | None
    order: int = 0
    part: Part = Part.VALUE

    def _register(self) -> None:
        """An abstract function is known where it was declared, and nowhere else."""

    def shape(self, args: tuple[Expr, ...]) -> Shape:
        """The result's shape.

        Raises:
            ShapeError: a direction that is not of the shape of X, or a Y that is not of the shape of f(X).
        """
        if self.values is None:
            return args[0].shape
        X, last = args[0], args[-1]
        if len(args) != self.part.operands:
            raise ShapeError(f"{self.name} takes {self.part.operands} operands, not {len(args)}")
        if self.part is Part.ALONG and last.shape != X.shape:
            raise ShapeError("a direction has the shape of X", shapes={"X": show(X.shape), "V": show(last.shape)})
        if self.part is Part.BACK and last.shape != self.values:
            wanted = f"{self.function}(X)"
            raise ShapeError(f"Y has the shape of {wanted}", shapes={wanted: show(self.values), "Y": show(last.shape)})
        return X.shape if self.part is Part.BACK else self.values


def abstract_functions(*roots: Expr) -> dict[str, str | Shape]:
    """The abstract functions that occur, as they are declared."""
    found = (e.op for e in topological(roots) if isinstance(e.op, Abstract))
    return {op.function: ENTRYWISE if op.values is None else op.values for op in found}
