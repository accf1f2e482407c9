"""Julia, with its standard library LinearAlgebra."""

from __future__ import annotations

import re

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
    listed,
    postfix,
    python_name,
)
from closedform.program.languages.matrices import (
    FUNCTIONS,
    SAME,
    about,
    check_name,
    lies,
    otherwise,
    sources,
    words,
)
from closedform.program.source import Program, Writer
from closedform.program.term import VIEWS, Term

KEYWORDS = words(
    "baremodule begin break catch const continue do else elseif end export false finally for function global if import "
    "let local macro module quote return struct true try using while in isa where mutable abstract primitive type "
    "I Inf NaN pi im ans Diagonal Symmetric LinearAlgebra Base Core Main "
    "exp log sin cos tan asin acos atan sinh cosh tanh abs sign sqrt expm1 log1p max erf maximum sum size length vec "
    "reshape permutedims copy fill float zeros ones div Int Matrix Float64 dot norm tr det diag diagm kron inv pinv "
    "svd svdvals hcat hypot min erfc cholesky lu bunchkaufman logdet logabsdet first"
)
SYMBOLS = {"add": ("+", ADD), "subtract": ("-", ADD), "multiply": ("*", MULTIPLY), "divide": ("/", MULTIPLY)}


def _each(t: Term, writer: Writer) -> Spelling:
    """With a dot, but where numbers or whole arrays are added, or numbers multiply."""
    symbol, level = SYMBOLS[t.op]
    a, b = (lies(x, t) for x in t.args)
    if t.op in ("add", "subtract"):
        plain = a == b
    elif t.op == "multiply":
        plain = "number" in (a, b)
    else:
        plain = b == "number"
    first, others = "{0}'" if a == "row" else "{0}", "{1}'" if b == "row" else "{1}"
    return Spelling(
        f"{first} {'' if plain else '.'}{symbol} {others}",
        level,
        ATOM if a == "row" else level,
        ATOM if b == "row" else level + 1,
    )


def _power(t: Term, writer: Writer) -> Spelling:
    return Spelling("{0} .^ {1}" if t.axes else "{0}^{1}", POWER, ATOM, ATOM)


def _function(name: str) -> Spell:
    return lambda t, writer: Spelling(f"{name}{'.' if t.axes else ''}({{0}})")


def _function_of_two(name: str) -> Spell:
    return lambda t, writer: Spelling(f"{name}{'.' if t.axes else ''}({{0}}, {{1}})")


def _relu(t: Term, writer: Writer) -> Spelling:
    return Spelling("max.({0}, 0)" if t.axes else "max({0}, 0)")


def _filled(function: str) -> Spell:
    return lambda t, writer: Spelling(f"{function}({listed(0, len(t.args))})")


def _full(t: Term, writer: Writer) -> Spelling:
    """A number everywhere; what is computed may be a whole number, of sizes, the array is not of them."""
    value = "{0}" if t.args[0].op == "number" else "float({0})"
    return Spelling(f"fill({value}, {listed(1, len(t.args))})")


def _taken(t: Term, writer: Writer) -> Spelling:
    if t.rank == 1:
        return postfix("{0}[{1}]")
    return postfix("{0}[{1}, :]" if t.data == 0 else "{0}[:, {1}]")


def _reshaped(t: Term, writer: Writer) -> Spelling:
    """Row after row: the transpose of what column after column gives."""
    if t.args[0].rank != 1:
        return otherwise("Julia")(t)
    return postfix("reshape({0}, {2}, {1})'")


def _plus_diagonal(t: Term, writer: Writer) -> Spelling:
    if t.args[1].rank:
        return Spelling("{0} + Diagonal({1})", ADD, ADD, ADD)
    if t.args[1].value == 1:
        return Spelling("{0} + I", ADD, ADD, ADD)
    return Spelling("{0} + {1} * I", ADD, ADD, MULTIPLY)


def _outers(t: Term, writer: Writer, start: int = 0) -> Spelling:
    """Columns times rows, as two thin matrices."""
    columns, rows = halves(t, start)
    return Spelling(f"hcat({columns}) * hcat({rows})'", MULTIPLY)


