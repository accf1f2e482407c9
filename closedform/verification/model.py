"""The value of an expression over jets in a prime field: one line per operation.

What has a line here is evaluated as it is defined; what has none has no exact test, and `NO_TEST` says why.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction

import numpy as np

from closedform.core.abstract import Abstract, Part
from closedform.core.expr import Expr, symbols, topological
from closedform.verification.field import Array, Bound, Entries, Field, NoPoint
from closedform.verification.interpreter import _commutation, _duplication, _elimination, _lower
from closedform.verification.jet import Jet, Jets, base
from closedform.verification.oracle import Oracle, Unsupported

MOST_POWER = 64  #: the largest exponent that is multiplied out
MOST_ROOT = 16  #: the largest order of a root

#: operations without a sound treatment, and why
NO_TEST = {
    "erf": "erf, whose derivative has a rounded constant",
    "expm": "expm of a matrix",
    "logm": "logm of a matrix",
    "sqrtm": "sqrtm of a matrix",
    "normnuc": "normnuc, the singular values of a matrix",
}

#: operations of which every true relation is kept: there a difference is a proof that two expressions differ
COMPLETE = frozenset(
    [
        "symbol",
        "number",
        "dim",
        "ones",
        "zeros",
        "eye",
        "duplication",
        "elimination",
        "commutation",
        "add",
        "scale",
        "hadamard",
        "matmul",
        "transpose",
        "kron",
        "vec",
        "vech",
        "diag",
        "diagonal",
        "sum",
        "tr",
        "det",
        "inv",
        "adj",
    ]
)


class Model:
    """One random point, with the variables' values as jets.

    Args:
        field: where everything is computed.
        sizes: of dimensions.
    """

    def __init__(self, field: Field, sizes: Mapping[str, int]) -> None:
        self.field, self.jets, self.oracle, self.sizes = field, Jets(field), Oracle(field), sizes
        self.inexact = False  #: whether a rounded constant occurs

    def shape(self, e: Expr) -> tuple[int, int]:
        return e.shape[0].value(self.sizes), e.shape[1].value(self.sizes)

    def value(self, e: Expr, env: Mapping[str, Jet], known: dict[Expr, Jet] | None = None) -> Jet:
        """The jet of an expression.

        Args:
            e: any expression.
            env: the jets of its symbols, by name.
            known: values that were found before with the same `env`; new ones are entered.

        Raises:
            Unsupported: an operation has no exact test.
            NoPoint: there is no value at this point.
        """
        known = {} if known is None else known
        order, needed = topological([e], known), {e}
        for node in reversed(order):
            if node in needed:
                needed.update(_read(node))
        for node in order:
            if node in needed:
                known[node] = self._node(node, [known[a] for a in _read(node)], env)
        return known[e]

    def _node(self, e: Expr, args: list[Jet], env: Mapping[str, Jet]) -> Jet:
        name = e.op.name
        if name == "symbol":
            return env[e.data.name]
        if e.op.kind == "leaf":
            return (self._leaf(e),)
        if isinstance(e.op, Abstract):
            return self._abstract(e.op, args)
        if name == "power":
            return self._power(e, *args)
        if name in ("matpow", "powersum"):
            k = self._exponent(e.args[-1], args[-1])
            if k is None or k.denominator > 1:
                raise Unsupported("it has a power of a matrix that is no whole number")
            return self._matrix_power(name, args, int(k))
        if name not in FUNCTIONS:
            raise Unsupported(NO_TEST[name])
        return FUNCTIONS[name](self, *args)

    def _leaf(self, e: Expr) -> Entries:
        name, shape = e.op.name, self.shape(e)
        if name == "number":
            if isinstance(e.data, float):
                self.inexact = True
                if not math.isfinite(e.data):
                    raise Unsupported("it has a number that is not finite")
            return self.field.fraction(Fraction(e.data))
        if name == "dim":
            return self.field.constant(e.data.value(self.sizes))
        return self.field.constant(np.asarray(LEAVES[name](e, shape, self.sizes), dtype=int))

    # powers

    def _exponent(self, e: Expr, value: Jet) -> Fraction | None:
        """An exponent that is a simple fraction: made of numbers, sizes and integer variables."""
        u = base(value).values
        if u.size > 1 or any(value[1:]) or not all("integer" in s.data.properties for s in symbols(e)):
            return None
        for q in range(1, MOST_ROOT + 1):
            k = self.field.small(u.flat[0] * q % self.field.p, MOST_POWER)
            if k is not None:
                return Fraction(k, q)
        raise Unsupported("it has an exponent that is no simple fraction")

    def _power(self, e: Expr, X: Jet, p: Jet) -> Jet:
        """X^p, entry by entry: a power, a root, or exp(p log X)."""
        k = self._exponent(e.args[1], p)
        if _is_square_of_norm(e):
            X, k = self.sum(self.jets.times(X, X)), Fraction(e.args[1].data, 2)
        return self.exp(self.jets.times(p, self.log(X))) if k is None else self._fractional(X, k)

    def _fractional(self, X: Jet, k: Fraction) -> Jet:
        q = k.denominator
        while q % 2 == 0:
            X, q = self.root(X, 2), q // 2
        if q > 1:
            X = self.root(X, q)
        return self._to_the(X, k.numerator)

    def _to_the(self, X: Jet, k: int) -> Jet:
        if not k:
            return (self.field.constant(np.ones(base(X).values.shape, dtype=int)),)
        return self.jets.power(X if k > 0 else self.jets.reciprocal(X), abs(k), self.field.times)

    def _matrix_power(self, name: str, args: list[Jet], k: int) -> Jet:
        """X^k; or Σ Xⁱ A Xᵏ⁻¹⁻ⁱ over i < k, and of a negative power that of the inverse."""
        J, X = self.jets, args[0]
        if k < 0 and name == "powersum":
            Y = J.inverse(X)
            return self._matrix_power(name, [Y, J.scaled(-1, J.matmul(J.matmul(Y, args[1]), Y))], -k)
        n = len(base(X).values)
        powers: list[Jet] = [(self.field.constant(np.eye(n, dtype=int)),)]
        for _ in range(abs(k)):
            powers.append(J.matmul(powers[-1], X if k > 0 else J.inverse(X)))
        if name == "matpow":
            return powers[-1]
        terms = [J.matmul(J.matmul(powers[i], args[1]), powers[k - 1 - i]) for i in range(k)]
        return J.add(*terms) if terms else J.scaled(0, args[1])

    # functions of entries

    def exp(self, X: Jet, real: bool = True) -> Jet:
        E = self.oracle.exp(base(X), real)
        return self.jets.taylor(X, lambda j: self._over(E, math.factorial(j)))

    def _over(self, E: Entries, n: int) -> Entries:
        return E if n == 1 else self.field.times(self.field.fraction(Fraction(1, n)), E)

    def log(self, X: Jet, magnitude: bool = False) -> Jet:
        value, u = self.oracle.log(base(X), magnitude), (base(X),)

        def coefficient(j: int) -> Entries:
            return value if not j else base(self.jets.scaled(Fraction((-1) ** (j + 1), j), self._to_the(u, -j)))

        return self.jets.taylor(X, coefficient)

    def root(self, X: Jet, q: int) -> Jet:
        r, u = self.oracle.root(base(X), q), (base(X),)

        def coefficient(j: int) -> Entries:
            if not j:
                return r
            c = math.prod((Fraction(1, q) - i for i in range(j)), start=Fraction(1)) / math.factorial(j)
            return base(self.jets.scaled(c, self.jets.times((r,), self._to_the(u, -j))))

        return self.jets.taylor(X, coefficient)

    def waves(self, X: Jet) -> tuple[Jet, Jet]:
        """cos X and sin X, by exp(i X)."""
        J, i = self.jets, (Entries(np.array([[self.field.i]], dtype=object), Bound()),)
        E = self.exp(J.times(i, X), real=False)
        F = J.reciprocal(E)
        return J.scaled(Fraction(1, 2), J.add(E, F)), J.times(i, J.scaled(Fraction(-1, 2), J.minus(E, F)))

    def hyperbolic(self, X: Jet) -> tuple[Jet, Jet]:
        """cosh X and sinh X."""
        J, E = self.jets, self.exp(X)
        F = J.reciprocal(E)
        return J.scaled(Fraction(1, 2), J.add(E, F)), J.scaled(Fraction(1, 2), J.minus(E, F))

    def quotient(self, X: Jet, Y: Jet) -> Jet:
        return self.jets.times(X, self.jets.reciprocal(Y))

    def sigmoid(self, X: Jet) -> Jet:
        E = self.exp(X)
        return self.quotient(E, self.jets.shifted(1, E))

    def sign(self, X: Jet) -> Jet:
        return (self.oracle.sign(base(X)),)

    def relu(self, X: Jet) -> Jet:
        return self.jets.scaled(Fraction(1, 2), self.jets.times(self.jets.shifted(1, self.sign(X)), X))

    def sum(self, X: Jet) -> Jet:
        return self.jets.linear(lambda x: self.field.summed(np.sum, x), X)

    def trace(self, X: Jet) -> Jet:
        return self.jets.linear(lambda x: self.field.summed(np.trace, x), X)

    def arc(self, name: str, X: Jet, sign: int = 1) -> Jet:
        """arcsin and arccos, by their derivative ±(1 − x²)^(−½)."""
        J = self.jets

        def slope(Y: Jet) -> Jet:
            return J.scaled(sign, self._fractional(J.shifted(1, J.scaled(-1, J.times(Y, Y))), Fraction(-1, 2)))

        value = self.oracle.odd(name, base(X)) if sign > 0 else self.oracle.entrywise(name, base(X))
        return J.primitive(X, value, slope)

    def arctan(self, X: Jet) -> Jet:
        J = self.jets
        value = self.oracle.odd("arctan", base(X))
        return J.primitive(X, value, lambda Y: J.reciprocal(J.shifted(1, J.times(Y, Y))))

    # functions of matrices

    def adjugate(self, X: Jet) -> tuple[Jet, Jet]:
        """The adjugate and the determinant, of any square X, by the method of Faddeev and LeVerrier."""
        J, n = self.jets, len(base(X).values)
        identity: Jet = (self.field.constant(np.eye(n, dtype=int)),)
        M, c = identity, self.trace(X)
        for k in range(2, n + 1):
            M = J.minus(J.matmul(X, M), J.times(c, identity))
            c = J.scaled(Fraction(1, k), self.trace(J.matmul(X, M)))
        sign = (-1) ** (n - 1)
        return J.scaled(sign, M), J.scaled(sign, c)

    def pinv(self, X: Jet) -> Jet:
        """(X'X)⁻¹X' or X'(XX')⁻¹, whichever of them is a square matrix of full rank."""
        J, t = self.jets, self.jets.moved(np.transpose, X)
        m, n = base(X).values.shape
        return J.matmul(J.inverse(J.matmul(t, X)), t) if m >= n else J.matmul(t, J.inverse(J.matmul(X, t)))

    def max(self, X: Jet) -> Jet:
        return self.sum(self.jets.times(self.is_max(X), X))

    def is_max(self, X: Jet) -> Jet:
        return (self.oracle.is_largest(base(X)),)

    # abstract functions

    def _abstract(self, op: Abstract, args: list[Jet]) -> Jet:
        X = args[0]
        if op.values is None:

            def coefficient(j: int) -> Entries:
                return self._over(self.oracle.entrywise(f"{op.function} {op.order + j}", base(X)), math.factorial(j))

            return self.jets.taylor(X, coefficient)
        (k, l), (rows, columns) = base(X).values.shape, (d.value(self.sizes) for d in op.values)
        if sum(any(a[1:]) for a in args) > (len(args) == 1) or len(X) > 2:
            raise Unsupported(f"{op.function} has an unknown second derivative")
        slope: Jet = (self.oracle.array(f"D {op.function}", base(X), rows * columns, k * l),)
        if op.part is Part.VALUE:
            value = self.oracle.array(op.function, base(X), rows, columns)
            return (value, *self._applied(slope, X[1:], rows, columns))
        turned = self.jets.moved(np.transpose, slope)
        return (
            self._applied(slope, args[1], rows, columns)
            if op.part is Part.ALONG
            else self._applied(turned, args[1], k, l)
        )

    def _applied(self, slope: Jet, V: Jet, rows: int, columns: int) -> Jet:
        stacked = self.jets.matmul(slope, self.jets.moved(lambda v: v.reshape(-1, 1), V))
        return self.jets.moved(lambda v: v.reshape(rows, columns), stacked)


def _read(e: Expr) -> tuple[Expr, ...]:
    """The operands whose values that of e is made of: of ‖X‖², those of the norm, so that no root is taken."""
    return (*e.args[0].args, e.args[1]) if _is_square_of_norm(e) else e.args


def _is_square_of_norm(e: Expr) -> bool:
    """‖X‖ᵏ for an even number k."""
    if e.op.name != "power" or e.args[0].op.name != "norm2" or e.args[1].op.name != "number":
        return False
    return isinstance(e.args[1].data, int) and e.args[1].data % 2 == 0


def fold(multiply: Callable[[Model], Callable[[Jet, Jet], Jet]]) -> Callable[..., Jet]:
    """A product of any number of factors."""

    def folded(m: Model, *factors: Jet) -> Jet:
        done, of_two = factors[0], multiply(m)
        for f in factors[1:]:
            done = of_two(done, f)
        return done

    return folded


def _moved(rearrange: Callable[[Array], Array]) -> Callable[[Model, Jet], Jet]:
    return lambda m, X: m.jets.moved(rearrange, X)


def _diagonal_matrix(x: Array) -> Array:
    n = x.size
    X = np.zeros((n, n), dtype=object)
    X[range(n), range(n)] = x.reshape(-1)
    return X


def stacked(X: Array) -> Array:
    """vec: the columns below one another."""
    return X.T.reshape(-1, 1)


LEAVES: dict[str, Callable[[Expr, tuple[int, int], Mapping[str, int]], Array]] = {
    "ones": lambda e, shape, sizes: np.ones(shape),
    "zeros": lambda e, shape, sizes: np.zeros(shape),
    "eye": lambda e, shape, sizes: np.eye(*shape),
    "duplication": lambda e, shape, sizes: _duplication(e.data.value(sizes)),
    "elimination": lambda e, shape, sizes: _elimination(e.data.value(sizes)),
    "commutation": lambda e, shape, sizes: _commutation(e.data.rows.value(sizes), e.data.columns.value(sizes)),
}

FUNCTIONS: dict[str, Callable[..., Jet]] = {
    "add": lambda m, *terms: m.jets.add(*terms),
    "scale": lambda m, c, X: m.jets.times(c, X),
    "hadamard": fold(lambda m: m.jets.times),
    "matmul": fold(lambda m: m.jets.matmul),
    "kron": fold(lambda m: lambda X, Y: m.jets.product(m.field.kron, X, Y)),
    "transpose": _moved(np.transpose),
    "vec": _moved(stacked),
    "vech": _moved(lambda X: np.array([[X[i, j]] for i, j in _lower(len(X))], dtype=object)),
    "diag": _moved(_diagonal_matrix),
    "diagonal": _moved(lambda X: np.diagonal(X)[:, None]),
    "exp": Model.exp,
    "log": Model.log,
    "sqrt": lambda m, X: m.root(X, 2),
    "sin": lambda m, X: m.waves(X)[1],
    "cos": lambda m, X: m.waves(X)[0],
    "tan": lambda m, X: m.quotient(*m.waves(X)[::-1]),
    "arcsin": lambda m, X: m.arc("arcsin", X),
    "arccos": lambda m, X: m.arc("arccos", X, -1),
    "arctan": Model.arctan,
    "sinh": lambda m, X: m.hyperbolic(X)[1],
    "cosh": lambda m, X: m.hyperbolic(X)[0],
    "tanh": lambda m, X: m.quotient(*m.hyperbolic(X)[::-1]),
    "sigmoid": Model.sigmoid,
    "softplus": lambda m, X: m.log(m.jets.shifted(1, m.exp(X))),
    "relu": Model.relu,
    "abs": lambda m, X: m.jets.times(m.sign(X), X),
    "sign": Model.sign,
    "sum": Model.sum,
    "tr": Model.trace,
    "norm1": lambda m, X: m.sum(m.jets.times(m.sign(X), X)),
    "norm2": lambda m, X: m.root(m.sum(m.jets.times(X, X)), 2),
    "max": Model.max,
    "ismax": Model.is_max,
    "logsumexp": lambda m, X: m.log(m.sum(m.exp(X))),
    "softmax": lambda m, X: m.quotient(E := m.exp(X), m.sum(E)),
    "det": lambda m, X: m.adjugate(X)[1],
    "adj": lambda m, X: m.adjugate(X)[0],
    "logdet": lambda m, X: m.log(m.adjugate(X)[1], magnitude=True),
    "inv": lambda m, X: m.jets.inverse(X),
    "pinv": Model.pinv,
}

__all__ = ["COMPLETE", "FUNCTIONS", "NO_TEST", "Model", "NoPoint"]
