"""R, with its package stats; matrix functions come from the package expm."""

from __future__ import annotations

from closedform.program.language import (
    ADD,
    ATOM,
    MULTIPLY,
    NEGATE,
    POWER,
    Language,
    Spell,
    Spelling,
    added_to,
    called,
    halves,
    infix,
    postfix,
)
from closedform.program.languages.matrices import (
    FUNCTIONS,
    SAME,
    about,
    ascii_name,
    check_name,
    lies,
    otherwise,
    sources,
    words,
)
from closedform.program.source import Program, Writer
from closedform.program.term import Term

KEYWORDS = words("if else repeat while function for next break TRUE FALSE NULL Inf NaN NA T F in return")
SYMBOLS = {"add": ("+", ADD), "subtract": ("-", ADD), "multiply": ("*", MULTIPLY), "divide": ("/", MULTIPLY)}


def _each(t: Term, writer: Writer) -> Spelling:
    """A vector beside a matrix is recycled down its columns, so a row is swept along."""
    symbol, level = SYMBOLS[t.op]
    commutes = t.op in ("add", "multiply")
    match [lies(x, t) for x in t.args]:
        case ["whole", "row"]:
            return Spelling(f'sweep({{0}}, 2, {{1}}, "{symbol}")')
        case ["row", "whole"] if commutes:
            return Spelling(f'sweep({{1}}, 2, {{0}}, "{symbol}")')
        case ["row", "whole"]:
            return Spelling(f"t({{0}} {symbol} t({{1}}))", ATOM, level)
        case ["column", "row"]:
            return Spelling(f'outer({{0}}, {{1}}, "{symbol}")')
        case ["row", "column"]:
            return Spelling(f'outer({{1}}, {{0}}, "{symbol}")' if commutes else f't(outer({{0}}, {{1}}, "{symbol}"))')
    return infix(symbol, level)


def _times(t: Term, writer: Writer) -> Spelling:
    """`%*%` binds more tightly than `*`, and goes from left to right."""
    chained = t.args[0].op == "matmul"
    return Spelling("{0} %*% {1}", MULTIPLY, MULTIPLY if chained else NEGATE, NEGATE)


def _dropped(t: Term, writer: Writer) -> Spelling:
    """What is a matrix of one row or column becomes a vector."""
    return Spelling(f"drop({_times(t, writer).template})", ATOM, _times(t, writer).first, NEGATE)


def _inner(t: Term, writer: Writer) -> Spelling:
    if t.args[0] is t.args[1]:
        return Spelling("sum({0}^2)", ATOM, ATOM)
    return Spelling("sum({0} * {1})", ATOM, MULTIPLY, NEGATE)


def _kron(t: Term, writer: Writer) -> Spelling:
    return Spelling("kronecker({0}, {1})" if t.rank == 2 else "c(kronecker({0}, {1}))")


def _filled(value: str) -> Spell:
    return lambda t, writer: Spelling(f"rep({value}, {{0}})" if t.rank == 1 else f"matrix({value}, {{0}}, {{1}})")


def _full(t: Term, writer: Writer) -> Spelling:
    return Spelling("rep({0}, {1})" if t.rank == 1 else "matrix({0}, {1}, {2})")


def _taken(t: Term, writer: Writer) -> Spelling:
    if t.rank == 1:
        return postfix("{0}[{1}]")
    return postfix("{0}[{1}, , drop = FALSE]" if t.data == 0 else "{0}[, {1}, drop = FALSE]")


def _reshaped(t: Term, writer: Writer) -> Spelling:
    if t.args[0].rank != 1:
        return otherwise("R")(t)
    return Spelling("matrix({0}, {1}, {2}, byrow = TRUE)")


def _norm2(t: Term, writer: Writer) -> Spelling:
    return Spelling('norm(cbind({0}), "F")' if t.args[0].rank < 2 else 'norm({0}, "F")')


def _outers(t: Term, writer: Writer, start: int = 0) -> Spelling:
    """Columns times rows, as two thin matrices."""
    columns, rows = halves(t, start)
    return Spelling(f"cbind({columns}) %*% rbind({rows})", MULTIPLY)


