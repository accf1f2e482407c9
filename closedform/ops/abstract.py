"""Abstract functions: the chain rule, with the derivative left as it stands.

An entrywise σ has derivatives σ′, σ″, … of its own.  A function f with values of a fixed shape has a differential that
is an unknown linear map, df(X) = Df(X, dX), and its transpose: ⟨Y, Df(X, V)⟩ = ⟨Df_T(X, Y), V⟩.
"""

from __future__ import annotations

from threading import Lock
from weakref import WeakValueDictionary

from closedform.core.abstract import Abstract, Part
from closedform.core.expr import Expr, number, zeros
from closedform.core.normal import finish
from closedform.core.shape import Shape
from closedform.core.signature import Signature
from closedform.core.terms import is_number, is_zero, join, split
from closedform.errors import NotSupported
from closedform.ops.arithmetic import canonical_scale
from closedform.ops.product import canonical_transpose, upright

_TABLE: WeakValueDictionary[tuple[str, Shape | None, int, Part], Abstract] = WeakValueDictionary()
_LOCK = Lock()


def abstract(function: str, values: Shape | None, order: int = 0, part: Part = Part.VALUE) -> Abstract:
    """The one record of that function.

    Args:
        function: its name.
        values: the shape of f(X); None for a function that works entry by entry.
        order: how often an entrywise function was differentiated.
        part: f itself, its derivative in a direction, or the transpose of that.
    """
    key = (function, values, order, part)
    found = _TABLE.get(key)
    if found is not None:
        return found
    made = _entrywise(function, order) if values is None else _of_shape(function, values, part)
    with _LOCK:
        return _TABLE.setdefault(key, made)


def _entrywise(function: str, order: int) -> Abstract:
    def canonical(x: Expr) -> Expr:
        t = upright(x)
        return finish(op, (x,)) if t is None else canonical_transpose(canonical(t))

    op = Abstract(
        name=function + "'" * order,
        kind="elementwise",
        signatures=(Signature("(m,n) -> (m,n)"),),
        function=function,
        values=None,
        order=order,
        differential=lambda x, y: abstract(function, None, order + 1)(x),
        canonical=canonical,
        turns=True,
        doc=f"{function}, entry by entry, differentiated {order} times.",
    )
    return op


def _of_shape(function: str, values: Shape, part: Part) -> Abstract:
    name = part.called(function)
    op = Abstract(name=name, kind="function", function=function, values=values, part=part)
    if part is Part.VALUE:
        op.doc = f"{function}(X).  d{function}(X) = D{function}(X, dX), an unknown linear map of dX."
        op.differential = lambda X, dX: abstract(function, values, part=Part.ALONG)(X, dX)
        return op
    turned = Part.BACK if part is Part.ALONG else Part.ALONG

    def differential(X: Expr, V: Expr, dX: Expr | None, dV: Expr | None) -> Expr:
        if dX is not None or dV is None:
            raise NotSupported(
                f"the second derivative of {function} is not known: {function} is abstract, and not entrywise",
                hint=f"declare {function}: entrywise, if it is applied to every entry",
            )
        return op(X, dV)

    op.doc = f"{name}(X, V), linear in V; its transpose is {turned.called(function)}."
    op.differential = differential
    op.adjoint = lambda slot, args, Y: abstract(function, values, part=turned)(args[0], Y)
    op.canonical = lambda X, V: _linear(op, X, V)
    return op


def _linear(op: Abstract, X: Expr, V: Expr) -> Expr:
    """Numbers and scalar factors of V stand in front; a scalar V is such a factor."""
    if is_zero(V):
        return zeros(op.shape((X, V)))
    if V.is_scalar:
        one = finish(op, (X, number(1)))
        return one if is_number(V, 1) else canonical_scale(V, one)
    c, core = split(V)
    if core.op.name == "scale":
        return canonical_scale(join(c, core.args[0]), _linear(op, X, core.args[1]))
    return join(c, finish(op, (X, core)))
