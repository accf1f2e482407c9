"""What is understood: the functions of every library by name, and what they mean.

`MEANINGS` has every meaning under a name of ours; a library's table lists its own names, `theirs=ours` where they
differ.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from functools import cache, partial
from types import FunctionType
from typing import Any

from closedform.errors import NotSupported, ShapeError
from closedform.tracing import algebra, arithmetic, reductions
from closedform.tracing.array import DISPATCH, METHODS, Meaning, perform, told
from closedform.tracing.einsum import einsum
from closedform.tracing.session import not_understood
from closedform.tracing.values import contains_array, lift

MEANINGS: dict[str, Meaning] = {
    **{name: arithmetic.entrywise(function) for name, function in arithmetic.ENTRYWISE.items()},
    **{f.__name__: f for f in (
        arithmetic.add, arithmetic.subtract, arithmetic.multiply, arithmetic.divide, arithmetic.power,
        arithmetic.negative, arithmetic.maximum, arithmetic.minimum, arithmetic.clip, arithmetic.logaddexp,
        arithmetic.hypot, arithmetic.xlogy, arithmetic.xlog1py, arithmetic.rel_entr, arithmetic.kl_div,
        arithmetic.gelu_tanh, arithmetic.gelu_exact, arithmetic.leaky_relu, arithmetic.matmul, arithmetic.dot,
        reductions.mean, reductions.var, reductions.std, reductions.torch_var, reductions.torch_std,
        reductions.var_method, reductions.std_method, reductions.average, reductions.largest, reductions.smallest,
        reductions.largest_of_all, reductions.smallest_of_all, reductions.logsumexp, reductions.torch_logsumexp,
        reductions.softmax, reductions.log_softmax, reductions.jax_softmax, reductions.jax_log_softmax,
        reductions.torch_softmax, reductions.torch_log_softmax, reductions.vector_norm, reductions.matrix_norm,
        reductions.norm, reductions.torch_norm, reductions.mse_loss, reductions.l1_loss, reductions.bce_with_logits,
        reductions.linear, algebra.det, algebra.slogdet, algebra.pinv, algebra.solve, algebra.matrix_power,
        algebra.diag, algebra.diagonal, algebra.outer, algebra.inner, algebra.vdot, algebra.vecdot, algebra.tensordot,
        algebra.kron, algebra.multi_dot, algebra.same, algebra.copied, algebra.as_float, algebra.transposed,
        algebra.swapped, algebra.transpose_method, algebra.permuted, algebra.matrix_transpose, algebra.reshape,
        algebra.flat, algebra.squeezed, algebra.expanded, algebra.at_least_2d, algebra.item, algebra.full,
        algebra.full_like, algebra.eye, algebra.size, algebra.shape, algebra.ndim, algebra.product,
        einsum,
    )},
    "sum": reductions.total, "inv": algebra.inverse, "logdet": algebra.logdet, "trace": algebra.trace,
    "expm": algebra.expm, "logm": algebra.logm, "sqrtm": algebra.sqrtm, "det": algebra.det,
    "ones": algebra.filled(1), "zeros": algebra.filled(0), "ones_like": algebra.like(1), "zeros_like": algebra.like(0),
}  # fmt: skip
CREATING = {MEANINGS[name] for name in ("ones", "zeros", "full", "eye")}  #: arrays from a shape alone

_SHARED = """
    exp log sin cos tan sinh cosh tanh sqrt expm1 log1p log2 log10 exp2 abs absolute=abs square sign reciprocal
    arcsin arccos arctan asin=arcsin acos=arccos atan=arctan
    add subtract multiply divide true_divide=divide negative positive=same maximum minimum clip matmul logaddexp hypot
    dot inner outer vdot tensordot kron trace diag diagonal einsum ravel=flat reshape squeeze=squeezed swapaxes=swapped
    sum mean ones zeros ones_like zeros_like full full_like eye
"""
_NUMPY = f"""{_SHARED}
    fabs=abs power float_power=power pow=power var std average max=largest amax=largest min=smallest amin=smallest
    identity=eye transpose=transposed matrix_transpose asarray=same array=copied copy=copied atleast_2d=at_least_2d
    expand_dims=expanded shape size ndim prod=product vecdot permute_dims=transposed
