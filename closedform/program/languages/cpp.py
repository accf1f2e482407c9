"""C++ with Eigen 3.4; matrix functions are in its unsupported modules."""

from __future__ import annotations

import re

from closedform.core.shape import ONE
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
    name_of,
    otherwise,
    sources,
    words,
)
from closedform.program.source import Program, Writer
from closedform.program.term import Axes, Term

KEYWORDS = words(
    "alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t class compl "
    "concept const consteval constexpr constinit const_cast continue co_await co_return co_yield decltype default "
    "delete do double dynamic_cast else enum explicit export extern false float for friend goto if inline int long "
    "mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected public register "
    "reinterpret_cast requires return short signed sizeof static static_assert static_cast struct switch template this "
    "thread_local throw true try typedef typeid typename union unsigned using virtual void volatile wchar_t while xor "
    "xor_eq final override import module std Eigen MatrixXd VectorXd I NULL NAN INFINITY EOF assert errno stdin stdout "
    "stderr linux unix"
)
OWN = {
    **{f: f"std::{f}" for f in ("erf", "erfc")},
    **{f: f for f in ("sign", "sigmoid", "softplus", "log1psq", "log1mexp", "smallexpm1", "logcosh", "sech2")},
}  #: of numbers only
INTEGERS = ("size", "rows", "triangle", "integer")
PLACES = ("commuted", "packed", "unpacked")
FACTORED = ("cholesky", "lu", "factor")


def is_integer(t: Term) -> bool:
    """Is its code an integer, which would be divided as one?"""
    return t.op in INTEGERS or (t.op == "multiply" and all(map(is_integer, t.args)))


def _sum(t: Term, writer: Writer) -> Spelling:
    """A sum or difference; Eigen wants the matrix first, then the row or column that is repeated."""
    s = "+" if t.op == "add" else "-"
    turned = "{1}" if t.op == "add" else "(-{1})"
    match [lies(x, t) for x in t.args]:
        case ["number", "number"] | ["whole", "whole"]:
            return infix(s, ADD)
        case ["number", _]:
            return Spelling(f"({{0}} {s} {{1}}.array()).matrix()", ATOM, ADD, ATOM)
        case [_, "number"]:
            return Spelling(f"({{0}}.array() {s} {{1}}).matrix()", ATOM, ATOM, MULTIPLY)
        case ["whole", "column"]:
            return Spelling(f"({{0}}.colwise() {s} {{1}})", ATOM, ATOM, MULTIPLY)
        case ["whole", "row"]:
            return Spelling(f"({{0}}.rowwise() {s} {{1}}.transpose())", ATOM, ATOM, ATOM)
        case ["column", "whole"]:
            return Spelling(f"({turned}.colwise() + {{0}})", ATOM, MULTIPLY, ATOM)
        case ["row", "whole"]:
            return Spelling(f"({turned}.rowwise() + {{0}}.transpose())", ATOM, ATOM, ATOM)
        case ["column", "row"]:
            return Spelling(f"({{0}}.replicate(1, {{1}}.size()).rowwise() {s} {{1}}.transpose())", ATOM, ATOM, ATOM)
    return Spelling(f"({turned}.replicate(1, {{0}}.size()).rowwise() + {{0}}.transpose())", ATOM, ATOM, ATOM)


def _product(t: Term, writer: Writer) -> Spelling:
    """Entry by entry; a column scales rows, a row scales columns."""
    match [lies(x, t) for x in t.args]:
        case ["number", _] | [_, "number"]:
            return infix("*", MULTIPLY)
        case ["whole", "whole"]:
            return postfixed("{0}.cwiseProduct({1})")
        case ["column", "whole"]:
            return Spelling("{0}.asDiagonal() * {1}", MULTIPLY, ATOM, NEGATE)
        case ["whole", "column"]:
            return Spelling("{1}.asDiagonal() * {0}", MULTIPLY, NEGATE, ATOM)
        case ["whole", "row"]:
            return Spelling("{0} * {1}.asDiagonal()", MULTIPLY, MULTIPLY, ATOM)
        case ["row", "whole"]:
            return Spelling("{1} * {0}.asDiagonal()", MULTIPLY, ATOM, MULTIPLY)
        case ["column", "row"]:
            return Spelling("{0} * {1}.transpose()", MULTIPLY, MULTIPLY, ATOM)
    return Spelling("{1} * {0}.transpose()", MULTIPLY, ATOM, MULTIPLY)


