"""The command `closedform check`: read statements, judge them, print the verdicts.

Exit codes: 0, no statement is false; 1, one is; 2, a mistake of the user, also one in a line of a file; 130, stopped.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from closedform import view
from closedform.cli import render
from closedform.cli.command import USAGE, fail
from closedform.errors import ClosedFormError, RequestError, VerificationError
from closedform.lang import say
from closedform.lang.messages import told, translated

if TYPE_CHECKING:
    from closedform.identity.verdict import Verdict

FALSE, STOPPED = 1, 130
LARGEST_FILE = 10**6  #: bytes
LABEL = {"en": 11, "ko": 11, "zh": 11}  #: columns of the labels
STYLES = {"true": "green", "conditional": "yellow", "ambiguous": "yellow", "false": "red", "error": "red"}


@dataclass(frozen=True)
class Question:
    """A statement of a file or of the command line: its text, its declarations, its line."""

    statement: str
    let: tuple[str, ...]
    line: int = 0


@dataclass(frozen=True)
class Answer:
    """What became of a question."""

    question: Question
    verdict: Verdict | None = None
    error: ClosedFormError | None = None

    @property
    def name(self) -> str:
        return self.verdict.verdict if self.verdict else "error"

    def as_dict(self, lang: str) -> dict[str, Any]:
        fields = {"line": self.question.line} if self.question.line else {}
        if self.verdict:
            return fields | self.verdict.as_dict(lang)
        assert self.error is not None
        return fields | {"statement": self.question.statement, "error": view.error_fields(self.error, lang)}


def check(
    ctx: typer.Context,
    statements: Annotated[list[str] | None, typer.Argument(show_default=False)] = None,
    let: Annotated[list[str] | None, typer.Option()] = None,
    file: Annotated[Path | None, typer.Option(show_default=False)] = None,
    lang: Annotated[str | None, typer.Option(show_default=False)] = None,
    json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Whether statements are true."""
    spoken: str = ctx.obj  # set by Command
    try:
        questions = [Question(s, tuple(let or ())) for s in statements or []]
        questions += _of_file(file, tuple(let or ())) if file else []
        if not questions:
            raise RequestError("there is nothing to check", hint='write closedform check "left = right"')
        if len(questions) == 1 and not file:
            answers, total = [Answer(questions[0], _judged(questions[0]))], 1
        else:
            answers, total = _all(questions), len(questions)
    except KeyboardInterrupt:
        raise typer.Exit(STOPPED) from None
    except ClosedFormError as error:
        fail(error, spoken, as_json=json)
    _print(answers, total, spoken, file is not None, json)
    if code := _exit_code(answers, total):
        raise typer.Exit(code)


def _judged(q: Question) -> Verdict:
    from closedform.identity.questions import check
    from closedform.syntax.declare import declarations

    return check(q.statement, *declarations(q.let), infer=True)


def _all(questions: list[Question]) -> list[Answer]:
    """An answer for every question, an error included; those so far when the user stops it."""
    answers: list[Answer] = []
    with _progress(len(questions)) as advance:
        try:
            for q in questions:
                try:
                    answers.append(Answer(q, _judged(q)))
                except VerificationError:
                    raise
                except ClosedFormError as error:  # a row of the table, and exit code 2
                    answers.append(Answer(q, error=error))
                advance()
        except KeyboardInterrupt:
            pass  # what is done is printed, and the exit code says that it was stopped
    return answers


@contextmanager
def _progress(total: int) -> Iterator[Any]:
    """A bar on stderr, on a terminal and for long runs only."""
    if total < 10 or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)


def _exit_code(answers: list[Answer], total: int) -> int:
    names = {a.name for a in answers}
    if len(answers) < total:
        return STOPPED
    return FALSE if "false" in names else USAGE if "error" in names else 0


# ----------------------------------------------------------------------------------------------------------- files


