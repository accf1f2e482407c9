"""What a reader of an answer sees, whatever shows it: a terminal, JSON, a page.

The answer that was asked for and checked, its heading, its layouts and entries as data, and an error as data.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from closedform.calculus.layout import AS_IS
from closedform.emit.latex import spelled
from closedform.emit.unicode import HIGH
from closedform.lang.messages import translated

if TYPE_CHECKING:
    from closedform.answer import Derivative
    from closedform.errors import ClosedFormError

ALL = "all"  #: in the place of a layout: the table of all of them


def answered(function: str, names: list[str], let: Iterable[str], layout: str | None, symmetric: str) -> Derivative:
    """The answer, after its check.

    Args:
        function: the text of the function.
        names: of the variables, in order.
        let: declarations.
        layout: a name, `all`, or None for the usual one.
        symmetric: as `derivative` takes it.

    Raises:
        ClosedFormError: a mistake of the user.
        VerificationError: the answer failed its check.
    """
    from closedform.ask import derivative
    from closedform.syntax.declare import declarations
    from closedform.syntax.text import parse

    answer = derivative(
        parse(function, *declarations(let), infer=True),
        *names,
        layout=None if layout == ALL else layout,
        symmetric=symmetric,
    )
    for shown in answer.in_layouts() if layout == ALL else [answer]:
        shown.check()
    return answer


def heading(D: Derivative) -> str:
    """`∂f/∂x` or `∂²f/∂x∂y`, with a name for the function that is none of its variables."""
    f = D.function.letter
    names = [x.data.name for x in D.variables]
    if D.free:
        return _by_free_entries(D, f, names)
    if _is_vec(D):
        return f"∂vec {f}/∂(vec {names[0]})ᵀ"
    if len(names) == 1:
        return f"∂{f}/∂{names[0]}"
    order = "".join(HIGH[digit] for digit in str(len(names)))
    same = len(set(names)) == 1
    return f"∂{order}{f}/" + (f"∂{names[0]}{order}" if same else "∂" + "∂".join(names))


def _is_vec(D: Derivative) -> bool:
    """Whether it is the matrix ∂vec F/∂(vec X)'."""
    return D.is_array and D.arrangement is AS_IS and len(D.variables) == 1


def _by_free_entries(D: Derivative, f: str, names: list[str]) -> str:
    """`∂f/∂vech S`, `∂vech F/∂(vech S)ᵀ`, `∂²f/∂vech S ∂(vech S)ᵀ`."""
    first = D.free[0].function
    if not first.is_scalar:
        f = f"vech {f}" if first.op.name == "vech" else f"vec {f}"
    *before, last = names
    rows = "".join(f"∂vech {name} " for name in before)
    order = f"∂{'' if not before else '⁰¹²³⁴⁵⁶⁷⁸⁹'[len(names) % 10]}{f}"
    return f"{order}/{rows}∂vech {last}" if first.is_scalar and not before else f"{order}/{rows}∂(vech {last})ᵀ"


def heading_latex(D: Derivative) -> str:
    r"""The same in LaTeX.

    >>> from closedform import derivative, parse
    >>> print(heading_latex(derivative(parse("x'*A*x"), "x", "x")))
    \frac{\partial^{2} f}{\partial x^{2}}
    """
    f, names = spelled(D.function.letter), [spelled(x.data.name) for x in D.variables]
    high = f"^{{{len(names)}}}" if len(names) > 1 else ""
    if D.free:
        first = D.free[0].function
        rows = "" if first.is_scalar else rf"\operatorname{{{'vech' if first.op.name == 'vech' else 'vec'}}} "
        *before, last = (rf"\operatorname{{vech}} {name}" for name in names)
        if before or rows:
            last = rf"({last})^{{\top}}"
        return _fraction(rf"\partial{high} {rows}{f}", [*before, last])
    if _is_vec(D):
        return _fraction(rf"\partial \operatorname{{vec}} {f}", [rf"(\operatorname{{vec}} {names[0]})^{{\top}}"])
    same = len(set(names)) == 1
    return _fraction(rf"\partial{high} {f}", [names[0] + high] if same else names)


def _fraction(top: str, below: Iterable[str]) -> str:
    under = " ".join(rf"\partial {name}" for name in below)
    return rf"\frac{{{top}}}{{{under}}}"


def layouts_as_data(D: Derivative) -> dict[str, Any]:
    """The table of layouts for JSON."""
    return {
        "layouts": [
            {"name": r.name, "shape": list(r.shape), "formula": r.formula, "users": r.users} for r in D.layouts()
        ]
    }


def entries_as_data(D: Derivative, size: int, sizes: dict[str, int]) -> dict[str, Any]:
    """The entries written out, and both routes to them, for JSON; None where there are not two routes."""
    routes = D.routes(size, at=None, **sizes).as_dict() if D.has_routes else None
    return {"written_out": D.written_out(size, **sizes).as_dict(), "routes": routes}


def error_fields(error: ClosedFormError, lang: str) -> dict[str, Any]:
    """An error as data, in English; in another language its message and hint once more."""
    fields: dict[str, Any] = {
        "type": type(error).__name__,
        "message": error.message,
        "span": list(error.span) if error.span else None,
        "source": error.source,
        "shapes": error.shapes,
        "hint": error.hint,
    }
    if lang != "en":
        hint = None if error.hint is None else translated(lang, error.hint)
        fields["translated"] = {"message": translated(lang, error.message), "hint": hint}
    return fields
