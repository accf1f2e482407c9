"""`%matrixcalc` and `%%matrixcalc`: the question of the command line, its answer as a Python object."""

from __future__ import annotations

from typing import Any

from IPython.core.error import UsageError
from IPython.core.getipython import get_ipython
from IPython.core.magic import no_var_expand
from IPython.display import display

from closedform import view
from closedform.answer import Derivative
from closedform.errors import ClosedFormError, RequestError, VerificationError
from closedform.lang import preferred, say
from closedform.lang.messages import told
from closedform.notebook.request import Request, request


@no_var_expand
def matrixcalc(line: str, cell: str | None = None) -> Derivative:
    """Differentiate a function: the answer is the result, so that it is shown and can be kept.

    In a line: the function, in "…" if there are blanks in it, then the variables::

        D = %matrixcalc x'*A*x x
        %matrixcalc "norm2(X*w - y)^2" w --layout numerator

    In a cell: the variables above, declarations and the function below::

        %%matrixcalc S --steps --out D
        let S: spd; x: vector(n)
        logdet(S) + x'*inv(S)*x

    Options, as on the command line:

    --let "A: matrix(n,n) symmetric"   declare; repeatable
    --layout numerator                 numerator, denominator, vec, tensor, …
    --symmetric entries                by a symmetric matrix: projected, or entries
    --steps [ko]                       the derivation too; in a language: en, ko, zh
    --level full                       of the derivation: brief, or full for a beginner
    --route expansion                  of the derivation: differentials, expansion, or entries
    --out D                            keep the answer in a variable
    """
    try:
        return _answered(request(line, cell))
    except ClosedFormError as error:
        raise UsageError(_told(error)) from None


def _answered(asked: Request) -> Derivative:
    """The answer, checked; its derivation is shown before it."""
    given = asked.given
    layout = given.get("--layout")
    if layout == view.ALL:
        raise RequestError("--layout all is for the command line", hint="in a notebook write D.layouts()")
    D = view.answered(asked.function, asked.by, asked.let, layout, given.get("--symmetric", "projected"))
    if "--steps" in given:
        level, route = given.get("--level", "brief"), given.get("--route", "differentials")
        display(D.steps(given["--steps"] or preferred(), level, route))
    if "--out" in given:
        shell: Any = get_ipython()
        shell.push({given["--out"]: D})
    return D


def _told(error: ClosedFormError) -> str:
    """The error as the command line tells it; a failed check is said to be a mistake of ours."""
    lang = preferred()
    message = told(error, lang)
    return say(lang, "cli.internal", message=message) if isinstance(error, VerificationError) else message
