"""Every error a user can cause: what is wrong, where, and what would be right.

Each class carries its facts as attributes (span, shapes, hint), so that the command line, JSON and a
page render the same error in their own way.  Imports nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

LINE_LIMIT = 100  #: characters of source shown under a message


class ClosedFormError(Exception):
    """Base of every error that a user's input can cause.

    Args:
        message: what is wrong, in one sentence.
        source: the text the user gave, if there was one.
        span: `(start, end)` character offsets into `source`.
        hint: a change that would work; offered only then.

    >>> print(ClosedFormError("unknown function foo", source="x'*foo(x)", span=(3, 6), hint="did you mean log?"))
    unknown function foo
      x'*foo(x)
         ^^^
    hint: did you mean log?
    """

    def __init__(
        self,
        message: str,
        *,
        source: str | None = None,
        span: tuple[int, int] | None = None,
        hint: str | None = None,
        shapes: Mapping[str, str] | None = None,
    ) -> None:
        self.message, self.source, self.span, self.hint = message, source, span, hint
        self.shapes = dict(shapes or {})
        self.place: str | None = None  #: of the source, when it is a file: its name, the line and the function
        super().__init__(message)

    @property
    def line(self) -> int | None:
        """The line of the span, counted from 1; None when there is no position."""
        if self.source is None or self.span is None:
            return None
        return self.source.count("\n", 0, self.span[0]) + 1

    @property
    def column(self) -> int | None:
        """The column of the span, counted from 1; None when there is no position."""
        if self.source is None or self.span is None:
            return None
        return self.span[0] - (self.source.rfind("\n", 0, self.span[0]) + 1) + 1

    def at(self, source: str, span: tuple[int, int]) -> ClosedFormError:
        """Add a position, unless the error has one already."""
        if self.span is None:
            self.source, self.span = source, span
        return self

    def __str__(self) -> str:
        return self.told()

    def told(
        self,
        said: Callable[[str], str] = str,
        *,
        shapes: str = "{message}: {shapes}",
        comma: str = ", ",
        hint: str = "hint: {hint}",
    ) -> str:
        """The message, the place and the hint; in English, unless other words are given.

        Args:
            said: a sentence to the same one in a reader's language.
            shapes: how the shapes follow the message.
            comma: between two of them.
            hint: what stands around the hint.
        """
        message = said(self.message)
        if self.shapes:
            listed = comma.join(said(f"{name} is {shape}") for name, shape in self.shapes.items())
            message = shapes.format(message=message, shapes=listed)
        place = [f"  {self.place}"] if self.place else []
        return "\n".join(
            [message, *place, *self._excerpt(), *([hint.format(hint=said(self.hint))] if self.hint else [])]
        )

    def _excerpt(self) -> list[str]:
        """The offending line with carets under the span, cut to a readable width."""
        if self.source is None or self.span is None:
            return []
        start, end = self.span
        first = self.source.rfind("\n", 0, start) + 1
        last = self.source.find("\n", start)
        line = self.source[first : last if last >= 0 else len(self.source)]
        at, width = start - first, max(1, min(end - start, len(line) - (start - first)))
        if at > LINE_LIMIT // 2:
            line, at = "…" + line[at - LINE_LIMIT // 2 + 1 :], LINE_LIMIT // 2
        if len(line) > LINE_LIMIT:
            line = line[: LINE_LIMIT - 1] + "…"
        shown = "".join(c if c.isprintable() else "·" for c in line)
        return ["  " + shown, "  " + " " * at + "^" * max(1, min(width, len(shown) - at))]


class SyntaxProblem(ClosedFormError):
    """Text that is not an expression of the syntax."""


class UnknownName(ClosedFormError):
    """A variable that was not declared, or a function that does not exist."""


class DeclarationError(ClosedFormError):
    """A shape or property that cannot be: a symmetric m×n matrix, a variable named like a function."""


class ShapeError(ClosedFormError):
    """Operands whose shapes do not fit.

    >>> print(ShapeError("matrix product needs equal inner dimensions", source="A*B", span=(1, 2),
    ...                  shapes={"A": "m×n", "B": "m×p"}, hint="did you mean A'*B?"))
    matrix product needs equal inner dimensions: A is m×n, B is m×p
      A*B
       ^
    hint: did you mean A'*B?
    """


class RequestError(ClosedFormError):
    """A question that makes no sense: differentiate by a dimension, by nothing, by an integer."""


class Malformed(RequestError):
    """A request by a program or a link that is no question: a field is missing, unknown, or of the wrong type."""


class NotSupported(ClosedFormError):
    """A meaningful question that this version does not answer; the message names what is missing."""


class TooLarge(ClosedFormError):
    """Input or result beyond the stated limits of depth, length or size."""


class DomainError(ClosedFormError):
    """No point was found where the function is defined, so the answer could not be checked."""


class VerificationError(ClosedFormError):
    """The answer differs from an independent evaluation: a bug of ours, never shown as an answer."""
