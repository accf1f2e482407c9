"""MATLAB, and GNU Octave, which reads the same."""

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
    postfix,
)
from closedform.program.languages.matrices import (
    FUNCTIONS,
    SAME,
    about,
    ascii_name,
    check_name,
    is_name,
    lies,
    name_of,
    otherwise,
    sources,
    words,
)
from closedform.program.source import Program, Writer, identifier
from closedform.program.term import Term

KEYWORDS = words(
    "break case catch classdef continue else elseif end for function global if otherwise parfor persistent return spmd "
    "switch try while do endfor endfunction endif endwhile until unwind_protect end_try_catch end_unwind_protect "
    "eps Inf inf NaN nan ans true false arguments properties methods events enumeration "
    "exp log sin cos tan asin acos atan sinh cosh tanh abs sign sqrt expm1 log1p max erf erfc hypot min sum size numel "
    "reshape ones zeros eye norm trace det diag kron inv pinv svd chol expm logm sqrtm double fix sparse"
)
SYMBOLS = {"add": ("+", ADD), "subtract": ("-", ADD), "multiply": (".*", MULTIPLY), "divide": ("./", MULTIPLY)}


def _each(t: Term, writer: Writer) -> Spelling:
    """Numbers multiply and divide without a dot; vectors are columns, and rows by a quote."""
    symbol, level = SYMBOLS[t.op]
    a, b = (lies(x, t) for x in t.args)
    if b == "number" or (a == "number" and t.op == "multiply"):
        symbol = symbol.removeprefix(".")
    rows = [x.rank == 1 and at == "row" for x, at in zip(t.args, (a, b), strict=True)]
    return Spelling(
        f"{{0}}{chr(39) * rows[0]} {symbol} {{1}}{chr(39) * rows[1]}",
        level,
        ATOM if rows[0] else level,
        ATOM if rows[1] else level + 1,
    )


def _power(t: Term, writer: Writer) -> Spelling:
    return Spelling("{0} .^ {1}" if t.axes else "{0}^{1}", POWER, ATOM, ATOM)


def _sizes(t: Term, start: int) -> str:
    """A vector is a column."""
    listed = [f"{{{n}}}" for n in range(start, len(t.args))]
    return ", ".join(listed if len(listed) > 1 else [*listed, "1"])


def _filled(t: Term, writer: Writer) -> Spelling:
    return Spelling(f"{t.op}({_sizes(t, 0)})")


def _full(t: Term, writer: Writer) -> Spelling:
    if t.args[0].value == 1:
        return Spelling(f"ones({_sizes(t, 1)})")
    return Spelling(f"{{0}} * ones({_sizes(t, 1)})", MULTIPLY, MULTIPLY)


def _taken(t: Term, writer: Writer) -> Spelling:
    """Only a name can be indexed."""
    name_of(t.args[0], writer)
    if t.rank == 1:
        return postfix("{0}({1})")
    return postfix("{0}({1}, :)" if t.data == 0 else "{0}(:, {1})")


def _stacked(t: Term, writer: Writer) -> Spelling:
    return Spelling("{0}(:)" if is_name(writer.shown[t.args[0]][0]) else "reshape({0}, [], 1)")


def _reshaped(t: Term, writer: Writer) -> Spelling:
    """Row after row: the transpose of what column after column gives."""
    if t.args[0].rank != 1:
        return otherwise("MATLAB")(t)
    return postfix("reshape({0}, {2}, {1})'")


def _plus_diagonal(t: Term, writer: Writer) -> Spelling:
    if t.args[1].rank:
        return Spelling("{0} + diag({1})", ADD, ADD, ADD)
    if t.args[1].value == 1:
        return Spelling("{0} + eye(size({0}))", ADD, ADD, ADD)
    return Spelling("{0} + {1} * eye(size({0}))", ADD, ADD, MULTIPLY)


def _of_entries(function: str) -> Spell:
    """A function that goes along columns, of all entries."""
    return lambda t, writer: Spelling(f"{function}({function}({{0}}))" if t.args[0].rank == 2 else f"{function}({{0}})")


def _norm1(t: Term, writer: Writer) -> Spelling:
    return Spelling("sum(sum(abs({0})))" if t.args[0].rank == 2 else "norm({0}, 1)")


def _norm2(t: Term, writer: Writer) -> Spelling:
    return Spelling("norm({0}, 'fro')" if t.args[0].rank == 2 else "norm({0})")


