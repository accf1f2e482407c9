"""JAX and PyTorch in double precision, and what they spell differently."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import numpy as np


def jax() -> Any:
    import jax

    jax.config.update("jax_enable_x64", True)
    return jax


def torch() -> Any:
    import torch

    torch.set_num_threads(cores())
    torch.set_default_dtype(torch.float64)
    return torch


def cores() -> int:
    return len(os.sched_getaffinity(0))


def jax_nn() -> SimpleNamespace:
    nn = jax().nn
    solve = jax().scipy.linalg.cho_solve
    return SimpleNamespace(
        relu=nn.relu,
        softplus=nn.softplus,
        softmax=nn.softmax,
        log_softmax=nn.log_softmax,
        logsumexp=lambda x: nn.logsumexp(x, -1),
        erf=jax().scipy.special.erf,
        cholesky_solve=lambda L, y: solve((L, True), y),
    )


def torch_nn() -> SimpleNamespace:
    t = torch()
    return SimpleNamespace(
        relu=t.relu,
        softplus=t.nn.functional.softplus,
        softmax=lambda x: t.softmax(x, -1),
        log_softmax=lambda x: t.log_softmax(x, -1),
        logsumexp=lambda x: t.logsumexp(x, -1),
        erf=t.erf,
        cholesky_solve=lambda L, y: t.cholesky_solve(y[:, None], L)[:, 0],
    )


def jax_arrays(inputs: dict[str, Any]) -> dict[str, Any]:
    return {name: jax().device_put(np.asarray(a, dtype=float)) for name, a in inputs.items()}


def torch_arrays(inputs: dict[str, Any]) -> dict[str, Any]:
    return {name: torch().from_numpy(np.array(a, dtype=float)) for name, a in inputs.items()}


def flat(result: Any) -> np.ndarray:
    """One array of what an arm returns; several outputs one after the other, a compressed one written out."""
    if hasattr(result, "dense"):
        result = result.dense()
    if isinstance(result, tuple | list):
        return np.concatenate([np.ravel(flat(r)) for r in result])
    return np.ascontiguousarray(np.asarray(result, dtype=float))