SPELLINGS: dict[str, Spelling | Spell] = {
    **dict.fromkeys(SYMBOLS, _each),
    "power": _power,
    "negative": Spelling("-{0}", NEGATE, POWER),
    **{op: _function(name) for op, name in FUNCTIONS.items()},
    **{op: _function_of_two(op) for op in ("hypot", "logaddexp")},
    "larger": _function_of_two("max"),
    "smaller": _function_of_two("min"),
    "relu": _relu,
    "over": Spelling("over({0}, {1})"),
    **dict.fromkeys(["matmul", "matvec"], infix("*", MULTIPLY)),
    "vecmat": Spelling("{1}' * {0}", MULTIPLY, NEGATE, ATOM),
    **dict.fromkeys(["inner", "dot"], Spelling("dot({0}, {1})")),
    "outers": _outers,
    "plus_outers": added_to("{0} * {1}'", _outers),
    "softmaxtimes": Spelling("{0} .* ({2} .- {1}' * {2})", MULTIPLY, ATOM, ATOM),
    "outer": Spelling("{0} * {1}'", MULTIPLY, MULTIPLY, ATOM),
    "kron": Spelling("kron({0}, {1})"),
    "transpose": postfix("{0}'"),
    "column": SAME,
    "row": postfix("{0}'"),
    "reshape": _reshaped,
    "flat": Spelling("vec({0}')", ATOM, ATOM),
    "vec": Spelling("vec({0})"),
    "vech": Spelling("vech({0})"),
    "first": Spelling("vec({0})"),
    "take": _taken,
    "added": Spelling("added({0}, {1}, {2})"),
    "commuted": Spelling("commuted({0}, {1})"),
    "packed": Spelling("packed({0})"),
    "unpacked": Spelling("unpacked({0})"),
    "rows": lambda t, writer: Spelling(f"size({{0}}, {int(str(t.data)) + 1})"),
    "triangle": Spelling("div({0} * ({0} + 1), 2)", ATOM, ATOM),
    "integer": Spelling("Int({0})"),
    "ones": _filled("ones"),
    "zeros": _filled("zeros"),
    "full": _full,
    "eye": Spelling("Matrix(1.0I, {0}, {0})"),
    "diag": Spelling("diagm({0})"),
    "diagonal": Spelling("diag({0})"),
    "plus_diagonal": _plus_diagonal,
    "plus_transpose": Spelling("{0} + {0}'", ADD, ATOM),
    "sum": Spelling("sum({0})"),
    "sum_over": lambda t, writer: Spelling(f"vec(sum({{0}}; dims = {int(str(t.data)) + 1}))"),
    "max": Spelling("maximum({0})"),
    "rowmax": Spelling("vec(maximum({0}; dims = 2))"),
    "softmaxslope": Spelling("softmaxslope({0}, {1})"),
    **{name: Spelling(f"{name}({{0}}, {{1}})") for name in ("centred", "rowcentred")},
    "distances": Spelling("distances({0}, {1})"),
    "deflated": Spelling("deflated({0}, {1}, {2})"),
    "rootprod": Spelling("rootprod({0}, {1})"),
    "ismax": Spelling("ismax({0})"),
    "norm1": Spelling("norm({0}, 1)"),
    "norm2": Spelling("norm({0})"),
    "normnuc": Spelling("sum(svdvals({0}))"),
    "logsumexp": Spelling("logsumexp({0})"),
    "softmax": Spelling("softmax({0})"),
    "tr": Spelling("tr({0})"),
    "det": Spelling("det({0})"),
    "logdet": Spelling("first(logabsdet({0}))"),
    "logdetpos": Spelling("logdet({0})"),
    "polar": Spelling("polar({0})"),
    "adj": Spelling("adjugate({0})"),
    "inverse": Spelling("inv({0})"),
    "solve": infix("\\", MULTIPLY),
    "solve_transposed": Spelling("{0}' \\ {1}", MULTIPLY, ATOM, NEGATE),
    "cholesky": Spelling("cholesky(Symmetric({0}))"),
    "lu": Spelling("lu({0})"),
    "factor": Spelling("bunchkaufman(Symmetric({0}))"),
    **{f"{kind}_solve": infix("\\", MULTIPLY) for kind in ("cholesky", "lu", "factor")},
    **{f"{kind}_inverse": Spelling("inv({0})") for kind in ("cholesky", "lu", "factor")},
    "lu_solve_transposed": Spelling("{0}' \\ {1}", MULTIPLY, ATOM, NEGATE),
    "cholesky_logdet": Spelling("logdet({0})"),
    "cholesky_logdetratio": Spelling("2 * sum(log.(diag({0}.factors) ./ diag({1}.factors)))", MULTIPLY, ATOM, ATOM),
    **{f"{kind}_logdet": Spelling("first(logabsdet({0}))") for kind in ("lu", "factor")},
    "pinv": Spelling("pinv({0})"),
    "matpow": Spelling("{0}^{1}", POWER, ATOM, ATOM),
    "powersum": Spelling("powersum({0}, {1}, {2})"),
    "expm": Spelling("exp({0})"),
    "logm": Spelling("log({0})"),
    "sqrtm": Spelling("sqrt({0})"),
}