def _sum_over(t: Term, writer: Writer) -> Spelling:
    return postfix("sum({0}, 1)'") if t.data == 0 else Spelling("sum({0}, 2)")


def _outers(t: Term, writer: Writer, start: int = 0) -> Spelling:
    """Columns times rows, as two thin matrices."""
    columns, rows = halves(t, start)
    return Spelling(f"[{columns}] * [{rows}]'", MULTIPLY)


SPELLINGS: dict[str, Spelling | Spell] = {
    **dict.fromkeys(SYMBOLS, _each),
    "power": _power,
    "negative": Spelling("-{0}", NEGATE, POWER),
    **{op: Spelling(f"{name}({{0}})") for op, name in FUNCTIONS.items()},
    "relu": Spelling("max({0}, 0)"),
    **{op: Spelling(f"{op}({{0}}, {{1}})") for op in ("hypot", "logaddexp", "over")},
    "larger": Spelling("max({0}, {1})"),
    "smaller": Spelling("min({0}, {1})"),
    **dict.fromkeys(["matmul", "matvec"], infix("*", MULTIPLY)),
    "vecmat": Spelling("{1}' * {0}", MULTIPLY, NEGATE, ATOM),
    "inner": Spelling("{0}' * {1}", MULTIPLY, ATOM, NEGATE),
    "dot": Spelling("sum(sum({0} .* {1}))", ATOM, MULTIPLY, NEGATE),
    "outers": _outers,
    "plus_outers": added_to("{0} * {1}'", _outers),
    "softmaxtimes": Spelling("{0} .* ({2} - {1}' * {2})", MULTIPLY, ATOM, ATOM),
    "outer": Spelling("{0} * {1}'", MULTIPLY, MULTIPLY, ATOM),
    "kron": Spelling("kron({0}, {1})"),
    "transpose": postfix("{0}'"),
    "column": SAME,
    "row": postfix("{0}'"),
    "reshape": _reshaped,
    "flat": Spelling("reshape({0}', [], 1)", ATOM, ATOM),
    "vec": _stacked,
    "vech": Spelling("vech({0})"),
    "first": postfix("{0}'"),
    "take": _taken,
    "added": Spelling("added({0}, {1}, {2})"),
    "commuted": Spelling("commuted({0}, {1})"),
    "packed": Spelling("packed({0})"),
    "unpacked": Spelling("unpacked({0})"),
    "rows": lambda t, writer: Spelling(f"size({{0}}, {int(str(t.data)) + 1})"),
    "triangle": Spelling("{0} * ({0} + 1) / 2", MULTIPLY, ATOM),
    "integer": Spelling("fix({0})"),
    "ones": _filled,
    "zeros": _filled,
    "full": _full,
    "eye": Spelling("eye({0})"),
    "diag": Spelling("diag({0})"),
    "diagonal": Spelling("diag({0})"),
    "plus_diagonal": _plus_diagonal,
    "plus_transpose": Spelling("{0} + {0}'", ADD, ATOM),
    "sum": _of_entries("sum"),
    "sum_over": _sum_over,
    "max": _of_entries("max"),
    "rowmax": Spelling("max({0}, [], 2)"),
    **{op: Spelling(f"{op}({{0}}, {{1}})") for op in ("softmaxslope", "centred", "rowcentred", "distances")},
    "deflated": Spelling("deflated({0}, {1}, {2})"),
    "rootprod": Spelling("rootprod({0}, {1})"),
    "ismax": Spelling("ismax({0})"),
    "norm1": _norm1,
    "norm2": _norm2,
    "normnuc": Spelling("sum(svd({0}))"),
    "logsumexp": Spelling("logsumexp({0})"),
    "softmax": Spelling("softmax({0})"),
    "tr": Spelling("trace({0})"),
    "det": Spelling("det({0})"),
    "logdetpos": Spelling("logdetpos({0})"),
    "polar": Spelling("polar({0})"),
    "adj": Spelling("adjugate({0})"),
    "solve": infix("\\", MULTIPLY),
    "solve_transposed": Spelling("{0}' \\ {1}", MULTIPLY, ATOM, NEGATE),
    "inverse": Spelling("inv({0})"),
    "logdet": Spelling("logabsdet({0})"),
    "cholesky": Spelling("chol({0})"),
    "cholesky_solve": Spelling("{0} \\ ({0}' \\ {1})", MULTIPLY, ATOM, NEGATE),
    "cholesky_inverse": Spelling("{0} \\ ({0}' \\ eye(size({0})))", MULTIPLY, ATOM),
    "cholesky_logdet": Spelling("2 * sum(log(diag({0})))", MULTIPLY),
    "cholesky_logdetratio": Spelling("2 * sum(log(diag({0}) ./ diag({1})))", MULTIPLY),
    **dict.fromkeys(["lu", "factor"], SAME),  # `\` chooses a factorisation itself
    **dict.fromkeys(["lu_solve", "factor_solve"], infix("\\", MULTIPLY)),
    "lu_solve_transposed": Spelling("{0}' \\ {1}", MULTIPLY, ATOM, NEGATE),
    **dict.fromkeys(["lu_inverse", "factor_inverse"], Spelling("inv({0})")),
    **dict.fromkeys(["lu_logdet", "factor_logdet"], Spelling("logabsdet({0})")),
    "pinv": Spelling("pinv({0})"),
    "matpow": Spelling("{0}^{1}", POWER, ATOM, ATOM),
    "powersum": Spelling("powersum({0}, {1}, {2})"),
    "expm": Spelling("expm({0})"),
    "logm": Spelling("logm({0})"),
    "sqrtm": Spelling("sqrtm({0})"),
}

