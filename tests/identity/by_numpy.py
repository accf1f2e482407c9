"""The value of a statement's tree by NumPy alone: nothing of closedform but the tree is used.

Values are 2-D arrays; derivatives are central differences, laid out as a gradient, a Jacobian or ∂vec F/∂(vec X)'.
"""

from __future__ import annotations

from functools import reduce

import numpy as np
import scipy.linalg

from closedform.syntax.tree import Node, postorder

STEP = 1e-6


def vec(X):
    return X.reshape(-1, 1, order="F")


def commutation(m, n):
    K = np.zeros((m * n, m * n))
    for k, entry in enumerate(np.arange(m * n).reshape(m, n, order="F").ravel()):
        K[k, entry] = 1
    return K


def adjugate(X):
    n = len(X)
    minors = [[np.linalg.det(np.delete(np.delete(X, i, 0), j, 1)) for j in range(n)] for i in range(n)]
    return (np.array(minors) * (-1.0) ** np.add.outer(np.arange(n), np.arange(n))).T


def scalar(x):
    return np.array([[x]], dtype=float)


def size(x):
    return int(x[0, 0])


FUNCTIONS = {
    "inv": np.linalg.inv, "pinv": np.linalg.pinv, "adj": adjugate, "expm": scipy.linalg.expm,
    "sqrtm": lambda X: scipy.linalg.sqrtm(X).real, "tr": lambda X: scalar(np.trace(X)), "exp": np.exp,
    "det": lambda X: scalar(np.linalg.det(X)), "logdet": lambda X: scalar(np.linalg.slogdet(X)[1]),
    "norm2": lambda X: scalar(np.sqrt((X * X).sum())), "sum": lambda X: scalar(X.sum()), "vec": vec, "kron": np.kron,
    "eye": lambda n: np.eye(size(n)), "K": lambda m, n: commutation(size(m), size(n)),
    "diag": lambda X: np.diag(X.ravel()) if 1 in X.shape else np.diag(X).reshape(-1, 1),
}  # fmt: skip


def times(a, b):
    return a * b if (1, 1) in (a.shape, b.shape) else a @ b


def power(a, k):
    return a ** k[0, 0] if a.shape == (1, 1) else np.linalg.matrix_power(a, size(k))


OPERATORS = {
    "PLUS": np.add, "MINUS": np.subtract, "STAR": times, "juxtapose": times, "DOTSTAR": np.multiply,
    "SLASH": np.divide, "HAT": power, "PRIME": np.transpose, "negative": np.negative,
}  # fmt: skip


def value(node: Node, env, sizes) -> np.ndarray:
    done = {}
    for n in postorder(node, ""):
        parts = [done[o] for o in n.operands]
        if n.rule == "literal":
            done[n] = scalar(float(n.text))
        elif n.rule == "name":
            done[n] = env[n.text] if n.text in env else scalar(sizes[n.text])
        else:
            done[n] = (FUNCTIONS[n.text] if n.rule == "call" else OPERATORS[n.rule])(*parts)
    return done[node]


def side(node: Node, env, sizes) -> np.ndarray:
    """The value of a side: an expression, a derivative of the first or second order, a differential."""
    if node.rule == "differential":
        moves = {n[1:]: X for n, X in env.items() if n[0] == "d" and n[1:] in env}
        ahead, behind = ({**env, **{n: env[n] + s * STEP * d for n, d in moves.items()}} for s in (1, -1))
        return (value(node.operands[0], ahead, sizes) - value(node.operands[0], behind, sizes)) / (2 * STEP)
    if node.rule != "derivative":
        return value(node, env, sizes)
    function, *below = node.operands
    names = [reduce(lambda n, _: n.operands[0] if n.operands else n, range(3), v).text for v in below]
    f = lambda env: value(function, env, sizes)
    step = STEP if len(names) == 1 else 1e-4
    for name in names:
        f = derivative(f, name, step)
    return f(env)


def derivative(f, name, step):
    def result(env):
        X, columns = env[name], []
        for k in range(X.size):
            E = np.zeros(X.size)
            E[k] = step
            E = E.reshape(X.shape, order="F")
            columns.append(vec((f({**env, name: X + E}) - f({**env, name: X - E})) / (2 * step)))
        J = np.hstack(columns)
        return J.reshape(X.shape, order="F") if len(J) == 1 else J

    return result