def _quotient(t: Term, writer: Writer) -> Spelling:
    """Integers are divided as numbers."""
    match [lies(x, t) for x in t.args]:
        case ["number", "number"] if all(map(is_integer, t.args)):
            return Spelling("double({0}) / {1}", MULTIPLY, ADD, NEGATE)
        case [_, "number"]:
            return infix("/", MULTIPLY)
        case ["number", _]:
            if t.args[0].value == 1:
                return postfixed("{1}.cwiseInverse()")
            return Spelling("({0} / {1}.array()).matrix()", ATOM, MULTIPLY, ATOM)
        case ["whole", "whole"]:
            return postfixed("{0}.cwiseQuotient({1})")
        case ["whole", "column"]:
            return Spelling("({0}.array().colwise() / {1}.array()).matrix()", ATOM, ATOM, ATOM)
        case ["whole", "row"]:
            return Spelling("({0}.array().rowwise() / {1}.transpose().array()).matrix()", ATOM, ATOM, ATOM)
        case ["column", "whole"]:
            return Spelling("{0}.asDiagonal() * {1}.cwiseInverse()", MULTIPLY, ATOM, ATOM)
        case ["row", "whole"]:
            return Spelling("{1}.cwiseInverse() * {0}.asDiagonal()", MULTIPLY, ATOM, ATOM)
        case ["column", "row"]:
            return Spelling("{0} * {1}.cwiseInverse().transpose()", MULTIPLY, MULTIPLY, ATOM)
    return Spelling("{1}.cwiseInverse() * {0}.transpose()", MULTIPLY, ATOM, ATOM)


def _power(t: Term, writer: Writer) -> Spelling:
    base, exponent = t.args
    if not t.axes:
        return Spelling("std::pow({0}, {1})")
    if exponent.value == 2:
        return postfixed("{0}.cwiseAbs2()")
    if exponent.rank and exponent.axes != base.axes:
        return otherwise("C++")(t)
    return Spelling(f"{{0}}.array().pow({{1}}{'.array()' * bool(exponent.rank)}).matrix()", ATOM, ATOM,
                    ATOM if exponent.rank else ADD)  # fmt: skip


def postfixed(template: str) -> Spelling:
    """Both operands, or the first, stand bare before a dot."""
    return Spelling(template, ATOM, ATOM, ATOM if template.startswith("{1}") else ADD)


def _function(name: str) -> Spell:
    return lambda t, writer: (
        Spelling(f"{{0}}.array().{name}().matrix()", ATOM, ATOM) if t.axes else Spelling(f"std::{name}({{0}})")
    )


def _own(name: str) -> Spell:
    """A function of numbers, of every entry."""
    passed = f"[](double z) {{ return {name}(z); }}" if name.startswith("std::") else f"&{name}"
    passed = passed.replace("{", "{{").replace("}", "}}")
    return lambda t, writer: (
        Spelling(f"{{0}}.unaryExpr({passed})", ATOM, ATOM) if t.axes else Spelling(f"{name}({{0}})")
    )


def _own_of_two(name: str) -> Spell:
    """A function of two numbers, of every two entries; a number beside an array is repeated."""

    def spell(t: Term, writer: Writer) -> Spelling:
        lie = [lies(a, t) for a in t.args]
        if not t.axes:
            return Spelling(f"{name}({{0}}, {{1}})")
        if set(lie) - {"whole", "number"}:
            return otherwise("C++")(t)
        whole = lie.index("whole")
        sizes = f"{{{whole}}}.size()" if t.rank == 1 else f"{{{whole}}}.rows(), {{{whole}}}.cols()"
        other = f"{_type(t.axes)}::Constant({sizes}, {{{1 - whole}}})" if "number" in lie else f"{{{1 - whole}}}"
        return Spelling(
            f"{{{whole}}}.binaryExpr({other}, &{name})", ATOM, ADD if whole else ATOM, ATOM if whole else ADD
        )

    return spell


def _extreme(name: str) -> Spell:
    return lambda t, writer: (
        Spelling(f"{{0}}.cwise{name}({{1}})", ATOM, ATOM) if t.axes else Spelling(f"std::{name.lower()}({{0}}, {{1}})")
    )