HELPERS = sources(r"""
    == sigmoid
    function y = sigmoid(z)
        y = 1 ./ (1 + exp(-z));
    end
    == softplus
    function y = softplus(z)
    % log(1 + exp(z)), without overflow
        y = max(z, 0) + log1p(exp(-abs(z)));
    end
    == logaddexp
    function y = logaddexp(a, b)
        d = abs(a - b);
        d(a == b) = 0;
        y = max(a, b) + log1p(exp(-d));
    end
    == rootprod
    function y = rootprod(x, n)
    % exp(sum(log(x(:)))/n), the n-th root of the product; exponents of 2 are added apart, where none is rounded
        [m, e] = log2(x(:));
        k = floor(sum(e) / n) - 1;
        y = pow2(pow2((sum(log2(m)) + (sum(e) - k * n)) / n), k);
    end
    == log1psq
    function y = log1psq(x)
    % log(1 + x^2), without overflow
        large = max(abs(x), 1);
        y = log1p((min(abs(x), 1) ./ large).^2) + 2 * log(large);
    end
    == log1mexp
    function y = log1mexp(z)
    % log(1 - exp(z)), without cancellation
        y = log1p(-exp(z));
        near = z > -0.7;
        y(near) = log(-expm1(z(near)));
    end
    == smallexpm1
    function y = smallexpm1(z)
    % (exp(z) - 1)/exp(max(z, 0)), without overflow
        y = -sign(z) .* expm1(-abs(z));
    end
    == logcosh
    function y = logcosh(z)
    % log(cosh(z)), without overflow and cancellation
        y = abs(z) + log1p(expm1(-2 * abs(z)) / 2);
        near = abs(z) < 1;
        y(near) = log1p(2 * sinh(z(near) / 2).^2);
    end
    == sech2
    function y = sech2(z)
    % 1 - tanh(z)^2, without cancellation
        e = exp(-2 * abs(z));
        y = 4 * e ./ (1 + e).^2;
    end
    == softmaxslope
    function H = softmaxslope(u, s)
    % diag(u) - u s' for an s of sum 1 and u a multiple of it
        H = -u * s';
        others = [0; cumsum(s(1:end-1))] + [flipud(cumsum(flipud(s(2:end)))); 0];
        H(1:numel(s)+1:end) = u .* others;
    end
    == centred
    function C = centred(B, s)
    % the rows of B less the one where s is largest
        [~, k] = max(s);
        C = B - B(k, :);
    end
    == deflated
    function H = deflated(H, w, u)
    % H with H*w = 0 and w'*H = 0: by these its row and column where w.*u is largest
        [~, k] = max(abs(w .* u));
        if w(k) ~= 0
            H(k, :) = H(k, :) - w' * H / w(k);
            H(:, k) = H(:, k) - H * w / w(k);
        end
    end
    == rowcentred
    function C = rowcentred(G, Z)
    % the rows of G, each less its entry where the row of Z is largest
        [~, k] = max(Z, [], 2);
        C = G - G(sub2ind(size(G), (1:size(G, 1))', k));
    end
    == distances
    function D = distances(X, Y)
    % the squared distances between the rows of X and those of Y
        D = zeros(size(X, 1), size(Y, 1));
        for k = 1:size(X, 2)
            D = D + (X(:, k) - Y(:, k)').^2;
        end
    end
    == logdetpos
    function y = logdetpos(X)
    % log(det(X)), without overflow; NaN where det(X) < 0
        [~, U, P] = lu(X);
        d = diag(U);
        y = sum(log(abs(d)));
        if det(P) * prod(sign(d)) < 0
            y = NaN;
        end
    end
    == over
    function c = over(a, b)
    % a/b; 0 where the norm b is 0, because what it multiplies vanishes faster
        if b == 0
            c = 0;
        else
            c = a / b;
        end
    end
    == logsumexp
    function y = logsumexp(x)
        x = x(:);
        top = max(x);
        y = top;
        if isfinite(top)
            y = top + log(sum(exp(x - top)));
        end
    end
    == softmax
    function y = softmax(x)
        y = exp(x - max(x));
        y = y / sum(y);
    end
    == ismax
    function y = ismax(x)
    % 1 at the largest entry, 0 elsewhere
        y = double(x == max(x(:)));
    end
    == logabsdet
    function y = logabsdet(A)
    % log |det A|
        [~, U, ~] = lu(A);
        y = sum(log(abs(diag(U))));
    end
    == polar
    function Q = polar(M)
    % M*(M'*M)^(-1/2), the orthogonal factor of M
        [U, S, V] = svd(M, 'econ');
        Q = U * V';
    end
    == adjugate
    function Y = adjugate(X)
    % the transposed matrix of cofactors, also of a singular X
        [U, S, V] = svd(X);
        s = diag(S);
        d = ones(size(s));
        for k = 1:numel(s)
            d(k) = prod(s([1:k-1, k+1:end]));
        end
        Y = det(U) * det(V) * V * diag(d) * U';
    end
    == powersum
    function S = powersum(X, A, k)
    % the sum of X^i * A * X^(k-1-i), i = 0 to k-1; for k < 0 that of the inverse
        if k < 0
            A = -(X \ A) / X;
            X = inv(X);
            k = -k;
        end
        S = zeros(size(A));
        P = eye(size(X));
        for n = 1:k
            S = S * X + P * A;
            P = P * X;
        end
    end
    == commuted
    function p = commuted(m, n)
    % the places in vec(A) of the entries of vec(A'), for A m by n
        p = reshape(reshape(1:m*n, m, n)', [], 1);
    end
    == packed
    function p = packed(n)
    % the places in vec(A) of the entries of vech(A), for A n by n
        p = find(tril(ones(n)));
    end
    == unpacked
    function p = unpacked(n)
    % the places in vech(S) of the entries of vec(S), for symmetric S
        P = zeros(n);
        P(packed(n)) = 1:n*(n + 1)/2;
        p = reshape(max(P, P'), [], 1);
    end
    == vech
    function v = vech(X)
    % the entries on and below the diagonal, column by column
        v = X(tril(true(size(X))));
    end
    == added
    function T = added(X, rows, n)
    % each row of X is added to the place it belongs to
        T = full(sparse(rows, 1:numel(rows), 1, n, numel(rows)) * X);
    end
""")


