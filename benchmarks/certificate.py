"""How long the exact test of an answer takes, and how many have one.  `python -m benchmarks.certificate`."""

from __future__ import annotations

import time
from collections import Counter
from statistics import median, quantiles

import closedform as cf
from closedform.errors import NotSupported
from closedform.verification.exact import Certificate
from closedform.verification.field import field_number
from tests.corpus.cases import cases
from tests.corpus.outcome import parsed


def main() -> None:
    start = time.perf_counter()
    field_number(0)
    print(f"drawing a prime     {1e3 * (time.perf_counter() - start):6.1f} ms, once in a process")
    seconds, checks, errors, reasons = [], [], [], Counter[str]()
    for case in cases().values():
        try:
            D = cf.derivative(parsed(case, case["expr"]), *case["wrt"])
        except NotSupported:
            continue
        start = time.perf_counter()
        D.check()
        checks.append(time.perf_counter() - start)
        start = time.perf_counter()
        found = D._certificate()
        seconds.append(time.perf_counter() - start)
        if isinstance(found, Certificate):
            errors.append(found.log2)
        else:
            reasons[found.reason] += 1
    print(f"with a certificate  {len(errors)} of {len(seconds)} answers ({len(errors) / len(seconds):.1%})")
    for what, times in (("the exact test", seconds), ("the whole check", checks)):
        print(f"{what:<20}median {1e3 * median(times):.1f} ms, p95 {1e3 * quantiles(times, n=20)[-1]:.1f} ms, "
              f"largest {1e3 * max(times):.0f} ms")  # fmt: skip
    print(f"error probability   median 2^{median(errors):.0f}, largest 2^{max(errors)}")
    for reason, count in reasons.most_common():
        print(f"without one         {count} × {reason}")


if __name__ == "__main__":
    main()
