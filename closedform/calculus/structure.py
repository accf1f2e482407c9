"""Structured variables: what a derivative by a symmetric or a diagonal matrix means.

A gradient is taken as if the variable were any matrix, and then projected on the structure, orthogonally
in the Frobenius inner product, so that df = ⟨G, dX⟩ for every dX that keeps it.
Source: Magnus & Neudecker, 3rd ed. (2019), ch. 3; K. B. Petersen, The Matrix Cookbook (2012), 2.8.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from closedform.core.expr import Expr, commutation, eye, number, substitute, symbol
from closedform.core.normal import normal
from closedform.core.shape import Dim
from closedform.ops.structure import diag, vec


@dataclass(frozen=True, slots=True)
class Structure:
    """One convention.

    Attributes:
        name: as it is reported.
        properties: a variable with one of them has this structure.
        project: the gradient in the whole space to the gradient in the structure.
        on_vec: the matrix of that projection on vec(X), for X of size n.
        doc: the sentence that goes with an answer.
    """

    name: str
    properties: frozenset[str]
    project: Callable[[Expr], Expr]
    on_vec: Callable[[Dim], Expr]
    doc: str


def _symmetric_part(G: Expr) -> Expr:
    t = normal(G.T)
    return G if t is G else normal(number(Fraction(1, 2)) * (G + t))


def _diagonal_part(G: Expr) -> Expr:
    t = normal(G.T)
    return normal((t if t.size < G.size else G) * eye(G.shape[0]))


def _symmetrizer(n: Dim) -> Expr:
    """N = (I + K(n,n))/2, with N vec(X) = vec(sym X)."""
    return number(Fraction(1, 2)) * (eye(n * n) + commutation(n, n))


def _diagonal_selector(n: Dim) -> Expr:
    return diag(vec(eye(n)))


SYMMETRIC = Structure(
    "symmetric",
    frozenset({"symmetric", "spd"}),
    _symmetric_part,
    _symmetrizer,
    "{0} is symmetric: the gradient is the symmetric part sym(G), df = tr(G*d{0}) for symmetric d{0}",
)

STRUCTURES = (
    Structure(
        "diagonal",
        frozenset({"diagonal"}),
        _diagonal_part,
        _diagonal_selector,
        "{0} is diagonal: the gradient is that within the diagonal matrices",
    ),
    SYMMETRIC,
)

BY_FREE_ENTRIES = "{0} is symmetric: the derivative by its entries on and below the diagonal, stacked as vech({0})"


BY_ENTRIES = Structure(
    "symmetric, by entries",
    frozenset({"symmetric", "spd"}),
    lambda G: normal(G + G.T - G * eye(G.shape[0])),
    lambda n: eye(n * n) + commutation(n, n) - diag(vec(eye(n))),
    "{0} is symmetric: the derivative by its entries {0}[i,j] = {0}[j,i], G + G' - diag(G)",
)


def structure_of(x: Expr, by_entries: bool = False) -> Structure | None:
    """The structure of a variable; None for any matrix, column or scalar.

    Args:
        x: a symbol.
        by_entries: of a symmetric matrix the derivative by its independent entries, not the symmetric part.
    """
    if x.is_scalar:
        return None
    known = (*STRUCTURES[:1], BY_ENTRIES) if by_entries else STRUCTURES
    return next((s for s in known if s.properties & x.data.properties), None)


def freed(f: Expr, x: Expr) -> tuple[Expr, Expr]:
    """The function and the variable without what was declared of its structure: the value may leave it."""
    free = symbol(x.data.name, x.shape, x.data.properties & {"positive"})
    return replace(f, x, free), free


def replace(e: Expr, old: Expr, new: Expr) -> Expr:
    """The expression with one symbol for another, built as before."""
    return substitute(e, {old: new})
