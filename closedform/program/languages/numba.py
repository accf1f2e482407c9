"""Numba: the program of NumPy, what is taken entry by entry compiled to loops on all cores.

The loops are compiled when they are called first, which takes about a second for each.
"""

from __future__ import annotations

from dataclasses import replace

from closedform.program.kernels import MOST, Kernel, with_kernels
from closedform.program.language import ATOM, Spelling
from closedform.program.languages import numpy, python
from closedform.program.source import Program, Writer
from closedform.program.term import Term

IMPORTS = {"numba.": "import numba", "math.": "import math", **numpy.IMPORTS}


def _kernel(t: Term, writer: Writer) -> Spelling:
    assert isinstance(t.data, Kernel)
    return Spelling(f"{t.data.name}({t.data.operands})", ATOM, ATOM, ATOM)


def source(p: Program, name: str) -> str:
    """A self-contained source that defines the loops, and one function of arrays."""
    kernels = {t.data.name: t.data.source for t in p.order if isinstance(t.data, Kernel)}
    return python.source(p, name, IMPORTS, numpy.HELPER_SOURCES | kernels, numpy.conversions(p))


NUMBA = replace(
    numpy.NUMPY,
    name="numba",
    spellings={**numpy.NUMPY.spellings, "kernel": _kernel},
    reserved=numpy.NUMPY.reserved | {"numba", "math", *[f"kernel{n}" for n in range(MOST)]},
    write=source,
    fused=lambda roots: with_kernels(numpy.NUMPY.fused(roots)),
)