"""
_LINALG = "inv det slogdet norm solve pinv matrix_power vector_norm matrix_norm multi_dot"
_MORE_LINALG = "trace diagonal outer matmul tensordot vecdot matrix_transpose"
_TORCH_SPECIAL = "expit logit erf erfc ndtr entr log1p expm1 exp2 xlogy xlog1py"
_SPECIAL = f"{_TORCH_SPECIAL} log_expit rel_entr kl_div logsumexp softmax log_softmax"
_TORCH_AXES = "logsumexp=torch_logsumexp softmax=torch_softmax log_softmax=torch_log_softmax"
_ACTIVATIONS = "relu softplus silu sigmoid=expit leaky_relu"

NAMES: dict[str, str] = {  #: the functions of every module that are understood
    "numpy": _NUMPY,
    "numpy.linalg": f"{_LINALG} {_MORE_LINALG}",
    "scipy.special": _SPECIAL,
    "scipy.linalg": "inv det solve pinv norm expm logm sqrtm",
    "math": "exp log sin cos tan sinh cosh tanh sqrt expm1 log1p log2 log10 exp2 asin=arcsin acos=arccos atan=arctan "
            "erf erfc pow=power fabs=abs",
    "jax.numpy": _NUMPY,
    "jax.numpy.linalg": f"{_LINALG} {_MORE_LINALG}",
    "jax.nn": f"{_ACTIVATIONS} swish=silu log_sigmoid=log_expit gelu=gelu_tanh softmax=jax_softmax "
              "log_softmax=jax_log_softmax logsumexp",
    "jax.scipy.special": "expit logit erf erfc entr xlogy xlog1py rel_entr kl_div logsumexp softmax log_softmax",
    "jax.scipy.linalg": "inv det solve expm",
    "torch": f"""{_SHARED} {_TORCH_AXES}
        erf erfc logit rsqrt sigmoid=expit relu pow=power float_power=power neg=negative sub=subtract mul=multiply
        div=divide var=torch_var std=torch_std max=largest_of_all min=smallest_of_all amax=largest amin=smallest
        logdet det inverse=inv slogdet pinverse=pinv matrix_power matrix_exp=expm norm=torch_norm mm=matmul mv=matmul
        t=matrix_transpose transpose=swapped permute=permuted unsqueeze=expanded flatten=flat clamp=clip xlogy
        clone=copied numel=size""",
    "torch.linalg": "inv det slogdet norm solve pinv matrix_power vector_norm matrix_norm multi_dot matrix_exp=expm "
                    "diagonal vecdot matmul",
    "torch.special": f"{_TORCH_SPECIAL} {_TORCH_AXES}",
    "torch.nn.functional": f"{_ACTIVATIONS} tanh logsigmoid=log_expit gelu=gelu_exact mse_loss l1_loss linear "
                           "binary_cross_entropy_with_logits=bce_with_logits softmax=torch_softmax "
                           "log_softmax=torch_log_softmax",
}  # fmt: skip
_METHODS = """
    sum mean max=largest_of_all min=smallest_of_all var=var_method std=std_method dot trace diagonal
    ravel=flat flatten=flat reshape view=reshape transpose=transpose_method squeeze=squeezed copy=copied astype=as_float
    clip clamp=clip item exp log sqrt abs sin cos tan tanh sigmoid=expit relu square log1p expm1 reciprocal rsqrt erf
    pow=power add sub=subtract mul=multiply div=divide neg=negative matmul mm=matmul mv=matmul outer inner
    norm=torch_norm t=matrix_transpose inverse=inv det logdet slogdet pinverse=pinv matrix_power permute=permuted
    unsqueeze=expanded swapaxes=swapped softmax=torch_softmax log_softmax=torch_log_softmax logsumexp=torch_logsumexp
    dim=ndim numel=size clone=copied contiguous=same float=same double=same diag
