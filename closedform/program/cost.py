"""What a program costs, known before it runs: operations, memory, and how both grow with the sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from closedform.core.expr import Expr, topological
from closedform.core.shown import Told
from closedform.errors import RequestError
from closedform.lang import say
from closedform.program.bound import ITEMSIZE
from closedform.program.compile import program
from closedform.program.flops import flops
from closedform.program.language import Language
from closedform.program.memory import SHARING, Memory, memory_of, numbers
from closedform.program.polynomial import Polynomial, constant
from closedform.program.room import in_words
from closedform.program.source import Output, Program


@dataclass(frozen=True, slots=True)
class Cost(Told):
    """What one call costs.

    Attributes:
        sizes: of the dimensions.
        dtype: of the numbers.
        flops: operations on numbers.
        bytes: read and written by the instructions, one after the other.
        peak: bytes that are held at a time at most: arguments, intermediate results, result.
        result: bytes of the result.
        law: the highest orders of `flops`.
        memory_law: the highest orders of `peak`, in numbers; of each the largest coefficient at any time.

    >>> from closedform import derivative, parse
    >>> print(derivative(parse("x'*A*x"), "x").cost(n=1000))
    operations: 4,001,000, about 4*n^2, O(n²)
    memory: at most 8.0 MB, of which the result is 8.0 kB, O(n²)
    traffic: 16.1 MB read and written
    """

    sizes: Mapping[str, int]
    dtype: str
    flops: int
    bytes: int
    peak: int
    result: int
    law: Polynomial
    memory_law: Polynomial

    def told(self, lang: str = "en") -> str:
        """In words.

        Raises:
            RequestError: no such language.
        """
        flops = {"flops": f"{self.flops:,}", "law": str(self.law), "order": self.law.order}
        held = {"peak": in_words(self.peak), "result": in_words(self.result), "order": self.memory_law.order}
        facts = {"cost_flops": flops, "cost_memory": held, "cost_traffic": {"bytes": in_words(self.bytes)}}
        return "\n".join(say(lang, f"cli.{key}", **found) for key, found in facts.items())

    def __str__(self) -> str:
        return self.told()

    def as_dict(self) -> dict[str, Any]:
        """Every field, ready for JSON."""
        laws = {"law": str(self.law), "order": self.law.order}
        memory = {"memory_law": str(self.memory_law), "memory_order": self.memory_law.order}
        counted = {name: getattr(self, name) for name in ("dtype", "flops", "bytes", "peak", "result")}
        return {"sizes": dict(self.sizes), **counted, **laws, **memory}


@dataclass(frozen=True, slots=True)
class Growth:
    """What a program costs at any sizes, counted once.

    Attributes:
        program: that is counted.
        names: the sizes that its cost depends on.
        flops: operations on numbers.
        memory: its arrays.
    """

    program: Program
    names: list[str]
    flops: Polynomial
    memory: Memory

    def at(self, sizes: Mapping[str, int], dtype: str = "float64") -> Cost:
        """What a call costs.

        Args:
            sizes: of every dimension by name, and of an integer variable that is an exponent.
            dtype: float64, float32 or longdouble.

        Raises:
            RequestError: a size is missing, unknown or not a positive integer; no such dtype.
        """
        if dtype not in ITEMSIZE:
            raise RequestError(f"a number is {' or '.join(ITEMSIZE)}, not {dtype!r}"[:100])
        check_sizes(sizes, self.names)
        width = ITEMSIZE[dtype]
        return Cost(
            dict(sizes),
            dtype,
            self.flops.value(sizes),
            width * traffic(self.program, sizes),
            width * self.memory.peak(sizes),
            width * self.memory.result(sizes),
            self.flops.leading,
            self.memory.law,
        )


def growth(
    outputs: Output | Sequence[Output],
    variables: Sequence[Expr] | None,
    language: Language,
    sizes: Mapping[str, int] | None = None,
) -> Growth:
    """What a program costs.

    Args:
        outputs: what it computes.
        variables: its parameters.
        language: it is written in.
        sizes: of the dimensions, at which it is to be cheap; by default they are alike.

    Raises:
        NotSupported: an instruction has no count.
    """
    p = program(outputs, variables, language, sizes)
    counted = flops_of(p)
    return Growth(p, names_of(p, counted), counted, memory_of(p))


def flops_of(p: Program) -> Polynomial:
    """The operations of a program."""
    total = constant(0)
    for t in topological(p.roots):
        total += flops(t)
    return total


def traffic(p: Program, sizes: Mapping[str, int]) -> int:
    """How many numbers the instructions read and write, none kept in a cache in between."""
    working = [t for t in topological(p.roots) if t.op not in SHARING]
    return sum(numbers(a.axes, sizes) for t in working for a in (t, *t.args) if a.axes)


def names_of(p: Program, counted: Polynomial) -> list[str]:
    """The sizes that a cost depends on."""
    axes = [a.dims for a in p.arguments] + [t.axes for t in topological(p.roots)]
    return sorted({n for found in axes for d in found for n in d.names} | counted.names)


def check_sizes(sizes: Mapping[str, int], names: Sequence[str]) -> None:
    """Raises:
    RequestError: a size is missing, unknown, or not a positive integer.
    """
    listed = ", ".join(names) or "none"
    for name, n in sizes.items():
        if name not in names:
            raise RequestError(f"{str(name)[:40]} is not a size here", hint=f"the sizes are {listed}")
        if not isinstance(n, int) or isinstance(n, bool) or n < 1:
            raise RequestError(f"a size is a positive integer, not {str(n)[:40]}")
    missing = [n for n in names if n not in sizes]
    if missing:
        raise RequestError(f"the size {missing[0]} is missing", hint=f"the sizes are {listed}")
