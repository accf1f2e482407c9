"""The route by entries: sums written out at a small size, a partial derivative for every entry, the matrix of these.

Source: the note "벡터 함수를 행렬로 미분하기" among the seeds, which expands tr(W X) so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from closedform.calculus.derivative import gradients
from closedform.calculus.structure import structure_of
from closedform.compact.compact import compact
from closedform.compact.present import present
from closedform.core.expr import Expr, symbols
from closedform.core.function import Function
from closedform.core.shape import ONE
from closedform.derivation.telling import Derivation, Step
from closedform.emit.latex import latex, spelled
from closedform.emit.text import text
from closedform.emit.unicode import unicode
from closedform.errors import NotSupported, RequestError, TooLarge
from closedform.index.tensor import axes
from closedform.lang import say
from closedform.verification.sample import names_of_dims, sample_at
from closedform.written.entries import ZERO, Entries, in_latex, in_unicode
from closedform.written.record import WrittenOut, chosen_sizes, compare, nested

if TYPE_CHECKING:
    from closedform.verification.interpreter import Env

MOST = 16  #: entries of the variable, each with a step of its own
INDENT = "\n      "


def by_entries(function: Function, x: Expr, answer: Expr, lang: str, size: int, given: Mapping[str, int]) -> Derivation:
    """The derivation of the gradient of a scalar function, entry by entry.

    Args:
        function: a scalar function.
        x: the variable; of any value.
        answer: the gradient in closed form.
        lang: the language of the sentences.
        size: of every dimension that is not given.
        given: sizes of dimensions.

    Raises:
        RequestError: the function is no scalar, or the entries of the variable are not free.
        NotSupported: a function of the variable, such as its inverse, is not written out by entries.
        TooLarge: there are more than 16 entries, or they are too long to write down.
        VerificationError: the partial derivatives are not the entries of the answer; a bug of closedform.
    """
    if not function.expr.is_scalar or structure_of(x) is not None:
        raise RequestError("the route by entries is for a scalar function of a variable without structure",
                           hint="take the route by differentials")  # fmt: skip
    roots = [function.expr, x, answer]
    sizes = chosen_sizes(names_of_dims(roots), size, given)
    scalars = Entries(sizes, function.variables)
    if scalars.shape(x)[0] * scalars.shape(x)[1] > MOST:
        raise TooLarge(f"the route by entries is for at most {MOST} entries", hint="give smaller sizes")
    f = compact(scalars.of(function.expr).get((0, 0), ZERO))
    _refuse_named(f, x, scalars)
    partials = _partials(f, x, scalars)
    sample = sample_at(roots, sizes)
    env = {name: value[0] for name, value in sample.env.items()}
    return Derivation(_steps(f, x, answer, partials, lang), lang, "full", _compared(partials, answer, env, sizes))


def _refuse_named(f: Expr, x: Expr, scalars: Entries) -> None:
    """What is not written out by entries hides those of the variable."""
    for s in symbols(f):
        named, _ = scalars.places.get(s.data.name, (s, None))
        if named.args and x in symbols(named):
            raise NotSupported(f"{text(present(named))} is not written out by entries",
                               hint="take the route by differentials")  # fmt: skip


def _partials(f: Expr, x: Expr, scalars: Entries) -> WrittenOut:
    """∂f/∂X_ij for every entry, in the shape of X."""
    rows, columns = scalars.shape(x)
    entries = [scalars.of(x)[i, j] for j in range(columns) for i in range(rows)]
    shape = tuple(d.value(scalars.sizes) for d in axes(x))
    found = nested([compact(gradients(f, [e])[0]) for e in entries], shape)
    return WrittenOut(found, shape, dict(scalars.sizes), scalars)


def _compared(partials: WrittenOut, answer: Expr, env: Env, sizes: Mapping[str, int]) -> float:
    from closedform.verification.interpreter import evaluate

    value = evaluate(answer, env, sizes).reshape(partials.shape, order="F")
    return compare(partials.numbers(env), value, "a partial derivative differs from the entry of the answer")


def _steps(f: Expr, x: Expr, answer: Expr, partials: WrittenOut, lang: str) -> list[Step]:
    scalars, name = partials.scalars, x.data.name
    sizes = ", ".join(f"{k} = {n}" for k, n in partials.sizes.items())
    shown = text(present(f)), scalars.unicode(f), scalars.latex(f)
    steps = [_step("write-out", lang, "f", "f", *shown, sizes=sizes)]
    shape = scalars.shape(x)
    for k, partial in enumerate(partials.flat()):
        place = divmod(k, shape[1]) if x.shape[1] is not ONE else (k, 0)
        head = f"∂f/∂{in_unicode(x, place, shape)}"
        head_latex = rf"\frac{{\partial f}}{{\partial {in_latex(x, place, shape)}}}"
        shown = text(present(partial)), scalars.unicode(partial), scalars.latex(partial)
        steps.append(_step("partial", lang, head, head_latex, *shown))
    head, head_latex = f"∂f/∂{name}", rf"\frac{{\partial f}}{{\partial {spelled(name)}}}"
    block = partials.unicode().replace("\n", INDENT + " " * len(f"{head} = "))
    steps.append(_step("arrange-entries", lang, head, head_latex, partials.text, block, partials.latex(), x=name))
    closed = present(answer)
    return [*steps, _step("recognize", lang, head, head_latex, text(closed), unicode(closed), latex(closed))]


def _step(key: str, lang: str, head: str, head_latex: str, after: str, shown: str, in_tex: str, **facts: str) -> Step:
    return Step(
        rules=(key,),
        sentence=say(lang, f"step.{key}", **facts),
        formulas=(),
        head=head,
        relation="=",
        before="",
        after=after,
        unicode=shown,
        latex=f"{head_latex} &= {in_tex}",
        shapes=(),
        lines=(f"{head} = {shown}", ""),
    )
