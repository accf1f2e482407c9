"""What is not stable, and why: a case with `f` for the function or `df` for the derivative; a point, and the reason."""

KNOWN = {
    ("st-wishart-dX", "f"): ("all × 1e+160", "a difference of two log-determinants, each of 1e3 and more"),
    ("fin-var-dw.w", "df"): ("S graded", "a projection that leaves a millionth"),
    ("he-geomean", "f"): ("all × 1e-100", "the exponential of a mean of logarithms of 1e-100"),
}
