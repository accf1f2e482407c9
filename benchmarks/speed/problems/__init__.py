"""The problems; importing this fills `PROBLEMS`, in this order."""

from importlib import import_module

from benchmarks.speed.problem import PROBLEMS

__all__ = ["PROBLEMS"]

for _name in ("quadratic", "logistic", "factorisation", "networks", "gaussian", "products", "untuned", "further"):
    import_module(f"{__name__}.{_name}")
