"""A call that would take more memory than there is is refused before it starts, and what to do instead is named."""

from __future__ import annotations

from collections.abc import Mapping

from closedform.errors import TooLarge
from closedform.program.memory import Memory, numbers
from closedform.program.room import available, in_words

ITEMSIZE = {"float64": 8, "float32": 4, "longdouble": 16}  #: bytes of a number
SMALL = 2**24  #: bytes that there always are
INSTEAD = {
    "Hessian": "compile(compressed=True) gives it as small factors; closedform.hvp is its product with a direction",
    "Jacobian": "compile(compressed=True) gives it as small factors; closedform.jvp is its product with a direction",
    "derivative": "compile(compressed=True) gives it as small factors",
}  #: what a result in a word can be had as


class Bound:
    """What a call may take.

    Attributes:
        memory: the arrays of the program.
        limit: bytes beside the arguments; None for what the machine has left.
        what: the result in a word: gradient, Hessian, Jacobian, derivative, value.
        item: bytes of a number.
    """

    def __init__(self, memory: Memory, limit: int | None, what: str, dtype: str = "float64") -> None:
        self.memory, self.limit, self.what, self.item = memory, limit, what, ITEMSIZE[dtype]
        self.names = {n for axes in memory.every for d in axes for n in d.names}

    def admit(self, sizes: Mapping[str, int], points: int = 1) -> bool:
        """Let a call through.

        Args:
            sizes: what the arguments show.  A call whose sizes they do not show all is not judged.
            points: how many results there are, one after the other.

        Returns:
            Whether a call of these sizes need not be judged again.

        Raises:
            TooLarge: it would take more than it may.
        """
        if not self.names <= sizes.keys():
            return True
        given = sum(numbers(axes, sizes) for axes in self.memory.arguments)
        one = self.item * self.memory.result(sizes)
        peak, result = self.item * (self.memory.peak(sizes) - given) + (points - 1) * one, points * one
        settled = self.limit is not None or peak <= SMALL
        limit = self.limit if self.limit is not None else SMALL if settled else available()
        if peak <= limit:
            return settled
        hint = INSTEAD.get(self.what)
        if result > limit:
            raise TooLarge(
                f"the {self.what} would take {in_words(result)}; a call may take {in_words(limit)}", hint=hint
            )
        raise TooLarge(
            f"computing the {self.what} would take {in_words(peak)}; a call may take {in_words(limit)}", hint=hint
        )
