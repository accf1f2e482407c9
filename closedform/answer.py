"""From a question to its answer: the one record that the command line, Jupyter and JSON render."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar

from closedform.calculus.conditions import conditions
from closedform.calculus.derivative import Stage, stacked_derivative
from closedform.calculus.differential import differential
from closedform.calculus.layout import LAYOUTS, Arrangement, ByFreeEntries, layout_named
from closedform.calculus.structure import BY_ENTRIES, BY_FREE_ENTRIES
from closedform.calculus.vech import vech_forms, vech_stages
from closedform.compact.compact import compact
from closedform.compact.present import present
from closedform.core.abstract import abstract_functions
from closedform.core.expr import Expr, symbols, topological
from closedform.core.function import Function
from closedform.core.normal import normal
from closedform.core.shape import ONE, Dim
from closedform.emit.index import index_latex, index_text, index_unicode
from closedform.emit.text import text
from closedform.errors import NotSupported, RequestError, TooLarge, VerificationError
from closedform.formula import Formula
from closedform.index.derivative import derive_tensor
from closedform.index.tensor import Tensor
from closedform.lang import language
from closedform.program.languages import LANGUAGES
from closedform.syntax.text import parse

if TYPE_CHECKING:
    from closedform.derivation.telling import Derivation
    from closedform.program.compress import Form
    from closedform.program.source import Output
    from closedform.verification.exact import Certificate, NoTest
    from closedform.verification.numeric import Report
    from closedform.written.record import WrittenOut
    from closedform.written.routes import Routes

T = TypeVar("T")
REPORT_IT = "this is a bug of closedform, please report it with the function and this message"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table of layouts.

    Attributes:
        name: the layout.
        shape: of the answer in it.
        formula: the answer in it, in the text syntax or in index notation.
        users: who uses it.
    """

    name: str
    shape: tuple[str, ...]
    formula: str
    users: str