def _outers(t: Term, writer: Writer, start: int = 0) -> Spelling:
    """Columns times rows, added up."""
    half = (len(t.args) - start) // 2
    pairs = (f"{{{n}}} * {{{n + half}}}.transpose()" for n in range(start, start + half))
    return Spelling(" + ".join(pairs), ADD, MULTIPLY, ATOM)


def _relu(t: Term, writer: Writer) -> Spelling:
    return postfix("{0}.cwiseMax(0.0)") if t.axes else Spelling("std::max({0}, 0.0)")


def _filled(t: Term, writer: Writer) -> Spelling:
    function = {"ones": "Ones", "zeros": "Zero", "full": "Constant"}[t.op]
    sizes = [f"{{{n}}}" for n in range(len(t.args))]
    return Spelling(f"{_type(t.axes)}::{function}({', '.join(sizes[1:] + sizes[:1] if t.op == 'full' else sizes)})")


def _taken(t: Term, writer: Writer) -> Spelling:
    name_of(t.args[0], writer)
    if t.rank == 1:
        return postfix("{0}({1})")
    return postfix("{0}({1}, Eigen::all)" if t.data == 0 else "{0}(Eigen::all, {1})")


def _reshaped(t: Term, writer: Writer) -> Spelling:
    """Row after row: the transpose of what column after column gives."""
    if t.args[0].rank != 1:
        return otherwise("C++")(t)
    return postfix("{0}.reshaped({2}, {1}).transpose()")


def _plus_diagonal(t: Term, writer: Writer) -> Spelling:
    if t.args[1].rank:
        return Spelling("{0} + MatrixXd({1}.asDiagonal())", ADD, ADD, ATOM)
    unit = "MatrixXd::Identity({0}.rows(), {0}.cols())"
    if t.args[1].value == 1:
        return Spelling("{0} + " + unit, ADD, ATOM)
    return Spelling("{0} + {1} * " + unit, ADD, ATOM, MULTIPLY)


def _evaluated(template: str) -> Spell:
    """What Eigen cannot read entry by entry, as an array."""
    return lambda t, writer: Spelling(f"{_type(t.axes)}({template})", ATOM, ATOM)


def _narrowed(template: str) -> Spell:
    """A function that gives a matrix; a vector of a vector."""
    return lambda t, writer: Spelling(f"VectorXd({template})" if t.rank == 1 else template)


def _times_itself(t: Term, writer: Writer) -> Spelling:
    """The last operand is an integer."""
    k = t.args[-1].value
    places = [f"{{{n}}}" for n in range(len(t.args) - 1)]
    return Spelling(f"{t.op}({', '.join(places)}, {f'{{{len(places)}}}' if k is None else int(k)})")


