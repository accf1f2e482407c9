"""X' diag(w) X as one instruction, for languages that compute it without a second array as large as X."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from closedform.core.expr import topological
from closedform.program.term import Term


def with_grams(roots: Sequence[Term]) -> list[Term]:
    """The same terms, with `weighted_gram` where w is known to have no negative entry, and `signed_gram` elsewhere.

    What has another use than the product stays what it is.
    """
    order, made = topological(roots), dict[Term, Term]()
    uses = Counter(a for t in order for a in t.args)
    uses.update(roots)
    for t in order:
        op, operands = _gram(t, uses) or (t.op, t.args)
        args = tuple(made[a] for a in operands)
        made[t] = t if (op, args) == (t.op, t.args) else Term(op, args, None if op != t.op else t.data, t.axes)
    return [made[r] for r in roots]


def _gram(t: Term, uses: Mapping[Term, int]) -> tuple[str, tuple[Term, Term]] | None:
    """The instruction that a product is, with X and w."""
    if t.op != "matmul" or t.args[1].op != "multiply":
        return None
    left, (weights, X) = t.args[0], t.args[1].args
    once = uses[t.args[1]] - (left.op == "transpose" and left.args[0] is t.args[1]) == 1
    if weights.op != "column" or X.axes != t.args[1].axes or not once:
        return None
    (w,) = weights.args
    if are_turned(left, t.args[1]) and uses[left] == 1 and w.op == "sqrt":
        return "weighted_gram", (X, w.args[0])
    return ("signed_gram", (X, w)) if are_turned(left, X) else None


def are_turned(a: Term, b: Term) -> bool:
    """Is one array the other one's transpose?"""
    return (a.op == "transpose" and a.args[0] is b) or (b.op == "transpose" and b.args[0] is a)
