"""Trying changed statements by value, as far as one question may go.

A false statement is changed in many ways to find out what was meant.  What that costs grows with the length of the
statement, so the tries of one question share an allowance: a short statement is changed in every way that the tables
have, a long one in fewer.  The allowance counts work and not seconds: the answer is the same on every machine.
"""

from __future__ import annotations

from closedform.errors import ClosedFormError, DomainError
from closedform.identity.compare import FREE, PROJECTED, compare, conventions
from closedform.syntax.sides import Written, statement_of
from closedform.syntax.tree import postorder

WORK = 30_000  #: nodes of changed statements that are compared: 300 changes of a statement of 100 nodes
BATCHES = 2  #: of points, drawn in vain, that cost as much as a comparison
NOWHERE = 100  #: comparisons that cost as much as finding no point where both sides are defined


class Tries:
    """The allowance of one question.

    Attributes:
        left: how many nodes may still be compared.
    """

    def __init__(self) -> None:
        self.left = WORK

    @property
    def over(self) -> bool:
        """Whether the allowance is used up, so that changes were left untried."""
        return self.left <= 0

    def holds(self, w: Written) -> bool:
        """Whether a changed statement has a meaning and is true, in a convention that a reader would use there."""
        if self.over:
            return False
        nodes = len(postorder(w.root, w.source))
        self.left -= nodes
        try:
            s = statement_of(w)
            usual = FREE if FREE in conventions(s) else PROJECTED
            found = compare(s, usual)
            self.left -= nodes * (found.attempts // BATCHES)
            return found.holds
        except DomainError:  # no point to compare at: the change is not what was meant
            self.left -= NOWHERE * nodes
            return False
        except ClosedFormError:  # the change leaves no formula
            return False