class Derivative(Formula):
    """A derivative, and everything one may ask about it.

    Attributes:
        function: what was differentiated.
        variables: the variables it was differentiated by, in order.
        layout: the name of the layout of `expr`, `text`, `latex()` and `unicode()`.
        expr: the answer, in normal form, in that layout; with more than two indices the matrix ∂vec F/∂(vec X)'.
        stages: the derivative by the first variable, by the first two, and so on.
        free: the same by the free entries of symmetric variables, in the layouts that are made of them; else empty.
    """

    def __init__(self, function: Function, stages: Sequence[Stage], layout: str) -> None:
        self.stages, self.layout = tuple(stages), layout
        self.variables = tuple(stage.variable for stage in stages)
        last = self._last = stages[-1]
        self.free: Sequence[Stage] = ()
        convention = LAYOUTS[layout]
        if isinstance(convention, ByFreeEntries):
            self.free = vech_stages(function.expr, self.variables, convention.rows)
        self.arrangement = convention.arrangement(last.function, last.variable, last.stacked)
        find = partial(_arranged, (self.free or stages)[-1], self.arrangement)
        later = not self.free and not isinstance(last.found, Expr)
        super().__init__(function, find if later else find())

    # in its layout

    @cached_property
    def text(self) -> str:
        """The closed form in the text syntax, which parses back to an equal expression; of an array its entry."""
        return index_text(self._array, show=present) if self.arrangement.axes else text(self.shown)

    def unicode(self) -> str:
        """The closed form as one reads it, in Unicode."""
        return index_unicode(self._array, show=present) if self.arrangement.axes else super().unicode()

    def latex(self) -> str:
        """The closed form in LaTeX."""
        return index_latex(self._array, show=present) if self.arrangement.axes else super().latex()

    @property
    def shape(self) -> tuple[str, ...]:
        """Rows and columns, or the axes of an array."""
        return tuple(str(i.dim) for i in self._array.free) if self.arrangement.axes else super().shape

    def in_layout(self, name: str) -> Derivative:
        """The same derivative in another layout.

        Raises:
            RequestError: no layout has that name, or it is one for symmetric variables.
        """
        return Derivative(self.function, self.stages, layout_named(name).name)

    def in_layouts(self) -> list[Derivative]:
        """The same derivative in every layout that it has."""
        return [self.in_layout(name) for name in self.layout_names]

    @property
    def layout_names(self) -> list[str]:
        """The names of the layouts that it has: those of free entries where the variables are symmetric."""
        forms = vech_forms(self.function.expr, self.variables)
        return [
            name for name, layout in LAYOUTS.items() if not isinstance(layout, ByFreeEntries) or layout.rows in forms
        ]

    def vech(self, rows: str = "vech") -> Derivative:
        """The derivative by the free entries of a symmetric S, those on and below the diagonal, as vech(S) stacks them.

        Args:
            rows: of a symmetric F, whether they count `vech` F or `vec` F.

        Returns:
            For a scalar the column D(n)'*vec(G), and by two variables D(n)'*H*D(n); else ∂vec F/∂(vech S)' = J*D(n),
            or ∂vech F/∂(vech S)' = L(n)*J*D(n) for a symmetric F.  Its code gives a vector or a matrix.

        Raises:
            RequestError: a variable is not symmetric.

        >>> from closedform import derivative, parse
        >>> S = {"shapes": {"S": ("n", "n")}, "properties": {"S": ["spd"]}}
        >>> print(derivative(parse("logdet(S)", **S), "S").vech())
        D(n)'*vec(inv(S))
        >>> print(derivative(parse("inv(S)", **S), "S").vech())
        -L(n)*kron(inv(S), inv(S))*D(n)
        """
        if rows not in ("vech", "vec"):
            raise RequestError(f"rows count vech or vec, not {rows!r}"[:100])
        return self.in_layout("vech" if rows == "vech" else "vec-vech")

    def layouts(self) -> list[Row]:
        """The answer in every layout: its shape, its formula, and who uses it."""
        return [Row(D.layout, D.shape, D.text, LAYOUTS[D.layout].users) for D in self.in_layouts()]

    @property
    def is_array(self) -> bool:
        """Whether an entry has more than two indices."""
        return self._last.stacked

    # other forms

    @property
    def tensor(self) -> Tensor:
        """The array of derivatives as a sum of indexed products: axes of the function, then of each variable.

        Raises:
            TooLarge: written out, it has too many products.
        """
        if isinstance(self._lowered, TooLarge):
            raise self._lowered
        return self._lowered

    @cached_property
    def _lowered(self) -> Tensor | TooLarge:
        """The array, or why there is none: that is raised when it is asked for."""
        try:
            structures = [s.structure for s in self.stages]
            return derive_tensor(self.function.expr, self.variables, structures, self._last.known)
        except TooLarge as reason:
            return reason

    @cached_property
    def _array(self) -> Tensor:
        t = self.tensor
        if self.arrangement.axes != "input":
            return t
        n = len(t.free) - t.groups[-1]
        return Tensor(t.free[n:] + t.free[:n], (t.groups[-1], *t.groups[:-1]), t.products)

    def index(self) -> str:
        """Index notation: an entry, with repeated indices summed over."""
        return index_text(self.tensor, show=present)

    def vec(self) -> str:
        """∂vec F/∂(vec X)' in the text syntax, with Kronecker products and commutation matrices K(m,n)."""
        last = self._last
        return text(present(last.answer if last.stacked else compact(stacked_derivative(last.function, last.variable))))

    def operator(self) -> str:
        """The linear map itself, dX -> dF."""
        x = self._last.variable
        dF = compact(differential(self._last.function, [x]))
        return f"d{x.data.name} -> {text(present(dF))}"

    def written_out(self, size: int = 2, /, **sizes: int) -> WrittenOut:
        """Every entry as a formula in the entries of the variables, at small sizes, and checked there.

        An array of more than two axes is shown in slices, one for each entry of the variable.

        Args:
            size: of every dimension that is not named.
            sizes: of dimensions by name.

        Raises:
            RequestError: not a dimension of the derivative, or not a size.
            TooLarge: there are more than 400 entries, or they are too long to write down.

        >>> from closedform import derivative, parse
        >>> print(derivative(parse("x'*A*x"), "x").written_out(n=2))
        [2*A_11*x_1 + x_2*(A_12 + A_21), 2*A_22*x_2 + x_1*(A_12 + A_21)]
        """
        from closedform.written.questions import written_out

        array = self._last.stacked and not self.free
        matrix = self._last.answer if array else self.expr
        return written_out(self.function, self.variables, matrix, array, size, sizes)

    @property
    def has_routes(self) -> bool:
        """Whether it is a first derivative by a variable that is neither symmetric nor diagonal."""
        from closedform.written.questions import has_routes

        return has_routes(self.variables)

    def routes(self, size: int = 2, /, at: Mapping[str, Any] | None = None, **sizes: int) -> Routes:
        """Two routes to the array ∂F_ij/∂X_kl, and that they agree: stack the partials, or flatten and reshape.

        Args:
            size: of every dimension that is neither named nor shown by a value.
            at: values of the variables to compare at, as the compiled derivative takes them; by default random ones.
            sizes: of dimensions by name.

        Raises:
            RequestError: a second derivative, a symmetric or diagonal variable, or values that do not fit.
            TooLarge: there are more than 400 entries, or they are too long to write down.
            VerificationError: the routes differ; a bug of closedform.

        >>> from closedform import derivative, parse
        >>> print(derivative(parse("x*x'"), "x").routes(n=2).jacobian)
        [[2*x_1, 0],
         [x_2,   x_1],
         [x_2,   x_1],
         [0,     2*x_2]]
        """
        from closedform.written.questions import both_routes

        return both_routes(self.function, self.variables, at, size, sizes)

    def at(self, /, *values: Any, **named: Any) -> Any:
        """The numbers at these values of the variables: what the compiled derivative returns.

        >>> from closedform import derivative, parse
        >>> derivative(parse("x'*x"), "x").at([1, 2])
        array([2., 4.])
        """
        return self.compile()(*values, **named)

    def entries(self, **sizes: int) -> int:
        """How many numbers the derivative has at these sizes; in bytes, as float64, eight times that.

        >>> from closedform import derivative, parse
        >>> f = parse("A*X*B", shapes={"A": ("m", "m"), "X": ("m", "n"), "B": ("n", "n")})
        >>> derivative(f, "X").entries(m=60, n=60)
        12960000
        """
        total = 1
        for d in self._dims():
            total *= d.value(sizes)
        return total

    def _dims(self) -> list[Dim]:
        parts = (self.function.expr, *self.variables)
        return [d for e in parts for d in e.shape]

    # how it is derived

    def steps(self, lang: str = "en", level: str = "brief", route: str = "differentials", **sizes: int) -> Derivation:
        """The derivation, one named rule at a time, every line checked by value.

        Args:
            lang: the language of the sentences: en, ko or zh.
            level: `brief` for a reader who knows the rules, `full` for a beginner.
            route: how df is found: `differentials`, by their rules; `expansion`, from f(X + dX) − f(X); `entries`, for
                a scalar function, from its sums written out at a small size.
            sizes: of dimensions, for the route by entries; 2 by default.

        Raises:
            RequestError: no such language, level or route.
            TooLarge: a derivation or an expansion is too long to be read, or there are too many entries.
            NotSupported: an operation has no rule for a derivation.

        >>> from closedform import derivative, parse
        >>> for step in derivative(parse("x'*A*x"), "x").steps():
        ...     print(step.head, "=", step.after)
        df = d(x'*A*x)
        df = dx'*A*x + x'*A*dx
        df = x'*A*dx + x'*A'*dx
        df = x'*(A + A')*dx
        ∂f/∂x = (A + A')*x
        """
        if route == "entries":
            from closedform.written.telling import by_entries

            first, *more = self.stages
            if more:
                raise RequestError("the route by entries is for a first derivative")
            return by_entries(self.function, first.variable, first.answer, language(lang), 2, sizes)
        from closedform.derivation.telling import derivation

        as_it_is = self.arrangement.axes or self.expr is self._last.answer
        return derivation(self.stages, None if as_it_is else (self.layout, self.shown), lang, level, route)

    # where it is valid, and that it is right

    @property
    def conventions(self) -> list[str]:
        """What was chosen where authors differ, one sentence each."""
        if self.free:
            return list(dict.fromkeys(BY_FREE_ENTRIES.format(x.data.name) for x in self.variables))
        said = [s.structure.doc.format(s.variable.data.name) for s in self.stages if s.structure is not None]
        return list(dict.fromkeys(said))

    @cached_property
    def conditions(self) -> list[str]:
        """Where the answer is valid, beyond what was declared."""
        return conditions(normal(self.function.expr), self._last.answer, lambda e: text(present(e)))

    @cached_property
    def _report(self) -> Report:
        from closedform.verification.numeric import check, merged

        report = merged(self._of_every_stage(check))
        for what, error in self._differences():
            if error > report.tolerance:
                raise VerificationError(f"{what} differs from the derivative (relative error {error:.1e}); {REPORT_IT}")
        return replace(report, certificate=self._certificate())

    def _of_every_stage(self, judge: Callable[..., T]) -> list[T]:
        """What a judge says of every derivative on the way, arranged as the engine has it, and by free entries."""
        found = []
        for s in self.stages:
            layout = "vec" if s.stacked else "gradient"
            found.append(judge(s.function, s.variable, s.answer, layout, by_entries=s.structure is BY_ENTRIES))
        return found + [judge(s.function, s.variable, s.answer, "vech") for s in self.free]

    def _certificate(self) -> Certificate | NoTest:
        """The exact test of every stage, of what is printed, and of the array."""
        from closedform.verification.exact import derivative_claim, laid_out, prove, settled
        from closedform.verification.tensor import tensor_claim

        claims = self._of_every_stage(derivative_claim)
        if not self.arrangement.axes:
            claims.append(laid_out(self._printed, (self.free or self.stages)[-1].answer, self.arrangement.name))
        if self._last.stacked and isinstance(self._lowered, Tensor):
            claims.append(tensor_claim(self._lowered, self._last.answer))
        return settled(prove(*claims))

    def _differences(self) -> list[tuple[str, float]]:
        """How far what is shown is from what was checked: the text, read as a user would, and the array."""
        from closedform.verification.sample import difference
        from closedform.verification.tensor import tensor_difference

        found = [] if self.arrangement.axes else [("the printed formula", difference(self._printed, self.expr))]
        if self._last.stacked and isinstance(self._lowered, Tensor):
            found.append(("the array", tensor_difference(self._lowered, self._last.answer)))
        return found

    def check(self) -> Report:
        """Compare with an independent evaluation of the function, numerically and in a prime field; read the text back.

        Raises:
            VerificationError: the answer is wrong; it is a bug of closedform.
            DomainError: no point was found where the function is defined.
        """
        return self._report

    @cached_property
    def _printed(self) -> Expr:
        """What the text says, read as a user would."""
        names = {s.data.name: s for s in symbols(self.expr)}
        leaves = [e for e in topological([self.function.expr]) if not e.args]
        sizes = {n for e in leaves for d in (*e.shape, *([e.data] if e.op.name == "dim" else [])) for n in d.names}
        sizes |= {n for x in self.variables for d in x.shape for n in d.names}
        try:
            read = parse(
                self.text,
                shapes={name: s.shape for name, s in names.items()},
                properties={name: sorted(s.data.properties) for name, s in names.items()},
                functions=abstract_functions(self.function.expr, self.expr),
                dims=sorted(sizes - names.keys()),
            )
        except TooLarge:
            message = f"the answer has {len(self.text)} characters, too many to be read back, so it was not checked"
            raise TooLarge(message) from None
        return read.expr

    # code

    def compile(
        self,
        backend: str = "numpy",
        *,
        limit: int | None = None,
        dtype: str = "float64",
        batch: Collection[str] = (),
        value_and_grad: bool = False,
        compressed: bool = False,
    ) -> Callable[..., Any]:
        """A function of arrays that gives the numbers, or the compressed derivative.

        Args:
            backend: what it runs on: numpy, numba, jax, torch or dask.
            limit: bytes that a call may take beside its arguments; by default what the machine has left.
            dtype: the precision: float64, float32, or, in NumPy, longdouble.
            batch: variables that come with one more axis in front, for many points at once.
            value_and_grad: whether it gives the value and every derivative up to this one as a tuple; what they
                share is computed once.
            compressed: whether it gives a `Compressed`, which multiplies and solves without being formed.

        Raises:
            RequestError: no such back-end, precision or variable, or its library is not installed; a compressed
                derivative with other wishes.
            TooLarge: written out, the compressed derivative has too many products.

        >>> from closedform import derivative, parse
        >>> derivative(parse("x'*x"), "x").compile(value_and_grad=True)(x=[3, 4])
        (25.0, array([6., 8.]))
        """
        if compressed:
            if value_and_grad or batch or (backend, dtype) != ("numpy", "float64"):
                raise RequestError("a compressed derivative comes alone, from NumPy in float64")
            return self.compressed.function(self.arguments, limit)
        if not value_and_grad:
            return super().compile(backend, limit=limit, dtype=dtype, batch=batch)
        from closedform.program.compile import compile

        outputs = [self.function.expr, *[d.output for d in self._every_order()]]
        return compile(outputs, self.arguments, backend, limit=limit, what=self._what, dtype=dtype, batch=batch)

    def _every_order(self) -> list[Derivative]:
        """The derivatives on the way to this one, and this one."""
        layouts = ["vec" if s.stacked else "gradient" for s in self.stages[:-1]]
        before = [Derivative(self.function, self.stages[: n + 1], name) for n, name in enumerate(layouts)]
        return [*before, self]

    _name = "derivative"

    @property
    def output(self) -> Output:
        if self._last.stacked and not self.free:
            return self.tensor
        return self.expr if self.free else self._last.answer

    @cached_property
    def compressed(self) -> Form:
        """The derivative as a sum of products of small arrays, and what they are.

        Raises:
            TooLarge: written out, it has too many products.

        >>> from closedform import derivative, parse
        >>> f = parse("norm2(T - U*V')^2", shapes={"T": ("m", "n"), "U": ("m", "k"), "V": ("n", "k")})
        >>> derivative(f, "U", "U").compressed.describe(m=200, k=10)
        'J_ijkl = 2*delta_ik*V_mj*V_ml: 100 numbers instead of 4,000,000'
        """
        from closedform.program.compress import form, tensor_of_matrix

        x, output = self._last.variable, self.output
        columns = sum(d is not ONE for d in (self.expr.shape[1:] if self.free else x.shape))
        t = output if isinstance(output, Tensor) else tensor_of_matrix(output, columns)
        twice = len(self.variables) == 2 and self.variables[0] is self.variables[1]
        return form(t, symmetric=twice and self.function.expr.is_scalar)

    @property
    def _what(self) -> str:
        """What the code gives back, in a word."""
        orders = len(self.variables)
        if self.function.expr.is_scalar and orders <= 2:
            return ("gradient", "Hessian")[orders - 1]
        return "Jacobian" if orders == 1 else "derivative"

    def code(self, backend: str = "numpy") -> str:
        from closedform.program.compile import code
        from closedform.program.languages import language_named

        array = self.is_array and not self.free
        if array and language_named(backend).matrices:
            return code(self._last.answer, self._name, self.arguments, backend, self._stacking())
        return super().code(backend)

    def _stacking(self) -> str:
        """What the matrix is that stands for an array."""
        *before, last = [x.data.name for x in self.variables]
        if not before:
            return f"d vec(F) / d vec({last})' = "
        return f"d vec(G) / d vec({last})', where G is the derivative by {', then '.join(before)} = "

    def as_dict(self, lang: str = "en", level: str = "brief") -> dict[str, Any]:
        """Every field, ready for JSON; None for what an abstract function does not allow or no one could read.

        Args:
            lang: the language of the steps.
            level: their detail.
        """
        return {
            "function": text(self.function.expr),
            "variables": [x.data.name for x in self.variables],
            "text": self.text,
            "unicode": self.unicode(),
            "latex": self.latex(),
            "shape": list(self.shape),
            "layout": self.layout,
            "operator": self.operator(),
            "index": _if_supported(self.index),
            "conditions": self.conditions,
            "conventions": self.conventions,
            "inferred": list(self.function.notes),
            "code": {name: _if_supported(partial(self.code, name)) for name in LANGUAGES},
            "steps": _if_supported(lambda: self.steps(lang, level).as_dict()),
            "check": self.check().as_dict(),
        }


def _arranged(stage: Stage, arrangement: Arrangement) -> Expr:
    """The answer in its layout."""
    arranged = arrangement.matrix(stage.answer)
    return arranged if arranged is stage.answer else compact(arranged)


def _if_supported(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except (NotSupported, TooLarge):
        return None
