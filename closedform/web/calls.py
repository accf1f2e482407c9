"""The calls: what a program may ask, with its fields, an example, and how it is answered.

One table drives the JSON API, its OpenAPI description, the tools for agents, and what the pages read from their links.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from closedform import view
from closedform.calculus.layout import LAYOUTS
from closedform.derivation.telling import LEVELS
from closedform.errors import ClosedFormError, Malformed, TooLarge, VerificationError
from closedform.lang import LANGUAGES

Fields = dict[str, Any]
ROUTES = ("differentials", "expansion", "entries")
LONGEST = 10_000  #: characters of a field; the parsers have the same limit
MOST = 8  #: variables of one derivative


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a request.

    Attributes:
        doc: for people and for agents.
        default: what it is when it is not given; None if it has to be, unless it is `optional`.
        choices: what it may be; any text if empty.
        many: whether it is a list of texts; one text alone is a list of one.
        optional: whether it may be missing without a default.
    """

    doc: str
    default: Any = None
    choices: tuple[str, ...] = ()
    many: bool = False
    optional: bool = False

    def taken(self, name: str, given: Any) -> Any:
        """The value of the field.

        Raises:
            Malformed: not a text, not a list of them, or none of the choices.
        """
        if self.many:
            given = [given] if isinstance(given, str) else given
            if not isinstance(given, list) or not given or not all(isinstance(g, str) for g in given):
                raise Malformed(f"the field {name} is a list of texts")
            if len(given) > MOST:
                raise Malformed(f"the field {name} has more than {MOST} texts")
            return given
        if not isinstance(given, str):
            raise Malformed(f"the field {name} is a text")
        if len(given) > LONGEST:
            raise TooLarge(f"the field {name} has more than {LONGEST} characters")
        if self.choices and given not in self.choices:
            raise Malformed(
                f"the field {name} has no such value: {given[:40]!r}", hint="one of " + ", ".join(self.choices)
            )
        return given


FUNCTION = Field('the function, as text such as "norm2(X*w - y)^2" or as LaTeX')
BY = Field("the variable to differentiate by; two for a second derivative", many=True)
LET = Field(
    'declarations such as "A: matrix(n,n) symmetric; x: vector(n)"; shapes that are not declared are inferred', ""
)
LAYOUT = Field("the layout convention; by default gradient, or vec for more than two indices",
               choices=(*LAYOUTS, view.ALL), optional=True)  # fmt: skip
SYMMETRIC = Field("by a symmetric matrix: sym(G), or G + G' - diag(G)", "projected", ("projected", "entries"))
LANG = Field("the language of sentences", "en", LANGUAGES)
LEVEL = Field("of the derivation: brief, or full for a beginner", LEVELS[0], LEVELS)
ROUTE = Field("how df is found", ROUTES[0], ROUTES)
STATEMENT = Field("left = right; a side is an expression, d(f)/dX, or a differential d(F)")
MINE = Field("an answer to be judged; several lines are separated by newlines")

QUESTION = {"f": FUNCTION, "by": BY, "let": LET, "layout": LAYOUT, "symmetric": SYMMETRIC, "lang": LANG}


@dataclass(frozen=True, slots=True)
class Call:
    """A call.

    Attributes:
        doc: what it does.
        fields: of the request, by name.
        answer: the fields, read, to the answer.
        example: a request.
    """

    doc: str
    fields: Mapping[str, Field]
    answer: Callable[[Fields], Fields]
    example: Fields

    def read(self, given: Any) -> Fields:
        """The fields of a request, every one with its value.

        Raises:
            Malformed: it is no object, or a field is missing, unknown or of the wrong type.
        """
        if not isinstance(given, dict):
            raise Malformed("a request is a JSON object")
        unknown = sorted(given.keys() - self.fields.keys())
        if unknown:
            raise Malformed(f"no such field: {unknown[0][:40]!r}", hint="the fields are " + ", ".join(self.fields))
        read: Fields = {}
        for name, field in self.fields.items():
            value = given.get(name)
            if value is None and field.default is None and not field.optional:
                raise Malformed(f"the field {name} is missing")
            read[name] = field.default if value is None else field.taken(name, value)
        return read


def derivative(q: Fields) -> Fields:
    """Every field of the answer; the table of layouts for the layout `all`."""
    D = view.answered(q["f"], q["by"], [q["let"]], q["layout"], q["symmetric"])
    return D.as_dict(q["lang"], q["level"]) | (view.layouts_as_data(D) if q["layout"] == view.ALL else {})


def steps(q: Fields) -> Fields:
    """The derivation, and the answer."""
    D = view.answered(q["f"], q["by"], [q["let"]], q["layout"], q["symmetric"])
    told = D.steps(q["lang"], q["level"], q["route"])
    return {"text": D.text, "verdict": told.verdict, "latex": told.latex()} | told.as_dict()


def check(q: Fields) -> Fields:
    """The verdict on a statement."""
    from closedform.identity.questions import check
    from closedform.syntax.declare import declarations

    return check(q["statement"], *declarations(q["let"]), infer=True).as_dict(q["lang"])


def judge(q: Fields) -> Fields:
    """The judgement on an answer."""
    from closedform.identity.questions import judge
    from closedform.syntax.declare import declarations
    from closedform.syntax.text import parse

    f = parse(q["f"], *declarations(q["let"]), infer=True)
    return judge(f, q["by"], q["mine"], layout=q["layout"]).as_dict(q["lang"])


CALLS = {
    "derivative": Call(
        "The derivative of a function in closed matrix notation, checked, with LaTeX, code, derivation and conditions.",
        QUESTION | {"level": LEVEL},
        derivative,
        {"f": "norm2(X*w - y)^2", "by": ["w"]},
    ),
    "steps": Call(
        "The derivation, one named rule at a time, every line checked.",
        QUESTION | {"level": LEVEL, "route": ROUTE},
        steps,
        {"f": "tr(A*X*B)", "by": ["X"], "lang": "en"},
    ),
    "check": Call(
        "Whether a statement of matrix calculus is true, under which conditions and in which layouts; else a "
        "counterexample and the right formula.",
        {"statement": STATEMENT, "let": LET, "lang": LANG},
        check,
        {"statement": "d(x'*A*x)/dx = 2*A*x"},
    ),
    "judge": Call(
        "Whether an answer to a question is right; else what went wrong.",
        {k: v for k, v in QUESTION.items() if k != "symmetric"} | {"mine": MINE},
        judge,
        {"f": "norm2(A*x - y)^2", "by": ["x"], "mine": "2*A*(A*x - y)"},
    ),
}

STATUS: tuple[tuple[type[ClosedFormError], int], ...] = (  #: of an error, the first that fits
    (Malformed, 400),
    (TooLarge, 413),
    (VerificationError, 500),
    (ClosedFormError, 422),
)


def status_of(error: ClosedFormError) -> int:
    """What HTTP calls an error.

    >>> status_of(TooLarge("too long")), status_of(Malformed("no field"))
    (413, 400)
    """
    return next(status for kind, status in STATUS if isinstance(error, kind))