HELPERS = sources(r"""
    == sigmoid
    sigmoid(z) = 1 / (1 + exp(-z))
    == softplus
    softplus(z) = max(z, 0) + log1p(exp(-abs(z)))  # log(1 + exp(z)), without overflow
    == logaddexp
    logaddexp(a, b) = max(a, b) + (a == b ? log(2) : log1p(exp(-abs(a - b))))
    == rootprod
    function rootprod(x, n)  # exp(sum(log.(x)) / n), the n-th root of the product; exponents of 2 are added apart
        e = sum(last ∘ frexp ∘ float, x)
        k = fld(e, n) - 1
        return ldexp(exp2((sum(log2 ∘ first ∘ frexp ∘ float, x) + (e - k * n)) / n), k)
    end
    == log1psq
    function log1psq(x)  # log(1 + x^2), without overflow
        small, large = min(abs(x), 1), max(abs(x), 1)
        return log1p((small / large)^2) + 2 * log(large)
    end
    == log1mexp
    log1mexp(z) = z > -0.7 ? log(-expm1(z)) : log1p(-exp(z))  # log(1 - exp(z)), without cancellation
    == smallexpm1
    smallexpm1(z) = -sign(z) * expm1(-abs(z))  # (exp(z) - 1)/exp(max(z, 0)), without overflow
    == logcosh
    logcosh(z) = abs(z) < 1 ? log1p(2 * sinh(z / 2)^2) : abs(z) + log1p(expm1(-2 * abs(z)) / 2)
    == sech2
    function sech2(z)  # 1 - tanh(z)^2, without cancellation
        e = exp(-2 * abs(z))
        return 4 * e / (1 + e)^2
    end
    == softmaxslope
    function softmaxslope(u, s)  # diag(u) - u s' for an s of sum 1 and u a multiple of it
        H = -u * s'
        before, after = [0; cumsum(s[1:end-1])], [reverse(cumsum(reverse(s[2:end]))); 0]
        H[diagind(H)] = u .* (before + after)
        return H
    end
    == centred
    centred(B, s) = B .- selectdim(B, 1, argmax(s):argmax(s))  # the rows of B less the one where s is largest
    == deflated
    function deflated(H, w, u)  # H with H * w = 0 and w'H = 0: by these its row and column where w .* u is largest
        H, k = copy(H), argmax(abs.(w .* u))
        if w[k] != 0
            H[k, :] -= H' * w / w[k]
            H[:, k] -= H * w / w[k]
        end
        return H
    end
    == rowcentred
    # the rows of G, each less its entry where the row of Z is largest
    rowcentred(G, Z) = G .- G[last(findmax(Z; dims = 2))]
    == distances
    distances(X, Y) = [sum(abs2, x - y) for x in eachrow(X), y in eachrow(Y)]  # squared, between rows
    == over
    over(a, b) = b == 0 ? 0.0 : a / b  # 0 where the norm b is 0: what it multiplies vanishes faster
    == logsumexp
    function logsumexp(x)
        top = maximum(x)
        return isfinite(top) ? top + log(sum(exp.(x .- top))) : top
    end
    == softmax
    function softmax(x)
        e = exp.(x .- maximum(x))
        return e / sum(e)
    end
    == ismax
    ismax(x) = Float64.(x .== maximum(x))
    == polar
    function polar(M)  # M * (M'M)^(-1/2), the orthogonal factor of M
        U, s, V = svd(M)
        return U * V'
    end
    == adjugate
    function adjugate(X)  # also of a singular X
        U, s, V = svd(X)
        d = [prod(s[1:end .!= i]) for i in eachindex(s)]
        return det(U) * det(V) * V * Diagonal(d) * U'
    end
    == powersum
    function powersum(X, A, k)  # the sum of X^i * A * X^(k-1-i), i = 0 to k-1
        if k < 0
            A, X, k = -(X \ A) / X, inv(X), -k
        end
        total, power = zero(A), Matrix(1.0I, size(X)...)
        for _ in 1:Int(k)
            total, power = total * X + power * A, power * X
        end
        return total
    end
    == commuted
    commuted(m, n) = vec(permutedims(reshape(1:m*n, m, n)))  # places in vec(A) of the entries of vec(A'), A m by n
    == packed
    packed(n) = findall(vec([i >= j for i in 1:n, j in 1:n]))  # places in vec(A) of the entries of vech(A)
    == unpacked
    function unpacked(n)  # places in vech(S) of the entries of vec(S)
        place = zeros(Int, n, n)
        place[packed(n)] = 1:div(n * (n + 1), 2)
        return vec(max.(place, place'))
    end
    == vech
    vech(X) = vec(X)[packed(size(X, 1))]  # the entries on and below the diagonal, column by column
    == added
    function added(X, rows, n)  # each row of X is added to the place it belongs to
        total = zeros(n, size(X)[2:end]...)
        for (i, row) in enumerate(rows)
            selectdim(total, 1, row) .+= selectdim(X, 1, i)
        end
        return total
    end
""")


