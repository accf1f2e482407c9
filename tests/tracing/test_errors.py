"""What a user can do wrong is told by name, with the line of the program where it happens."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
import scipy.special
import torch

import closedform as cf
from closedform.errors import (
    ClosedFormError,
    DeclarationError,
    NotSupported,
    RequestError,
    ShapeError,
    TooLarge,
    UnknownName,
)

NUMBERS = np.array([1.0, 2.0, 3.0])


def branch(x):
    if x.sum() > 0:
        return x.sum()
    return 0.0


def truth(x):
    return x.sum() and x.mean()


def equal(x):
    return x.sum() if x[:] == 0 else 1.0


def equal_to_itself(x):
    return np.sum(x == x)


def where(x):
    return np.sum(
        np.where(np.ones(3), x, 0))  # fmt: skip


def cumulative(x):
    return jnp.cumsum(x).sum()


def special_function(x):
    return np.sum(scipy.special.gammaln(x))


def no_dispatch(x):
    return scipy.linalg.cholesky(x @ x.T).sum()


def torch_only(x):
    return torch.sort(x)[0].sum()


def reduction_of_ufunc(x):
    return np.add.reduce(x)


def method(x):
    return x.argsort().sum()


def entry(x):
    return x[0] + x[1]


def part(x):
    return x[1:].sum()


def assigned(x):
    x[0] = 1
    return x.sum()


def loop(x):
    return sum(entry**2 for entry in x)


def count_up(x):
    total = 0.0
    for i in range(len(x)):
        total += i
    return total * x.sum()


def in_place(x):
    before = x
    x += 1
    return before @ x


def bigger_in_place(x, A):
    x += A
    return x.sum()


def as_float(x):
    return float(x.sum())


def as_int(x):
    return np.eye(int(x.sum()))


def rounded(x):
    return round(x.sum())


def index(x):
    return NUMBERS[x.sum()]


def size_compared(x, A):
    return x.sum() if A.shape[0] == x.shape[0] else 0.0


def size_ordered(x):
    return x.sum() if len(x) > 3 else 0.0


def data(x):
    return x.sum() * NUMBERS @ NUMBERS


def listed(x):
    return np.stack([x, x]).sum()


def as_list(x):
    return x + [x, x]  # noqa: RUF005


def text(x):
    return x + "1"


def infinite(x):
    return x.sum() + np.inf


def cube(x):
    return np.sum(x[:, None, None])


def shifted(A):
    return np.exp(A - np.max(A, axis=1, keepdims=True)).sum()


def largest_of_rows(A):
    return np.max(A, axis=1).sum()


def product_of_matrices(A, x):
    return (A.T @ A).T @ (A @ x)


def not_broadcast(A):
    return A + np.ones(5)


def not_square(A):
    return np.linalg.inv(A)


def spectral(A):
    return np.linalg.norm(A, 2)


def bad_order(x):
    return np.linalg.norm(x, -1)


def no_axis(x):
    return x.sum(axis=1)


def reshaped(x):
    return x.reshape(2, -1)


def other_size(A):
    return A.reshape(7)


def into_matrix(x):
    return np.reshape(x[:], (x.shape[0], 1, 1))


def no_length(x):
    return np.ones(len(x) - 1).sum() + x.sum()


def integers(x):
    return x.astype(int).sum()


def out(x):
    return np.exp(x, out=x).sum()


def ambiguous_var(x):
    return x.var()


def ambiguous_transpose(A):
    return A.transpose(0, 1)


def einsum_ellipsis(A):
    return np.einsum("...i->...", A).sum()


def einsum_three(A, B):
    return np.einsum("ij,jk->ijk", A, B)


def einsum_letters(A):
    return np.einsum("i,i->", A, A)


def einsum_sizes(A, x):
    return np.einsum("ij,i->j", A, x)


def einsum_twice(x):
    return np.einsum("i->ii", x)


def math_of_vector(x):
    import math

    return math.exp(x)


def raises(x):
    raise ValueError("no data")


def misspelt(x):
    return np.summ(x)


def recursive(x):
    return recursive(x) + 1


def endless(x):
    while True:
        x = x + 1


def pair(x):
    return x.sum(), x


def nothing(x):
    x.sum()


def differentiated(x):
    return jax.grad(lambda v: v @ v)(x).sum()


def stopped(x):
    return jax.lax.stop_gradient(x).sum()


def swallowed(x):
    try:
        return np.cumsum(x).sum()
    except Exception:
        return x.sum()


def helper(x):
    return np.sort(x)


def through_a_helper(x):
    return helper(x * 2).sum()


MISTAKES = [  # function, error, beginning of the message, the source under the carets
    (branch, NotSupported, "the values are not known, so neither is a comparison with >", "x.sum() > 0"),
    (truth, NotSupported, "if/and/or needs a number", "x.sum() and x.mean()"),
    (equal, NotSupported, "the values are not known, so neither is a comparison with ==", "x[:] == 0"),
    (equal_to_itself, NotSupported, "the values are not known, so neither is a comparison with ==", "x == x"),
    (where, NotSupported, "numpy.where is not understood", "np.where(np.ones(3), x, 0)"),
    (cumulative, NotSupported, "jax.numpy.cumsum is not understood", "jnp.cumsum(x)"),
    (special_function, NotSupported, "scipy.special.gammaln is not understood", "scipy.special.gammaln(x)"),
    (no_dispatch, NotSupported, "scipy.linalg.cholesky is not understood", "scipy.linalg.cholesky(x @ x.T)"),
    (torch_only, NotSupported, "torch.sort is not understood", "torch.sort(x)"),
    (reduction_of_ufunc, NotSupported, "numpy.add.reduce is not understood", "np.add.reduce(x)"),
    (method, NotSupported, "the attribute .argsort of an array is not understood", "x.argsort"),
    (entry, NotSupported, "this index is not understood", "x[0]"),
    (part, NotSupported, "this index is not understood", "x[1:]"),
    (assigned, NotSupported, "an entry cannot be assigned", "x[0]"),
    (loop, NotSupported, "a loop over the entries of an array", "(entry**2 for entry in x)"),
    (count_up, NotSupported, "the number that n stands for is not known", "range(len(x))"),
    (in_place, NotSupported, "this array was changed in place under another name", "before @ x"),
    (bigger_in_place, ShapeError, "an array of shape (n,) cannot become (m, n) in place", "x += A"),
    (as_float, NotSupported, "float() needs a number", "float(x.sum())"),
    (as_int, NotSupported, "int() needs a number", "int(x.sum())"),
    (rounded, NotSupported, "round() needs a number", "round(x.sum())"),
    (index, NotSupported, "index/range needs a number", "NUMBERS[x.sum()]"),
    (size_compared, NotSupported, "whether m equals n is not known", "A.shape[0] == x.shape[0]"),
    (size_ordered, NotSupported, "the values are not known, so neither is a comparison with >", "len(x) > 3"),
    (data, NotSupported, "an array of numbers has no name in the formula", "x.sum() * NUMBERS"),
    (listed, NotSupported, "numpy.stack is not understood", "np.stack([x, x])"),
    (as_list, NotSupported, "a list of arrays has no formula here", "x + [x, x]"),
    (text, NotSupported, "1 is neither an array nor a finite number", 'x + "1"'),
    (infinite, NotSupported, "inf is neither an array nor a finite number", "x.sum() + np.inf"),
    (cube, NotSupported, "an array of 3 axes is not understood", "x[:, None, None]"),
    (shifted, NotSupported, "numpy.max is not understood with these arguments", "np.max(A, axis=1, keepdims=True)"),
    (largest_of_rows, NotSupported, "the largest entry along one axis", "np.max(A, axis=1)"),
    (product_of_matrices, ShapeError, "arrays of shapes (n, n) and (m,) have no matrix product", "(A.T @ A).T @ (A @ x)"),
    (not_broadcast, ShapeError, "arrays of shapes (m, n) and (5,) do not broadcast", "A + np.ones(5)"),
    (not_square, ShapeError, "inv takes a square matrix, not an array of shape (m, n)", "np.linalg.inv(A)"),
    (spectral, NotSupported, "the norm of order 2 of a matrix is not understood", "np.linalg.norm(A, 2)"),
    (bad_order, NotSupported, "the norm of order -1 is not understood", "np.linalg.norm(x, -1)"),
    (no_axis, ShapeError, "an array of shape (n,) has no axis 1", "x.sum(axis=1)"),
    (reshaped, ShapeError, "an array of shape (n,) has no axis of length 2", "x.reshape(2, -1)"),
    (other_size, ShapeError, "an array of shape (m, n) has no axis of length 7", "A.reshape(7)"),
    (into_matrix, NotSupported, "an array of 3 axes is not understood", "np.reshape(x[:], (x.shape[0], 1, 1))"),
    (no_length, NotSupported, "n - 1 is not a length", "np.ones(len(x) - 1)"),
    (integers, NotSupported, "entries of type int are not understood", "x.astype(int)"),
    (out, NotSupported, "numpy.exp is not understood with these arguments", "np.exp(x, out=x)"),
    (ambiguous_var, NotSupported, "x.var() and x.std() differ between NumPy and PyTorch", "x.var()"),
    (ambiguous_transpose, NotSupported, "transpose with these axes differs between libraries", "A.transpose(0, 1)"),
    (einsum_ellipsis, NotSupported, "einsum is understood with a pattern", 'np.einsum("...i->...", A)'),
    (einsum_three, NotSupported, "einsum with a product of three indices", 'np.einsum("ij,jk->ijk", A, B)'),
    (einsum_letters, ShapeError, "the letters i do not fit an array of shape (m, n)", 'np.einsum("i,i->", A, A)'),
    (einsum_sizes, ShapeError, "the index i runs over m and over n", 'np.einsum("ij,i->j", A, x)'),
    (einsum_twice, NotSupported, "einsum is understood with every letter", 'np.einsum("i->ii", x)'),
    (math_of_vector, ShapeError, "the module math takes numbers, not an array of shape (n,)", "math.exp(x)"),
    (raises, NotSupported, "raises raised an exception on arrays of symbols (ValueError: no data)", 'raise ValueError("no data")'),
    (misspelt, NotSupported, "misspelt raised an exception on arrays of symbols (AttributeError: ", "np.summ"),
    (recursive, TooLarge, "recursive calls itself too often", "recursive(x)"),
    (endless, TooLarge, "the function performs more than 2000 operations", "x + 1"),
    (differentiated, NotSupported, "jax.grad is not understood", "jax.grad(lambda v: v @ v)"),
    (stopped, NotSupported, "jax.lax.stop_gradient is not understood", "jax.lax.stop_gradient(x)"),
    (swallowed, NotSupported, "numpy.cumsum is not understood", "np.cumsum(x)"),
    (through_a_helper, NotSupported, "numpy.sort is not understood", "np.sort(x)"),
]  # fmt: skip
SHAPES = {"x": "n", "A": ("m", "n"), "B": ("n", "k")}


@pytest.mark.parametrize(("function", "kind", "message", "source"), MISTAKES, ids=lambda v: getattr(v, "__name__", ""))
def test_a_mistake_is_told_with_its_line(function, kind, message, source):
    shapes = {n: SHAPES[n] for n in function.__code__.co_varnames[: function.__code__.co_argcount]}
    with pytest.raises(ClosedFormError) as caught:
        cf.trace(function, shapes)
    error = caught.value
    assert type(error) is kind and error.message.startswith(message)
    inside = helper if function is through_a_helper else function
    first = inside.__code__.co_firstlineno
    assert first < error.line <= first + 10
    assert f"  test_errors.py:{error.line}, in " in str(error)
    assert error.source[slice(*error.span)] == source


def test_a_value_that_is_no_array_is_refused():
    with pytest.raises(NotSupported, match="pair returns tuple, and not one array or number"):
        cf.trace(pair, x="n")
    with pytest.raises(NotSupported, match="nothing returns NoneType"):
        cf.trace(nothing, x="n")


def test_every_array_needs_a_shape():
    with pytest.raises(DeclarationError, match=r'the parameter A of product_of_matrices has no shape(.|\n)*A="n"'):
        cf.trace(product_of_matrices, x="n")


def test_a_shape_is_that_of_a_name_in_the_function():
    with pytest.raises(UnknownName, match=r"part has no parameter z and uses no global of that name(.|\n)*it has x"):
        cf.trace(part, x="n", z="n")


def test_a_property_needs_a_shape():
    with pytest.raises(DeclarationError, match="A has properties, but no shape was declared for it"):
        cf.trace(part, {"x": "n"}, {"A": ["symmetric"]})


def test_a_property_fits_its_shape():
    with pytest.raises(DeclarationError, match="A is declared spd, but is m×n"):
        cf.trace(spectral, {"A": ("m", "n")}, {"A": ["spd"]})


def test_a_variable_is_not_a_dimension():
    with pytest.raises(DeclarationError, match="x is a variable and a dimension"):
        cf.trace(part, x="x")


def test_a_variable_is_not_named_like_a_function():
    with pytest.raises(DeclarationError, match="exp is a function; a variable needs another name"):
        cf.trace(lambda exp: exp @ exp, exp="n")


@pytest.mark.parametrize("thing", [np.exp, 3, "x'*x", np.linalg.norm.__call__])
def test_only_a_python_function_is_read(thing):
    with pytest.raises(RequestError, match="trace reads a function written in Python"):
        cf.trace(thing, x="n")


def test_a_generator_is_refused():
    def generator(x):
        yield x

    with pytest.raises(RequestError, match="not a generator or a coroutine"):
        cf.trace(generator, x="n")


def test_without_source_the_line_is_still_told():
    code = compile("def f(x):\n    return x.argsort()", "<nowhere>", "exec")
    (inner,) = [c for c in code.co_consts if hasattr(c, "co_code")]
    f = type(branch)(inner, {})
    with pytest.raises(NotSupported, match=r"\n  <nowhere>:2, in f$"):
        cf.trace(f, x="n")


def view_kept(A):
    flipped = A.T
    A += 1
    return flipped @ A


def diagonal_kept(S):
    d = np.diagonal(S)
    S *= 2
    return d.sum() + S.sum()


def einsum_kept(S):
    turned = np.einsum("ij->ji", S)
    S -= 1
    return turned @ S


@pytest.mark.parametrize("function", [view_kept, diagonal_kept, einsum_kept])
def test_a_view_of_what_was_changed_in_place_is_refused(function):
    with pytest.raises(NotSupported, match="this array was changed in place under another name"):
        cf.trace(function, dict.fromkeys(function.__code__.co_varnames[:1], ("n", "n")))


def test_a_truth_value_is_no_axis():
    """`torch.var(x, False)` means without Bessel's correction."""
    with pytest.raises(ShapeError, match="has no axis False"):
        cf.trace(lambda x: torch.var(x, False), x="n")