def _of_file(file: Path, let: tuple[str, ...]) -> list[Question]:
    """The statements of a file; `let …` declares for the lines below it, `; …` for its own line.

    Raises:
        RequestError: it cannot be read.
    """
    try:
        with file.open("rb") as stream:  # no more is read: /dev/zero has no end, and says that its size is 0
            read = stream.read(LARGEST_FILE + 1)
        if len(read) > LARGEST_FILE:
            raise RequestError(f"{file.name} has more than {LARGEST_FILE} bytes")
        text = read.decode("utf-8")
    except OSError as error:
        raise RequestError(f"{str(file)[:200]} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise RequestError(f"{str(file)[:200]} is no text in UTF-8") from None
    found: list[Question] = []
    for number, line in enumerate(text.splitlines(), 1):
        content = line.partition("#")[0].strip()
        if content == "let" or content.startswith("let "):
            let = _with(let, content[3:])
        elif content:
            statement, _, own = content.partition(";")
            found.append(Question(statement.strip(), _with(let, own), number))
    return found


def _with(let: tuple[str, ...], own: str) -> tuple[str, ...]:
    """Declarations and further ones, which replace those of the same names."""
    own = own.strip().removeprefix("let ")
    if not own:
        return let
    names = {n.strip() for entry in own.split(";") for n in entry.partition(":")[0].split(",")}
    kept = []
    for entry in ";".join(let).split(";"):
        head, colon, rest = entry.partition(":")
        left = [n for n in head.split(",") if n.strip() not in names]
        if colon and left:
            kept.append(",".join(left) + ":" + rest)
    return (*kept, own)


# ----------------------------------------------------------------------------------------------------------- output


def _print(answers: list[Answer], total: int, lang: str, is_file: bool, json: bool) -> None:
    if json:
        data = [a.as_dict(lang) for a in answers]
        typer.echo(render.json(data if is_file or total > 1 else data[0]))
        return
    for a in answers:
        render.lines(_table_row(a, lang) if is_file else _whole(a, lang))
    if total > 1:
        render.lines(_summary(answers, total, lang))


def _whole(a: Answer, lang: str) -> Iterator[render.Line]:
    """The verdict, then everything that is known about it."""
    if a.verdict is None:
        yield from _table_row(a, lang)
        return
    (_, first), *facts = a.verdict.lines(lang)
    yield STYLES[a.name], first
    for label, said in facts:
        yield "", f"  {render.padded(label, LABEL[lang])}{said}"
    if a.verdict.inferred:
        notes = say(lang, "cli.semicolon").join(translated(lang, n) for n in a.verdict.inferred)
        yield "dim", f"  {render.padded(say(lang, 'verdict.label_inferred'), LABEL[lang])}{notes}"


def _table_row(a: Answer, lang: str) -> Iterator[render.Line]:
    """One line for a true statement, and the reason below any other."""
    number = f"{a.question.line:>4}  " if a.question.line else ""
    if a.verdict is None:
        assert a.error is not None
        yield STYLES["error"], f"{number}! {say(lang, 'verdict.label_error')}  {a.question.statement}"
        for line in told(a.error, lang).split("\n"):
            yield "", f"{'':{len(number) + 2}}{line}"
        return
    (_, first), *_ = a.verdict.lines(lang)
    yield STYLES[a.name], f"{number}{first}"
    if a.name != "true":
        kept = {say(lang, f"verdict.label_{key}") for key in ("because", "read", "if", "example", "correct")}
        for label, said in a.verdict.lines(lang):
            if label in kept:
                yield "", f"{'':{len(number) + 2}}{render.padded(label, LABEL[lang])}{said}"


def _summary(answers: list[Answer], total: int, lang: str) -> Iterator[render.Line]:
    names = [a.name for a in answers]
    counts = {name: names.count(name) for name in STYLES}
    yield "", ""
    yield "", say(lang, "verdict.summary", total=len(answers), **counts)
    if len(answers) < total:
        yield "yellow", say(lang, "verdict.stopped", done=len(answers), total=total)
