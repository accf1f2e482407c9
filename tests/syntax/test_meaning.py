"""What each piece of the syntax means: compared by identity with the expression built by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest

from closedform.core.expr import OPS, eye, number, ones, size_of, symbol, times, zeros
from closedform.core.shape import ONE, dim, shape_of
from closedform.errors import ClosedFormError
from closedform.syntax.names import functions
from closedform.syntax.text import parse

SHAPES = {"A": ("m", "n"), "B": ("m", "n"), "X": ("n", "n"), "Y": ("n", "n"), "x": ("n",), "y": ("m",), "a": (), "b": (),
          "c": (), "k": (), "λ": (), "Σ": ("n", "n")}  # fmt: skip
FACTS = {"k": ["integer"]}
m, n = dim("m"), dim("n")
A, B, X, Y, x, y, a, b, c, k, lam, Sigma = (symbol(v, shape_of(s), FACTS.get(v, ())) for v, s in SHAPES.items())
half, two = number(Fraction(1, 2)), number(2)


def read(text):
    return parse(text, SHAPES, FACTS).expr


WRITTEN = {
    # precedence
    "-a^2": -(a**2),
    "(-a)^2": (-a) ** 2,
    "2*-a": two * -a,
    "a^-1": a**-1,
    "a^-b*c": a**-b * c,
    "a^b^c": (a**b) ** c,
    "a^2'": (a**2).T,
    "a'^2": a.T**2,
    "-a*b": -a * b,
    "a - b - c": (a - b) - c,
    "a - b + c": (a - b) + c,
    "a/b*c": (a / b) * c,
    "a*b/c": (a * b) / c,
    "a + b*c": a + b * c,
    "x.^2'": (x**2).T,
    "A*X*x": (A @ X) @ x,
    "A*(X*x)": A @ (X @ x),
    "A.*B*x": (A * B) @ x,
    "+a": a,
    # products and division
    "x'*x": x.T @ x,
    "a*x": a * x,
    "x*a": times(x, a),
    "A.*B": A * B,
    "2.*x": two * x,
    "2.5*x": number(Fraction(5, 2)) * x,
    "2./x": two / x,
    "1./x": number(1) / x,
    "x./a": x / a,
    "A./B": A / B,
    "X/a": X / a,
    "a/2": a / two,
    "A + B": A + B,
    "A - B": A - B,
    # powers
    "X^2": OPS["matpow"](X, two),
    "X^-2": OPS["matpow"](X, number(-2)),
    "X^k": OPS["matpow"](X, k),
    "X^(k+1)": OPS["matpow"](X, k + 1),
    "x.^a": x**a,
    "x.^x": x**x,
    "2.^x": times(two, ones(x.shape)) ** x,
    "a^b": a**b,
    "a.^b": a**b,
    "a^0.5": a ** Fraction(1, 2),
    # numbers and sizes
    "1e-3": number(Fraction(1, 1000)),
    ".5": half,
    "0.1": number(Fraction(1, 10)),
    "n*x": size_of(n) * x,
    "sum(x)/n": OPS["sum"](x) / size_of(n),
    # functions
    "sqrt(x)": x ** Fraction(1, 2),
    "sum(A,1)": ones((m, ONE)).T @ A,
    "sum(A, 2)": A @ ones((n, ONE)),
    "trace(X)": OPS["tr"](X),
    "diag(x)": OPS["diag"](x),
    "diag(x')": OPS["diag"](x.T),
    "diag(X)": OPS["diagonal"](X),
    "eye(n) + X": eye(n) + X,
    "eye(m*n)": eye(m * n),
    "ones(m) + y": ones((m, ONE)) + y,
    "ones(m,n).*A": ones((m, n)) * A,
    "zeros(2*n)": zeros((dim(2) * n, ONE)),
    "zeros(3,n)": zeros((dim(3), n)),
    "x + vector(1)": x + ones((n, ONE)),
    "x + vector(0)": x + zeros((n, ONE)),
    "matrix(1) + A": ones((m, n)) + A,
    "kron(A, x)": OPS["kron"](A, x),
    "log (x)": OPS["log"](x),
    "max(x)": OPS["max"](x),
    # juxtaposition
    "2x": two * x,
    "A x": A @ x,
    "x' x": x.T @ x,
    "(a+b) x": (a + b) * x,
    "2a^2 x": (two * a**2) * x,
    "X (x+x)": X @ (x + x),
    "2exp(x)": two * OPS["exp"](x),
    # Unicode
    "xᵀXx": (x.T @ X) @ x,
    "xᵀXXᵀx": ((x.T @ X) @ X.T) @ x,
    "½xᵀXx": ((half * x.T) @ X) @ x,
    "x⊤x": x.T @ x,
    "x′·x": x.T @ x,
    "x×a": times(x, a),
    "A∗x": A @ x,
    "A⊙B": A * B,
    "A∘B": A * B,
    "A⊗x": OPS["kron"](A, x),
    "a − b": a - b,
    "a²": a**2,
    "a⁻¹": a**-1,
    "a¹²": a**12,
    "X³": OPS["matpow"](X, number(3)),
    "X⁻¹": OPS["inv"](X),
    "X⁻²": OPS["matpow"](X, number(-2)),
    "X⁻ᵀ": OPS["inv"](X).T,
    "‖x‖": OPS["norm2"](x),
    "‖A x − y‖²": OPS["norm2"](A @ x - y) ** 2,
    "‖Ax − y‖²": OPS["norm2"](A @ x - y) ** 2,
    "‖x‖₁": OPS["norm1"](x),
    "‖A‖_F": OPS["norm2"](A),
    "‖A‖_*": OPS["normnuc"](A),
    "‖x‖‖y‖": OPS["norm2"](x) * OPS["norm2"](y),
    "‖‖x‖x‖": OPS["norm2"](OPS["norm2"](x) * x),
    "√a": a ** Fraction(1, 2),
    "λΣx": (lam * Sigma) @ x,
    "tr(Σ⁻¹X)": OPS["tr"](OPS["inv"](Sigma) @ X),
}


@pytest.mark.parametrize("text", WRITTEN)
def test_a_text_is_read_exactly_as_written(text):
    assert read(text) is WRITTEN[text]


@pytest.mark.parametrize("name", sorted(set(functions()) - {"eye", "ones", "zeros", "vector", "matrix"}))
def test_every_function_of_the_syntax_can_be_called(name):
    for operand in ("X", "x", "a"):
        for count in functions()[name]:
            more = {"sum": ", 1", "powersum": ", X, 2"}.get(name, ", X" * (count - 1)) if count > 1 else ""
            try:
                f = parse(f"{name}({operand}{more})", SHAPES, FACTS)
            except ClosedFormError:
                continue
            assert f.source.startswith(name)
            return
    pytest.fail(f"{name} takes neither a matrix, a vector nor a scalar")


def test_a_variable_hides_the_dimension_of_its_name():
    f = parse("n*x", {"x": ("n",), "n": ()})
    assert f.expr is symbol("n", shape_of(())) * x
    assert parse("ones(n)'*x*n", {"x": ("n",), "n": ()}).expr.is_scalar


def test_integer_dimensions_are_shapes():
    f = parse("A*x", {"A": (2, 3), "x": (3,)})
    assert f.expr.shape == shape_of((2, 1))
    assert f.dims == {}


def test_rows_and_columns_may_be_declared_as_matrices():
    f = parse("u*v", {"u": (1, "n"), "v": ("n", 1)})
    assert f.expr.is_scalar


def test_every_declared_variable_is_returned_also_if_unused():
    f = parse("x'*x", {"x": ("n",), "A": ("m", "n")}, {"A": ["positive"]})
    assert set(f.variables) == {"x", "A"}
    assert f.variables["A"].data.properties == {"positive"}
    assert f.dims == {"m": m, "n": n}
    assert f.notes == ()


def test_side_by_side_after_a_division_is_noted():
    assert parse("1/2x", SHAPES).notes == ("1/2 x is read as (1/2)*x",)
    assert parse("(1/2)x", SHAPES).notes == ()


def test_letters_read_as_a_product_are_noted():
    assert parse("xᵀXx", SHAPES).notes == ("Xx is read as X*x",)
    assert parse("x₁'*x₁").notes == ("x1 is a column of n entries", "x₁ is read as x1")


def test_a_declared_name_of_many_letters_stays_whole():
    f = parse("Xx*2", {"Xx": ("n",), "X": (), "x": ()})
    assert f.expr is times(symbol("Xx", shape_of(("n",))), two)
