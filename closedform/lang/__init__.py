"""What closedform says to a reader, in the reader's language: one catalogue, one file, per language.

A catalogue is a table of sentences, `section.key`, with `{facts}` in braces; formulas are facts and are the same in
every language.  English is the complete one: a test holds the others to its keys and facts.  Sentences that the
engine makes are English already; the other catalogues translate them in [messages] and [words] (`lang.messages`).
"""

from __future__ import annotations

import os
import tomllib
from functools import cache
from pathlib import Path

from closedform.errors import RequestError

HOME = Path(__file__).parent
MESSAGES, WORDS = "messages", "words"  #: sections keyed by English sentences, which English itself has not
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


def preferred(*wanted: str | None) -> str:
    """The language to speak: the first that is wanted, that of the environment, English.

    Raises:
        RequestError: it is not spoken.
    """
    return language(next((lang for lang in (*wanted, os.environ.get("CLOSEDFORM_LANG")) if lang), LANGUAGES[0]))


@cache
def sections(lang: str) -> dict[str, dict[str, str]]:
    """The file of a language.

    Raises:
        RequestError: there is no catalogue for it.
    """
    return tomllib.loads((HOME / f"{language(lang)}.toml").read_text(encoding="utf-8"))


def catalogue(lang: str) -> dict[str, str]:
    """Every sentence of a language by `section.key`, but for translated messages.

    Raises:
        RequestError: there is no catalogue for it.
    """
    named = {section: table for section, table in sections(lang).items() if section not in (MESSAGES, WORDS)}
    return {f"{section}.{key}": said for section, table in named.items() for key, said in table.items()}


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
    section, _, name = key.partition(".")
    return sections(lang)[section][name].format(**facts)
