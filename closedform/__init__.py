"""closedform: matrix calculus by machine.

Write a function of scalars, vectors and matrices as on paper; get its derivative in closed matrix notation,
verified, as text, LaTeX and code.

>>> import closedform as cf
>>> print(cf.derivative(cf.parse("norm2(X*w - y)^2"), "w"))
2*X'*(X*w - y)
"""

from closedform import ops as _ops  # noqa: F401  registers the operations
from closedform import rules as _rules  # noqa: F401  puts the rewrite tables to work
from closedform.answer import Derivative
from closedform.ask import (
    compile,
    derivative,
    differential,
    gradient,
    hessian,
    hessian_diagonal,
    hvp,
    jacobian,
    jvp,
    vjp,
)
from closedform.build import *  # noqa: F403  (variables, constants and operations)
from closedform.build import __all__ as _building
from closedform.core.function import Function
from closedform.errors import ClosedFormError
from closedform.exchange.from_sympy import from_sympy
from closedform.exchange.to_sympy import to_sympy
from closedform.formula import Formula
from closedform.identity.questions import check, judge
from closedform.notebook import load_ipython_extension as load_ipython_extension
from closedform.notebook import widget
from closedform.syntax.text import parse
from closedform.tracing.trace import trace

__version__ = "0.1.0"

__all__ = [
    *_building,
    "ClosedFormError",
    "Derivative",
    "Formula",
    "Function",
    "check",
    "compile",
    "derivative",
    "differential",
    "from_sympy",
    "gradient",
    "hessian",
    "hessian_diagonal",
    "hvp",
    "jacobian",
    "judge",
    "jvp",
    "parse",
    "to_sympy",
    "trace",
    "vjp",
    "widget",
]