SPELLINGS: dict[str, Spelling | Spell] = {
    **dict.fromkeys(SYMBOLS, _each),
    "power": Spelling("{0}^{1}", POWER, ATOM, ATOM),
    "negative": Spelling("-{0}", NEGATE, POWER),
    **{op: Spelling(f"{name}({{0}})") for op, name in FUNCTIONS.items()},
    "sigmoid": Spelling("plogis({0})"),
    "relu": Spelling("pmax({0}, 0)"),
    **{op: Spelling(f"{op}({{0}}, {{1}})") for op in ("hypot", "logaddexp", "over")},
    "larger": Spelling("pmax({0}, {1})"),
    "smaller": Spelling("pmin({0}, {1})"),
    "matmul": _times,
    "matvec": _dropped,
    "vecmat": _dropped,
    "inner": _inner,
    "dot": Spelling("sum({0} * {1})", ATOM, MULTIPLY, NEGATE),
    "outers": _outers,
    "plus_outers": added_to("outer({0}, {1})", _outers),
    "softmaxtimes": Spelling("{0} * sweep({2}, 2, {1} %*% {2})", MULTIPLY, ATOM, ATOM),
    "outer": Spelling("outer({0}, {1})"),
    "kron": _kron,
    "transpose": Spelling("t({0})"),
    "column": SAME,
    "row": Spelling("t({0})"),
    "reshape": _reshaped,
    "flat": Spelling("c(t({0}))"),
    "vec": Spelling("c({0})"),
    "vech": Spelling("vech({0})"),
    "first": Spelling("c({0})"),
    "take": _taken,
    "added": Spelling("added({0}, {1}, {2})"),
    "commuted": Spelling("commuted({0}, {1})"),
    "packed": Spelling("packed({0})"),
    "unpacked": Spelling("unpacked({0})"),
    "rows": lambda t, writer: Spelling("ncol({0})" if t.data else "nrow({0})"),
    "triangle": Spelling("{0} * ({0} + 1) / 2", MULTIPLY, ATOM),
    "integer": Spelling("trunc({0})"),
    "ones": _filled("1"),
    "zeros": _filled("0"),
    "full": _full,
    "eye": Spelling("diag({0})"),
    "diag": Spelling("diag({0}, length({0}))"),
    "diagonal": Spelling("diag({0})"),
    "plus_diagonal": Spelling("{0} + diag({1}, nrow({0}))", ADD, ADD),
    "plus_transpose": Spelling("{0} + t({0})", ADD, ATOM),
    "sum": Spelling("sum({0})"),
    "sum_over": lambda t, writer: Spelling("rowSums({0})" if t.data else "colSums({0})"),
    "max": Spelling("max({0})"),
    "rowmax": Spelling("apply({0}, 1, max)"),
    **{op: Spelling(f"{op}({{0}}, {{1}})") for op in ("softmaxslope", "centred", "rowcentred", "distances")},
    "deflated": Spelling("deflated({0}, {1}, {2})"),
    "rootprod": Spelling("rootprod({0}, {1})"),
    "ismax": Spelling("ismax({0})"),
    "norm1": Spelling("sum(abs({0}))"),
    "norm2": _norm2,
    "normnuc": Spelling("sum(svd({0})$d)"),
    "logsumexp": Spelling("logsumexp({0})"),
    "softmax": Spelling("softmax({0})"),
    "tr": Spelling("sum(diag({0}))"),
    "det": Spelling("det({0})"),
    "logdetpos": Spelling("logdetpos({0})"),
    "polar": Spelling("polar({0})"),
    "adj": Spelling("adjugate({0})"),
    "solve": Spelling("solve({0}, {1})"),
    "solve_transposed": Spelling("solve(t({0}), {1})"),
    "inverse": Spelling("solve({0})"),
    "logdet": Spelling("c(determinant({0})$modulus)"),
    "cholesky": Spelling("chol({0})"),
    "cholesky_solve": Spelling("backsolve({0}, backsolve({0}, {1}, transpose = TRUE))"),
    "cholesky_inverse": Spelling("chol2inv({0})"),
    "cholesky_logdet": Spelling("2 * sum(log(diag({0})))", MULTIPLY),
    "cholesky_logdetratio": Spelling("2 * sum(log(diag({0}) / diag({1})))", MULTIPLY),
    **dict.fromkeys(["lu", "factor"], SAME),  # base R gives no factors that `solve` takes
    **dict.fromkeys(["lu_solve", "factor_solve"], Spelling("solve({0}, {1})")),
    "lu_solve_transposed": Spelling("solve(t({0}), {1})"),
    **dict.fromkeys(["lu_inverse", "factor_inverse"], Spelling("solve({0})")),
    **dict.fromkeys(["lu_logdet", "factor_logdet"], Spelling("c(determinant({0})$modulus)")),
    "pinv": Spelling("pinv({0})"),
    "matpow": Spelling("matpow({0}, {1})"),
    "powersum": Spelling("powersum({0}, {1}, {2})"),
    "expm": Spelling("expm::expm({0})"),
    "logm": Spelling("expm::logm({0})"),
    "sqrtm": Spelling("expm::sqrtm({0})"),
}

