"""X' diag(w) X, and A' (diag(s) − s s') A for s of sum 1, as one instruction, for languages that compute it without
a second array as large as X or A.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from closedform.program.term import Found, Term, with_instructions


def with_grams(roots: Sequence[Term]) -> list[Term]:
    """The same terms, with `weighted_gram` where w is known to have no negative entry, `signed_gram` elsewhere.

    Of what is centred it is `softmax_gram`.
    What has another use than the product stays what it is.
    """
    return with_instructions(roots, _gram)


def _gram(t: Term, uses: Mapping[Term, int]) -> Found | None:
    """The instruction that a product is, with X and w."""
    if t.op != "matmul" or t.args[1].op not in ("multiply", "softmaxtimes"):
        return None
    left, Z = t.args
    once = uses[Z] - (left.op == "transpose" and left.args[0] is Z) == 1
    halved = are_turned(left, Z) and uses[left] == 1
    if Z.op == "softmaxtimes":
        root, s, B = Z.args
        alone = once and uses[root] == uses[B] == 1
        fits = halved and alone and root.op == "sqrt" and root.args == (s,) and B.op == "centred" and B.args[1] is s
        return ("softmax_gram", (B.args[0], s)) if fits else None
    weights, X = Z.args
    if weights.op != "column" or X.axes != Z.axes or not once:
        return None
    (w,) = weights.args
    if halved and w.op == "sqrt":
        return "weighted_gram", (X, w.args[0])
    return ("signed_gram", (X, w)) if are_turned(left, X) else None


def are_turned(a: Term, b: Term) -> bool:
    """Is one array the other one's transpose?"""
    return (a.op == "transpose" and a.args[0] is b) or (b.op == "transpose" and b.args[0] is a)
