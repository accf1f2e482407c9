"""Entry-by-entry identities; at 1×1 they are those of scalars."""

from closedform.core.expr import ones
from closedform.core.normal import normal
from closedform.core.rewrite import Binding, Rule
from closedform.ops.elementwise import abs, cos, cosh, exp, log, relu, sigmoid, sign, sin, sinh, softplus, tan, tanh
from closedform.ops.linear_algebra import det, logdet
from closedform.rules.wildcards import A, B, M, N, X

ONES = ones((M, N))


def opposite(bound: Binding) -> bool:
    """Whether B = −A."""
    return normal(-bound[A]) is bound[B]


ENTRYWISE = [
    Rule("exp-of-log", exp(log(A)), A),
    Rule("log-of-exp", log(exp(A)), A),
    Rule("sigmoid-from-exp", (ONES + exp(A)) ** -1, sigmoid(-A)),
    Rule("sigmoid-from-quotient", exp(A) * (ONES - sigmoid(A)), sigmoid(A)),
    Rule("sigmoid-complement", exp(A) * sigmoid(B), ONES - sigmoid(B), when=opposite),
    Rule("sigmoid-slope", exp(A) * sigmoid(B) ** 2, sigmoid(B) * (ONES - sigmoid(B)), when=opposite),
    Rule("softplus-from-log", log(ONES + exp(A)), softplus(A)),
    Rule("log-of-sigmoid", log(sigmoid(A)), -softplus(-A)),
    Rule("log-of-one-minus-sigmoid", log(ONES - sigmoid(A)), -softplus(A)),
    Rule("tangent-from-quotient", sin(A) * cos(A) ** -1, tan(A)),
    Rule("tanh-from-quotient", sinh(A) * cosh(A) ** -1, tanh(A)),
    Rule("sign-times-abs", sign(A) * abs(A), A),
    Rule("sign-over-abs", sign(A) * abs(A) ** -1, A**-1),
    Rule("relu-times-sign", relu(A) * sign(A), relu(A)),
    Rule("relu-on-its-side", relu(A) * (ONES + sign(A)), relu(A) + relu(A)),
    Rule("relu-times-opposite-sign", relu(A) * sign(B), -relu(A), when=opposite),
    Rule("relu-on-its-opposite-side", relu(A) * (ONES - sign(B)), relu(A) + relu(A), when=opposite),
    Rule("sign-times-itself", sign(A) * A, abs(A)),
    Rule("abs-of-abs", abs(abs(A)), abs(A)),
    Rule("exp-of-logdet", exp(logdet(X)), abs(det(X))),
]