HELPERS = sources(r"""
    == softplus
    softplus <- function(z) pmax(z, 0) + log1p(exp(-abs(z)))  # log(1 + exp(z)), without overflow
    == erf
    erf <- function(z) sign(z) * pchisq(2 * z^2, 1)
    == erfc
    erfc <- function(z) 2 * pnorm(-z * sqrt(2))
    == hypot
    hypot <- function(a, b) {  # sqrt(a^2 + b^2), without overflow
      large <- ifelse(abs(a) > abs(b), abs(a), abs(b))
      small <- ifelse(abs(a) > abs(b), abs(b), abs(a))
      ifelse(large == 0 | is.infinite(large), large, large * sqrt(1 + (small / large)^2))
    }
    == logaddexp
    logaddexp <- function(a, b) ifelse(a > b, a, b) + log1p(exp(ifelse(a == b, 0, -abs(a - b))))
    == rootprod
    rootprod <- function(x, n) {  # exp(sum(log(x))/n), the n-th root of the product; exponents of 2 are added apart
      if (!all(is.finite(x) & x > 0)) return(exp(sum(log(x)) / n))
      e <- pmin(floor(log2(x)), 1023)
      k <- sum(e) %/% n
      2^((sum(log2(x / 2^e)) + (sum(e) - k * n)) / n) * 2^k
    }
    == log1psq
    log1psq <- function(x) {  # log(1 + x^2), without overflow
      large <- pmax(abs(x), 1)
      log1p((pmin(abs(x), 1) / large)^2) + 2 * log(large)
    }
    == log1mexp
    log1mexp <- function(z) {  # log(1 - exp(z)), without cancellation
      ifelse(z > -0.7, log(-expm1(pmax(z, -0.7))), log1p(-exp(pmin(z, -0.7))))
    }
    == smallexpm1
    smallexpm1 <- function(z) -sign(z) * expm1(-abs(z))  # (exp(z) - 1)/exp(max(z, 0)), without overflow
    == logcosh
    logcosh <- function(z) {  # log(cosh(z)), without overflow and cancellation
      ifelse(abs(z) < 1, log1p(2 * sinh(pmin(abs(z), 1) / 2)^2), abs(z) + log1p(expm1(-2 * abs(z)) / 2))
    }
    == sech2
    sech2 <- function(z) {  # 1 - tanh(z)^2, without cancellation
      e <- exp(-2 * abs(z))
      4 * e / (1 + e)^2
    }
    == softmaxslope
    softmaxslope <- function(u, s) {  # diag(u) - u s' for an s of sum 1 and u a multiple of it
      H <- -outer(u, s)
      diag(H) <- u * (c(0, cumsum(head(s, -1))) + c(rev(cumsum(rev(tail(s, -1)))), 0))
      H
    }
    == centred
    centred <- function(B, s) {  # the rows of B less the one where s is largest
      if (is.matrix(B)) sweep(B, 2, B[which.max(s), ]) else B - B[which.max(s)]
    }
    == deflated
    deflated <- function(H, w, u) {  # H with H w = 0 and w'H = 0: by these its row and column where w u is largest
      k <- which.max(abs(w * u))
      if (w[k] == 0) return(H)
      H[k, ] <- H[k, ] - drop(w %*% H) / w[k]
      H[, k] <- H[, k] - drop(H %*% w) / w[k]
      H
    }
    == rowcentred
    rowcentred <- function(G, Z) {  # the rows of G, each less its entry where the row of Z is largest
      G - G[cbind(seq_len(nrow(G)), max.col(Z, "first"))]
    }
    == distances
    distances <- function(X, Y) {  # the squared distances between the rows of X and those of Y
      Reduce(`+`, lapply(seq_len(ncol(X)), function(k) outer(X[, k], Y[, k], "-")^2))
    }
    == logdetpos
    logdetpos <- function(X) {  # log(det(X)), without overflow; NaN where det(X) < 0
      d <- determinant(X)
      if (d$sign < 0) NaN else c(d$modulus)
    }
    == over
    over <- function(a, b) if (b == 0) 0 else a / b  # 0 where the norm b is 0: what it multiplies vanishes faster
    == logsumexp
    logsumexp <- function(x) {
      top <- max(x)
      if (is.finite(top)) top + log(sum(exp(x - top))) else top
    }
    == softmax
    softmax <- function(x) {
      e <- exp(x - max(x))
      e / sum(e)
    }
    == ismax
    ismax <- function(x) (x == max(x)) * 1  # 1 at the largest entry, 0 elsewhere
    == polar
    polar <- function(M) {  # M (M'M)^(-1/2), the orthogonal factor of M
      f <- svd(M)
      f$u %*% t(f$v)
    }
    == adjugate
    adjugate <- function(X) {  # the transposed matrix of cofactors, also of a singular X
      f <- svd(X)
      d <- sapply(seq_along(f$d), function(k) prod(f$d[-k]))
      det(f$u) * det(f$v) * f$v %*% (d * t(f$u))
    }
    == pinv
    pinv <- function(X) {  # the pseudoinverse; as MASS::ginv
      f <- svd(X)
      kept <- f$d > max(dim(X)) * .Machine$double.eps * f$d[1]
      f$v[, kept, drop = FALSE] %*% (t(f$u[, kept, drop = FALSE]) / f$d[kept])
    }
    == matpow
    matpow <- function(X, k) {  # X multiplied by itself, k times; for k < 0 its inverse
      if (k < 0) return(matpow(solve(X), -k))
      P <- diag(nrow(X))
      while (k > 0) {
        if (k %% 2 == 1) P <- P %*% X
        X <- X %*% X
        k <- k %/% 2
      }
      P
    }
    == powersum
    powersum <- function(X, A, k) {  # the sum of X^i A X^(k-1-i), i = 0 to k-1; for k < 0 that of the inverse
      if (k < 0) {
        inverse <- solve(X)
        return(powersum(inverse, -inverse %*% A %*% inverse, -k))
      }
      total <- 0 * A
      power <- diag(nrow(X))
      for (i in seq_len(k)) {
        total <- total %*% X + power %*% A
        power <- power %*% X
      }
      total
    }
    == commuted
    commuted <- function(m, n) c(t(matrix(seq_len(m * n), m, n)))  # places in vec(A) of vec(A'), A m by n
    == packed
    packed <- function(n) which(lower.tri(diag(n), diag = TRUE))  # places in vec(A) of the entries of vech(A)
    == unpacked
    unpacked <- function(n) {  # places in vech(S) of the entries of vec(S)
      place <- matrix(0, n, n)
      place[packed(n)] <- seq_len(n * (n + 1) / 2)
      c(pmax(place, t(place)))
    }
    == vech
    vech <- function(X) X[lower.tri(X, diag = TRUE)]  # the entries on and below the diagonal, column by column
    == added
    added <- function(X, rows, n) {  # each row of X is added to the place it belongs to
      total <- matrix(0, n, NCOL(X))
      for (i in seq_along(rows)) total[rows[i], ] <- total[rows[i], ] + as.matrix(X)[i, ]
      if (is.matrix(X)) total else c(total)
    }
""")


def number(value: float) -> str:
    return repr(value).replace("inf", "Inf")


def sized(name: str, axis: int, rank: int) -> str:
    return f"{('nrow', 'ncol')[axis]}({name})" if rank == 2 else f"length({name})"


def source(p: Program, name: str) -> str:
    """A function, after the functions it calls."""
    check_name(name, R, "R")
    body = [f"{p.dims[n]} <- {place}" for n, place in p.bindings.items()] + p.lines
    body.append(f"list({', '.join(p.results)})" if p.several else p.results[0])
    lines = ["  " + line for line in body]
    function = [*about(p, "#"), f"{name} <- function({', '.join(p.parameters)}) {{", *lines, "}"]
    return "\n\n".join([*called("\n".join(lines), HELPERS), "\n".join(function)]) + "\n"


R = Language(
    "r", SPELLINGS, otherwise("R"), KEYWORDS | HELPERS.keys(), number, source, sized,
    assign="{0} <- {1}", matrices=True, spelled=ascii_name,
)  # fmt: skip