SPELLINGS: dict[str, Spelling | Spell] = {
    "add": _sum,
    "subtract": _sum,
    "multiply": _product,
    "divide": _quotient,
    "power": _power,
    "negative": Spelling("-{0}", NEGATE, POWER),
    **{op: _function(name) for op, name in FUNCTIONS.items() if op not in OWN},
    **{op: _own(name) for op, name in OWN.items()},
    "hypot": _own_of_two("hypotenuse"),
    "logaddexp": _own_of_two("logaddexp"),
    "larger": _extreme("Max"),
    "smaller": _extreme("Min"),
    "relu": _relu,
    **dict.fromkeys(["matmul", "matvec"], infix("*", MULTIPLY)),
    "vecmat": Spelling("{1}.transpose() * {0}", MULTIPLY, NEGATE, ATOM),
    "inner": postfix("{0}.dot({1})"),
    "dot": postfix("{0}.cwiseProduct({1}).sum()"),
    "outers": _outers,
    "plus_outers": added_to("{0} * {1}.transpose()", _outers),
    **{op: Spelling(f"{op}({{0}}, {{1}}, {{2}})") for op in ("softmaxtimes", "deflated")},
    "outer": Spelling("{0} * {1}.transpose()", MULTIPLY, MULTIPLY, ATOM),
    **{op: _narrowed(f"{op}({{0}}, {{1}})") for op in ("kron", "centred")},
    "transpose": postfix("{0}.transpose()"),
    "column": SAME,
    "row": postfix("{0}.transpose()"),
    "reshape": _reshaped,
    "flat": postfix("{0}.transpose().reshaped()"),
    "vec": postfix("{0}.reshaped()"),
    "first": postfix("{0}.transpose()"),
    "take": _taken,
    "added": _narrowed("added({0}, {1}, {2})"),
    **{op: Spelling(f"{op}({{0}})") for op in
       ("vech", "packed", "unpacked", "logsumexp", "softmax", "logdetpos", "polar", "pinv", "cholesky")},
    "rows": lambda t, writer: postfix("{0}.cols()" if t.data else "{0}.rows()"),
    "triangle": Spelling("{0} * ({0} + 1) / 2", MULTIPLY, ATOM),
    "integer": Spelling("int({0})"),
    **dict.fromkeys(["ones", "zeros", "full"], _filled),
    "eye": Spelling("MatrixXd::Identity({0}, {0})"),
    "diag": Spelling("MatrixXd({0}.asDiagonal())", ATOM, ATOM),
    "diagonal": postfix("{0}.diagonal()"),
    "plus_diagonal": _plus_diagonal,
    "plus_transpose": Spelling("{0} + {0}.transpose()", ADD, ATOM),
    "sum": postfix("{0}.sum()"),
    "sum_over": lambda t, writer: postfix("{0}.rowwise().sum()" if t.data else "{0}.colwise().sum().transpose()"),
    "max": postfix("{0}.maxCoeff()"),
    "rowmax": postfix("{0}.rowwise().maxCoeff()"),
    **{op: Spelling(f"{op}({{0}}, {{1}})") for op in
       ("over", "commuted", "softmaxslope", "rowcentred", "distances", "rootprod")},
    "ismax": _narrowed("ismax({0})"),
    "norm1": postfix("{0}.cwiseAbs().sum()"),
    "norm2": postfix("{0}.stableNorm()"),
    "normnuc": postfix("{0}.jacobiSvd().singularValues().sum()"),
    "tr": postfix("{0}.trace()"),
    "det": postfix("{0}.determinant()"),
    "adj": Spelling("adjugate({0})"),
    "solve": postfix("{0}.partialPivLu().solve({1})"),
    "solve_transposed": postfix("{0}.transpose().partialPivLu().solve({1})"),
    "inverse": postfix("{0}.inverse()"),
    "logdet": postfix("{0}.partialPivLu().matrixLU().diagonal().array().abs().log().sum()"),
    **dict.fromkeys(["lu", "factor"], postfix("{0}.partialPivLu()")),
    **{f"{kind}_solve": postfix("{0}.solve({1})") for kind in FACTORED},
    "lu_solve_transposed": _evaluated("{0}.transpose().solve({1})"),
    "cholesky_inverse": Spelling("{0}.solve(MatrixXd::Identity({0}.rows(), {0}.cols()))", ATOM, ATOM),
    **dict.fromkeys(["lu_inverse", "factor_inverse"], postfix("{0}.inverse()")),
    "cholesky_logdetratio": Spelling("2.0 * {0}.matrixLLT().diagonal().cwiseQuotient({1}.matrixLLT().diagonal())"
                                     ".array().log().sum()", MULTIPLY, ATOM, ATOM),
    "cholesky_logdet": Spelling("2.0 * {0}.matrixLLT().diagonal().array().log().sum()", MULTIPLY, ATOM),
    **dict.fromkeys(["lu_logdet", "factor_logdet"], postfix("{0}.matrixLU().diagonal().array().abs().log().sum()")),
    **dict.fromkeys(["matpow", "powersum"], _times_itself),
    "expm": postfix("{0}.exp()"),
    "logm": postfix("{0}.log()"),
    "sqrtm": postfix("{0}.sqrt()"),
}  # fmt: skip

