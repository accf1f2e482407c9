"""The page `docs/corpus.md`, written from the outcomes: `python -m tests.corpus.page`."""

from __future__ import annotations

from pathlib import Path

from tests.corpus.count import operations
from tests.corpus.outcome import Outcome, outcomes

PAGE = Path(__file__).parent.parent.parent / "docs" / "corpus.md"


def longer() -> list[Outcome]:
    """The answers with more operations than the author's formula."""
    return [o for o in outcomes() if o.text and o.case["expected"] and o.operations > operations(o.case["expected"])]


def page() -> str:
    """The figures, what is refused, and where an author is shorter."""
    everything = outcomes()
    answered = [o for o in everything if o.text]
    compared = [o for o in answered if o.case["expected"]]
    exceptions = longer()
    lines = [
        "# The corpus",
        "",
        "Derivatives of functions from textbooks, papers and questions, `tests/data/cases.jsonl`, each compared with what",
        "JAX computes in double precision, as code and as text read back. This page is written by",
        "`python -m tests.corpus.page`, and a test says when it is out of date.",
        "",
        f"- cases: {len(everything)}, without those inside a structured set",
        f"- answered, and right: {len(answered)}",
        f"- with an author's formula: {len(compared)}",
        f"- of these with no more operations than the author's: {len(compared) - len(exceptions)}"
        f" ({1 - len(exceptions) / len(compared):.1%})",
        "",
        "## Refused, by name",
        "",
        "| case | function | why |",
        "| --- | --- | --- |",
        *[f"| {o.case['id']} | `{o.case['expr']}` | {o.refused.splitlines()[0]} |" for o in everything if not o.text],
        "",
        "## Where the author is shorter",
        "",
        "An operation is an operator, a transpose or a function call. Most of these authors use the pseudo-inverse, which",
        "closedform does not introduce, or know something that was not declared.",
        "",
        "| case | ours | author | our formula | author's formula |",
        "| --- | --- | --- | --- | --- |",
        *[
            f"| {o.case['id']} | {o.operations} | {operations(o.case['expected'])} | `{o.text}` | `{o.case['expected']}` |"
            for o in exceptions
        ],
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