def number(value: float) -> str:
    return repr(value).replace("inf", "Inf")


def spelled(name: str) -> str:
    """Names of underscores alone cannot be read."""
    return python_name(name) if name.strip("_") else "v"


def sized(name: str, axis: int, rank: int) -> str:
    return f"size({name}, {axis + 1})" if rank == 2 else f"length({name})"


def returned(t: Term, code: str) -> str:
    """Numbers are floats; an array that is given back is nobody else's."""
    if t.value is not None:
        return number(float(t.value))
    viewed = t
    while viewed.op in VIEWS or viewed.op == "vec":
        viewed = viewed.args[0]
    return f"copy({code})" if t.axes and viewed.op == "variable" else code


def source(p: Program, name: str) -> str:
    """A function, after the functions it calls."""
    check_name(name, JULIA, "Julia")
    kinds = ("Real", "AbstractVector", "AbstractMatrix")
    parameters = [f"{p.names[a.name]}::{kinds[len(a.dims)]}" for a in p.arguments] + [p.dims[n] for n in p.sizes]
    body = [f"{p.dims[n]} = {place}" for n, place in p.bindings.items()] + p.lines
    body.append(f"return {', '.join(p.results)}" + ("," if p.several and len(p.results) == 1 else ""))
    lines = ["    " + line for line in body]
    helpers = called("\n".join(lines), HELPERS)
    packages = ["using LinearAlgebra"]
    special = [f for f in ("erf", "erfc") if re.search(rf"\b{f}\.?\(", "\n".join(lines))]
    if special:
        packages.append("using SpecialFunctions: " + ", ".join(special))
    function = [*about(p, "#"), f"function {name}({', '.join(parameters)})", *lines, "end"]
    return "\n\n".join(["\n".join(packages), *helpers, "\n".join(function)]) + "\n"


JULIA = Language(
    "julia", SPELLINGS, otherwise("Julia"), KEYWORDS | HELPERS.keys(), number, source, sized,
    matrices=True, spelled=spelled,
)  # fmt: skip