HELPERS = sources(r"""
    == sign
    inline double sign(double z) { return (z > 0.0) - (z < 0.0); }
    == sigmoid
    inline double sigmoid(double z) { return 1.0 / (1.0 + std::exp(-z)); }
    == softplus
    // log(1 + exp(z)), without overflow
    inline double softplus(double z) { return std::max(z, 0.0) + std::log1p(std::exp(-std::abs(z))); }
    == hypotenuse
    inline double hypotenuse(double a, double b) { return std::hypot(a, b); }
    == logaddexp
    inline double logaddexp(double a, double b) {
        return std::max(a, b) + std::log1p(std::exp(a == b ? 0.0 : -std::abs(a - b)));
    }
    == rootprod
    // exp(sum(log(x))/n), the n-th root of the product; exponents of 2 are added apart, where none is rounded
    inline double rootprod(const MatrixXd& x, double n) {
        double mantissas = 0.0, exponents = 0.0;
        for (double z : x.reshaped()) {
            int e;
            mantissas += std::log2(std::frexp(z, &e));
            exponents += e;
        }
        const double k = std::floor(exponents / n) - 1.0;
        return std::ldexp(std::exp2((mantissas + (exponents - k * n)) / n), int(k));
    }
    == log1psq
    // log(1 + x^2), without overflow
    inline double log1psq(double x) {
        const double small = std::min(std::abs(x), 1.0), large = std::max(std::abs(x), 1.0);
        return std::log1p(small / large * (small / large)) + 2.0 * std::log(large);
    }
    == log1mexp
    // log(1 - exp(z)), without cancellation
    inline double log1mexp(double z) { return z > -0.7 ? std::log(-std::expm1(z)) : std::log1p(-std::exp(z)); }
    == smallexpm1
    // (exp(z) - 1)/exp(max(z, 0)), without overflow
    inline double smallexpm1(double z) { return z > 0.0 ? -std::expm1(-z) : std::expm1(z); }
    == logcosh
    // log(cosh(z)), without overflow and cancellation
    inline double logcosh(double z) {
        const double a = std::abs(z), s = std::sinh(std::min(a, 1.0) / 2.0);
        return a < 1.0 ? std::log1p(2.0 * s * s) : a + std::log1p(std::expm1(-2.0 * a) / 2.0);
    }
    == sech2
    // 1 - tanh(z)^2, without cancellation
    inline double sech2(double z) {
        const double e = std::exp(-2.0 * std::abs(z));
        return 4.0 * e / ((1.0 + e) * (1.0 + e));
    }
    == softmaxslope
    // diag(u) - u s' for an s of sum 1 and u a multiple of it: on the diagonal u times the sum of the other entries
    inline MatrixXd softmaxslope(const VectorXd& u, const VectorXd& s) {
        MatrixXd H = -u * s.transpose();
        VectorXd others = VectorXd::Zero(s.size());
        double before = 0.0, after = 0.0;
        for (Eigen::Index i = 0, j = s.size() - 1; j >= 0; ++i, --j) {
            others(i) += before;
            others(j) += after;
            before += s(i);
            after += s(j);
        }
        H.diagonal() = u.cwiseProduct(others);
        return H;
    }
    == centred
    // the rows of B less the one where s is largest
    inline MatrixXd centred(const MatrixXd& B, const VectorXd& s) {
        Eigen::Index k;
        s.maxCoeff(&k);
        return B.rowwise() - B.row(k);
    }
    == softmaxtimes
    // (diag(u) - u s') B
    inline MatrixXd softmaxtimes(const VectorXd& u, const VectorXd& s, const MatrixXd& B) {
        return u.asDiagonal() * (B.rowwise() - (s.transpose() * B).eval().row(0));
    }
    == deflated
    // H with H w = 0 and w'H = 0: by these its row and column where w u is largest
    inline MatrixXd deflated(MatrixXd H, const VectorXd& w, const VectorXd& u) {
        Eigen::Index k;
        if (w.cwiseProduct(u).cwiseAbs().maxCoeff(&k) == 0.0) return H;
        H.row(k) -= (w.transpose() * H / w(k)).eval();
        H.col(k) -= (H * w / w(k)).eval();
        return H;
    }
    == rowcentred
    // the rows of G, each less its entry where the row of Z is largest
    inline MatrixXd rowcentred(MatrixXd G, const MatrixXd& Z) {
        Eigen::Index k;
        for (Eigen::Index i = 0; i < G.rows(); ++i) {
            Z.row(i).maxCoeff(&k);
            G.row(i).array() -= double(G(i, k));
        }
        return G;
    }
    == distances
    // the squared distances between the rows of X and those of Y
    inline MatrixXd distances(const MatrixXd& X, const MatrixXd& Y) {
        MatrixXd D(X.rows(), Y.rows());
        for (Eigen::Index j = 0; j < Y.rows(); ++j) D.col(j) = (X.rowwise() - Y.row(j)).rowwise().squaredNorm();
        return D;
    }
    == logdetpos
    // log(det(X)), without overflow; NaN where det(X) < 0
    inline double logdetpos(const MatrixXd& X) {
        const Eigen::PartialPivLU<MatrixXd> lu(X);
        const auto d = lu.matrixLU().diagonal().array();
        const double sign = lu.permutationP().determinant() * d.sign().prod();
        return sign < 0.0 ? std::numeric_limits<double>::quiet_NaN() : d.abs().log().sum();
    }
    == over
    // a/b; 0 where the norm b is 0, because what it multiplies vanishes faster
    inline double over(double a, double b) { return b == 0.0 ? 0.0 : a / b; }
    == logsumexp
    inline double logsumexp(const MatrixXd& x) {
        const double top = x.maxCoeff();
        return std::isfinite(top) ? top + std::log((x.array() - top).exp().sum()) : top;
    }
    == softmax
    inline VectorXd softmax(const VectorXd& x) {
        const VectorXd e = (x.array() - x.maxCoeff()).exp();
        return e / e.sum();
    }
    == ismax
    // 1 at the largest entry, 0 elsewhere
    inline MatrixXd ismax(const MatrixXd& X) { return (X.array() == X.maxCoeff()).cast<double>(); }
    == kron
    inline MatrixXd kron(const MatrixXd& A, const MatrixXd& B) {
        MatrixXd K(A.rows() * B.rows(), A.cols() * B.cols());
        for (Eigen::Index i = 0; i < A.rows(); ++i)
            for (Eigen::Index j = 0; j < A.cols(); ++j)
                K.block(i * B.rows(), j * B.cols(), B.rows(), B.cols()) = A(i, j) * B;
        return K;
    }
    == pinv
    inline MatrixXd pinv(const MatrixXd& X) { return X.completeOrthogonalDecomposition().pseudoInverse(); }
    == cholesky
    inline Eigen::LLT<MatrixXd> cholesky(const MatrixXd& S) {
        Eigen::LLT<MatrixXd> L(S);
        if (L.info() != Eigen::Success) throw std::domain_error("the matrix is not positive definite");
        return L;
    }
    == polar
    // M (M'M)^(-1/2), the orthogonal factor of M
    inline MatrixXd polar(const MatrixXd& M) {
        const Eigen::JacobiSVD<MatrixXd> svd(M, Eigen::ComputeThinU | Eigen::ComputeThinV);
        return svd.matrixU() * svd.matrixV().transpose();
    }
    == adjugate
    // the transposed matrix of cofactors, also of a singular X
    inline MatrixXd adjugate(const MatrixXd& X) {
        const Eigen::JacobiSVD<MatrixXd> svd(X, Eigen::ComputeFullU | Eigen::ComputeFullV);
        VectorXd d = VectorXd::Ones(X.rows());
        for (Eigen::Index i = 0; i < d.size(); ++i)
            for (Eigen::Index j = 0; j < d.size(); ++j)
                if (i != j) d(i) *= svd.singularValues()(j);
        const double sign = svd.matrixU().determinant() * svd.matrixV().determinant();
        return sign * svd.matrixV() * d.asDiagonal() * svd.matrixU().transpose();
    }
    == matpow
    // X multiplied by itself, k times; for k < 0 its inverse
    inline MatrixXd matpow(MatrixXd X, int k) {
        if (k < 0) return matpow(X.inverse(), -k);
        MatrixXd P = MatrixXd::Identity(X.rows(), X.cols());
        for (; k > 0; k /= 2) {
            if (k % 2 == 1) P = P * X;
            X = X * X;
        }
        return P;
    }
    == powersum
    // the sum of X^i A X^(k-1-i), i = 0 to k-1; for k < 0 that of the inverse
    inline MatrixXd powersum(const MatrixXd& X, const MatrixXd& A, int k) {
        if (k < 0) return powersum(X.inverse(), -X.inverse() * A * X.inverse(), -k);
        MatrixXd total = MatrixXd::Zero(A.rows(), A.cols()), power = MatrixXd::Identity(X.rows(), X.cols());
        for (int i = 0; i < k; ++i) {
            total = total * X + power * A;
            power = power * X;
        }
        return total;
    }
    == commuted
    // the places in vec(A) of the entries of vec(A'), for A m by n
    inline std::vector<Eigen::Index> commuted(Eigen::Index m, Eigen::Index n) {
        std::vector<Eigen::Index> p;
        for (Eigen::Index i = 0; i < m; ++i)
            for (Eigen::Index j = 0; j < n; ++j) p.push_back(j * m + i);
        return p;
    }
    == packed
    // the places in vec(A) of the entries of vech(A), for A n by n
    inline std::vector<Eigen::Index> packed(Eigen::Index n) {
        std::vector<Eigen::Index> p;
        for (Eigen::Index j = 0; j < n; ++j)
            for (Eigen::Index i = j; i < n; ++i) p.push_back(j * n + i);
        return p;
    }
    == unpacked
    // the places in vech(S) of the entries of vec(S), for symmetric S
    inline std::vector<Eigen::Index> unpacked(Eigen::Index n) {
        std::vector<Eigen::Index> p(n * n);
        Eigen::Index k = 0;
        for (Eigen::Index j = 0; j < n; ++j)
            for (Eigen::Index i = j; i < n; ++i, ++k) p[j * n + i] = p[i * n + j] = k;
        return p;
    }
    == vech
    // the entries on and below the diagonal, column by column
    inline VectorXd vech(const MatrixXd& X) {
        const VectorXd x = X.reshaped();
        return x(packed(X.rows()));
    }
    == added
    // each row of X is added to the place it belongs to
    inline MatrixXd added(const MatrixXd& X, const std::vector<Eigen::Index>& rows, Eigen::Index n) {
        MatrixXd total = MatrixXd::Zero(n, X.cols());
        for (std::size_t i = 0; i < rows.size(); ++i) total.row(rows[i]) += X.row(i);
        return total;
    }
""")
INCLUDES = {
    "<unsupported/Eigen/MatrixFunctions>": r"(?<!\.array\(\))(?<!\.abs\(\))\.(exp|log|sqrt)\(\)",
    "<algorithm>": r"std::(max|min)",
    "<cmath>": r"std::(?!max|min|vector|tuple|numeric|domain)",
    "<limits>": r"numeric_limits",
    "<stdexcept>": r"domain_error",
    "<tuple>": r"std::tuple",
    "<vector>": r"std::vector",
}  #: what a header is needed for


