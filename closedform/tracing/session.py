"""One run of a traced function: how much it may do, and what was refused in it.

A refusal is remembered: user code that catches every exception must not turn it into another formula.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

from closedform.errors import ClosedFormError, NotSupported, TooLarge

LARGEST = 2000  #: operations in one function


@dataclass
class Session:
    """The state of one run.

    Attributes:
        locate: gives an error its place in the program that is running.
        operations: performed so far.
        refusal: the first error of ours that was raised in it.
    """

    locate: Callable[[ClosedFormError], object]
    operations: int = 0
    refusal: ClosedFormError | None = None


SESSION: ContextVar[Session | None] = ContextVar("SESSION", default=None)


def refused(error: ClosedFormError) -> ClosedFormError:
    """The error with its place in the program, remembered; to be raised."""
    session = SESSION.get()
    if session is not None and session.refusal is None:
        session.locate(error)
        session.refusal = error
    return error


def count() -> None:
    """One more operation.

    Raises:
        TooLarge: there are more than `LARGEST`.
    """
    session = SESSION.get()
    if session is not None:
        session.operations += 1
        if session.operations > LARGEST:
            raise refused(TooLarge(f"the function performs more than {LARGEST} operations"))


def not_understood(name: str, hint: str | None = None) -> ClosedFormError:
    return refused(NotSupported(f"{name} is not understood in a traced function", hint=hint))
