"""Rewriting: placeholder until rules are written."""
from closedform.core.expr import Expr


def rewrite(e: Expr) -> Expr | None:
    return None