def number(value: float) -> str:
    """A double, never an integer."""
    shown = repr(float(value))
    return shown.replace("inf", "std::numeric_limits<double>::infinity()") if "inf" in shown else shown


def _type(axes: Axes) -> str:
    if not axes:
        return "double"
    if len(axes) == 1 or axes[1] is ONE:
        return "VectorXd"
    return "Eigen::RowVectorXd" if axes[0] is ONE else "MatrixXd"


def kind(t: Term) -> str:
    """The type of a value: factorisations and places are kept as they are."""
    if t.op in PLACES or t.op in FACTORED:
        return "auto"
    return "Eigen::Index" if is_integer(t) else _type(t.axes)


def sized(name: str, axis: int, rank: int) -> str:
    return f"{name}.{('rows', 'cols')[axis]}()" if rank == 2 else f"{name}.size()"


def source(p: Program, name: str) -> str:
    """A function, after the functions it calls."""
    check_name(name, CPP, "C++")
    taken = ["double {}", "const VectorXd& {}", "const MatrixXd& {}"]
    parameters = [taken[len(a.dims)].format(p.names[a.name]) for a in p.arguments]
    parameters += [f"Eigen::Index {p.dims[n]}" for n in p.sizes]
    types = ", ".join(map(_type, p.axes))
    value, made = (f"{{{', '.join(p.results)}}}", f"std::tuple<{types}>") if p.several else (p.results[0], types)
    sizes = [f"const Eigen::Index {p.dims[n]} = {place};" for n, place in p.bindings.items()]
    lines = ["    " + line for line in [*sizes, *p.lines, f"return {value};"]]
    helpers = called("\n".join(lines), HELPERS)
    needed = "\n".join([made, *lines, *[h.replace(").exp()", "") for h in helpers]])
    includes = [f"#include {header}" for header, use in INCLUDES.items() if re.search(use, needed)]
    head = ["#include <Eigen/Dense>", *includes, "", "using Eigen::MatrixXd;", "using Eigen::VectorXd;"]
    body = [line.replace(".matrix().array()", "") for line in lines]
    function = [*about(p, "//"), f"inline {made} {name}({', '.join(parameters)}) {{", *body, "}"]
    return "\n\n".join(["\n".join(head), *helpers, "\n".join(function)]) + "\n"


CPP = Language(
    "cpp", SPELLINGS, otherwise("C++"), KEYWORDS | HELPERS.keys(), number, source, sized,
    assign="const {2} {0} = {1};", matrices=True, kind=kind, spelled=ascii_name,
)  # fmt: skip
