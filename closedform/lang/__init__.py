"""What closedform says to a reader, in the reader's language: one catalogue, one file, per language.

A catalogue is a table of sentences, `section.key`, with `{facts}` in braces; formulas are facts and are the same in
every language.  English is the complete one: a test holds the others to its keys and facts.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from closedform.errors import RequestError

HOME = Path(__file__).parent
LANGUAGES = ("en", *sorted(p.stem for p in HOME.glob("*.toml") if p.stem != "en"))  #: English first


def language(name: str) -> str:
    """The name of a language that is spoken.

    Raises:
        RequestError: there is no catalogue for it.

    >>> language("ko")
    'ko'
    """
    if name not in LANGUAGES:
        raise RequestError(f"no such language: {name[:40]!r}", hint="one of " + ", ".join(LANGUAGES))
    return name


@cache
def catalogue(lang: str) -> dict[str, str]:
    """Every sentence of a language by `section.key`.

    Raises:
        RequestError: there is no catalogue for it.
    """
    sections = tomllib.loads((HOME / f"{language(lang)}.toml").read_text(encoding="utf-8"))
    return {f"{section}.{key}": said for section, table in sections.items() for key, said in table.items()}


def say(lang: str, key: str, **facts: object) -> str:
    """A sentence in a language.

    Args:
        lang: one of `LANGUAGES`.
        key: `section.key`.
        facts: what stands in braces; formulas, names, numbers.

    Raises:
        RequestError: no such language.
        KeyError: no such sentence, or a fact is missing; a bug of ours.

    >>> say("en", "language.name")
    'English'
    """
    return catalogue(lang)[key].format(**facts)
