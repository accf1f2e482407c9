"""The problems; importing this fills `PROBLEMS`."""

from benchmarks.speed.problem import PROBLEMS
from benchmarks.speed.problems import factorisation, gaussian, logistic, networks, products, quadratic, untuned

__all__ = ["PROBLEMS", "factorisation", "gaussian", "logistic", "networks", "products", "quadratic", "untuned"]
