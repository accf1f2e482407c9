"""What is not stable, and why: a case with `f` for the function or `df` for the derivative; a point, and the reason."""

EXPM = "scipy.linalg.expm loses digits where it squares"

KNOWN = {
    ("cookbook-128e", "f"): ("X +40", EXPM),
    ("cookbook-128e", "df"): ("X +40", EXPM),
    ("mf-aexpmb", "f"): ("X +40", EXPM),
    ("nn-attention-dQ", "df"): (
        "Q × 1000",
        "a saturated softmax times a vector; its stable form takes n times as long",
    ),
    ("st-wishart-dX", "f"): ("all × 1e+160", "a difference of two log-determinants, each of 1e3 and more"),
    ("st-laplacian-dX", "f"): ("X near one", "the quadratic form of a graph Laplacian is not recognised"),
    ("fin-var-dw.w", "df"): ("S graded", "a projection that leaves a millionth"),
    ("he-geomean", "f"): ("all × 1e-100", "the exponential of a mean of logarithms of 1e-100"),
    ("opt-smoothmax-da", "df"): ("a × 1000", "log-sum-exp less a mean, which is an entropy, is not recognised"),
}
