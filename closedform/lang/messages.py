"""Sentences that are made deep in the package, in the language of a reader.

The engine speaks English and knows of no other language.  A catalogue's section [messages] maps an English sentence
with `{facts}` in braces to its translation; a sentence is matched against these templates, the one with the longest
literal text first, and its facts are put into the translation.  What is inside braces stays, with two exceptions: a
fact whose name begins with `kind` is a word that the section [words] may translate, and `{s}` is the ending of an
English plural.

Matching looks for the literal pieces from left to right, each once: its time is linear in the sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from string import Formatter

from closedform.errors import ClosedFormError
from closedform.lang import MESSAGES, WORDS, catalogue, sections


@dataclass(frozen=True, slots=True)
class Template:
    """An English sentence with facts, and what it is in another language.

    Attributes:
        literals: the text before, between and after the facts; one more than there are facts.
        names: of the facts, in the order of the English sentence; one that occurs twice is the same both times.
        said: the translation, with the same names in braces.
    """

    literals: tuple[str, ...]
    names: tuple[str, ...]
    said: str

    @property
    def weight(self) -> int:
        """How much of the sentence is text."""
        return sum(map(len, self.literals))

    def facts(self, sentence: str) -> dict[str, str] | None:
        """The facts of a sentence that has this form; None for any other.

        >>> template("{name} takes {n} argument{s}", "").facts("kron takes 2 arguments")
        {'name': 'kron', 'n': '2'}
        """
        if not self.names:
            return {} if sentence == self.literals[0] else None
        first, *between, last = self.literals
        at, end = len(first), len(sentence) - len(last)
        if end < at or not sentence.startswith(first) or not sentence.endswith(last):
            return None
        found: dict[str, str] = {}
        for name, literal in zip(self.names, [*between, ""], strict=True):
            to = sentence.find(literal, at, end) if literal else end
            fact = sentence[at:to]
            if to < 0 or (fact not in ("", "s") if name == "s" else found.setdefault(name, fact) != fact):
                return None
            at = to + len(literal)
        return found


def template(english: str, said: str) -> Template:
    """The record of an entry of [messages]."""
    literals, names = [""], []
    for literal, name, _, _ in Formatter().parse(english):
        literals[-1] += literal
        if name is not None:
            names.append(name)
            literals.append("")
    return Template(tuple(literals), tuple(names), said)


@cache
def templates(lang: str) -> tuple[Template, ...]:
    """The templates of a language, the most particular one first; none of English."""
    entries = sections(lang).get(MESSAGES, {}).items()
    return tuple(sorted((template(english, said) for english, said in entries), key=lambda t: -t.weight))


def translated(lang: str, sentence: str) -> str:
    """An English sentence of the package in a language; as it is where the catalogue has no template for it.

    Args:
        lang: one of `LANGUAGES`.
        sentence: a message, hint, note, condition or convention.

    Raises:
        RequestError: no such language.

    >>> translated("zh", "X is a column of n entries"), translated("en", "division by zero")
    ('X 是有 n 个元素的列向量', 'division by zero')
    """
    for t in templates(lang):
        facts = t.facts(sentence)
        if facts is not None:
            return t.said.format(**dict(_in_words(facts, sections(lang).get(WORDS, {}))))
    return sentence


def told(error: ClosedFormError, lang: str) -> str:
    """An error with its excerpt and hint, in a language."""
    said = catalogue(lang)
    words = {key: said[f"cli.{key}"] for key in ("shapes", "comma", "hint")}
    return error.told(partial(translated, lang), **words)


def _in_words(facts: Mapping[str, str], words: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, fact in facts.items():
        yield name, words.get(fact, fact) if name.startswith("kind") else fact