def number(value: float) -> str:
    return repr(value).replace("inf", "Inf")


def sized(name: str, axis: int, rank: int) -> str:
    return f"size({name}, {axis + 1})" if rank == 2 else f"numel({name})"


def source(p: Program, name: str) -> str:
    """A function, before the functions it calls: they are local to its file."""
    check_name(name, MATLAB, "MATLAB")
    body = [f"{p.dims[n]} = {place};" for n, place in p.bindings.items()] + p.lines
    taken = {*re.findall(r"\w+", " ".join(body)), *p.parameters, *KEYWORDS, *HELPERS}
    results = [identifier("J", taken) for _ in p.results]
    body += [f"{J} = {code};" for J, code in zip(results, p.results, strict=True)]
    lines = ["    " + line for line in body]
    shown = results[0] if len(results) == 1 else f"[{', '.join(results)}]"
    head = f"function {shown} = {name}({', '.join(p.parameters)})"
    function = [head, *about(p, "%"), *lines, "end"]
    return "\n\n".join(["\n".join(function), *called("\n".join(lines), HELPERS)]) + "\n"


MATLAB = Language(
    "matlab", SPELLINGS, otherwise("MATLAB"), KEYWORDS | HELPERS.keys(), number, source, sized,
    assign="{0} = {1};", matrices=True, spelled=ascii_name,
)  # fmt: skip