"""
OWN_KEYWORDS = {"dim": "axis", "keepdim": "keepdims", "correction": "ddof"}  #: PyTorch's and the array API's names
IGNORED = {"device", "precision"}


def _table(names: str) -> dict[str, Meaning]:
    """A table from words, each a name, or `theirs=ours`."""
    pairs = (word.partition("=") for word in names.split())
    return {theirs: MEANINGS[ours or theirs] for theirs, _, ours in pairs}


def _of_number(meaning: Meaning) -> Meaning:
    """A function of the module math: of a number."""

    def of_number(*args: Any) -> Any:
        for x in map(lift, args):
            if x.dims:
                raise ShapeError(f"the module math takes numbers, not an array of shape {told(x.dims)}")
        return meaning(*args)

    return of_number


LIBRARIES: dict[str, dict[str, Meaning]] = {module: _table(names) for module, names in NAMES.items()}
LIBRARIES["math"] = {name: _of_number(meaning) for name, meaning in LIBRARIES["math"].items()}
ROOTS = {module.partition(".")[0] for module in LIBRARIES}
INSTEAD = {  #: what to write for a function that is not understood
    "where": "maximum(x, 0), relu, abs and clip are understood",
    "cholesky": "write slogdet(S)[1], and solve(S, b) for the inverse; or declare the factor triangular",
    "concatenate": "write a sum of products with the parts",
    "stack": "write a sum of products with the parts",
    "prod": "write exp(sum(log(x))) for positive x",
    "lstsq": "write pinv(A) @ b",
    "cho_solve": "write solve(S, b)",
    "solve_triangular": "write solve(L, b)",
    "grad": "trace the function itself, and ask closedform for its gradient",
    "vmap": "write it with matrices, one row for each example",
}


@cache
def _functions(modules: tuple[str, ...]) -> dict[int, str]:
    """The full names of the functions of these modules, by identity."""
    found: dict[int, str] = {}
    for module in modules:
        for name in LIBRARIES[module]:
            function = getattr(sys.modules[module], name, None)
            if function is not None:
                found.setdefault(id(function), f"{module}.{name}")
    return found


def full_name(function: object) -> str | None:
    """The name of a function that is understood, from whatever module it was imported."""
    return _functions(tuple(m for m in LIBRARIES if m in sys.modules)).get(id(function))


def meaning_of(name: str) -> Meaning | None:
    """The meaning of a function by its full name, such as `numpy.linalg.inv`."""
    module, _, function = name.rpartition(".")
    return LIBRARIES.get(module, {}).get(function)


def called(name: str, real: Callable[..., Any] | None, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """A library's function applied: by its meaning to symbols, as it is to anything else.

    Raises:
        NotSupported: it is not understood, or not with these arguments.
    """
    meaning = meaning_of(name)
    symbolic = contains_array(args) or contains_array(kwargs) or any(isinstance(a, FunctionType) for a in args)
    if real is not None and not symbolic and meaning not in CREATING:
        return real(*args, **kwargs)
    if meaning is None:
        raise not_understood(name, INSTEAD.get(name.rpartition(".")[2]))
    return perform(bound, name, meaning, *args, **kwargs)


def bound(name: str, meaning: Meaning, /, *args: Any, **kwargs: Any) -> Any:
    """A meaning applied to arguments that it knows.

    Raises:
        NotSupported: it has no such arguments.
    """
    given = {OWN_KEYWORDS.get(k, k): v for k, v in kwargs.items() if k not in IGNORED}
    algebra.check_type(given.pop("dtype", None))
    signature = inspect.signature(meaning)
    try:
        signature.bind(*args, **given)
    except TypeError as error:
        known = ", ".join(str(p).partition(":")[0] for p in signature.parameters.values())
        raise NotSupported(f"{name} is not understood with these arguments ({error})",
                           hint=f"its arguments here are: {known}") from None  # fmt: skip
    return meaning(*args, **given)


def dispatched(function: Any, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """A library's function that asked one of its arguments what to do."""
    return called(full_name(function) or name, None, args, kwargs)


DISPATCH.append(dispatched)
METHODS |= {name: partial(bound, f"the method .{name}", meaning) for name, meaning in _table(_METHODS).items()}
