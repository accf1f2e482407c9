"""Every language says everything that English says."""

from __future__ import annotations

from string import Formatter

import pytest

from closedform.errors import RequestError
from closedform.lang import LANGUAGES, catalogue, language

OTHERS = [lang for lang in LANGUAGES if lang != "en"]


def facts(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def test_english_korean_and_chinese_are_spoken():
    assert {"en", "ko", "zh"} <= set(LANGUAGES) and LANGUAGES[0] == "en"


@pytest.mark.parametrize("lang", OTHERS)
def test_a_catalogue_has_the_keys_of_the_english_one(lang):
    assert catalogue(lang).keys() == catalogue("en").keys()


@pytest.mark.parametrize("lang", OTHERS)
def test_a_sentence_states_the_facts_of_the_english_one(lang):
    ours = catalogue(lang)
    plural = {"s"}  # which English alone has
    assert {k: facts(ours[k]) for k in ours} == {k: facts(said) - plural for k, said in catalogue("en").items()}


@pytest.mark.parametrize("lang", OTHERS)
def test_a_sentence_is_translated(lang):
    """But for one that is all facts and signs."""
    same = {k: said for k, said in catalogue("en").items() if catalogue(lang)[k] == said}
    assert not {k: said for k, said in same.items() if any(c.isalpha() for c in _without_facts(said))}


def _without_facts(sentence: str) -> str:
    return "".join(literal for literal, _, _, _ in Formatter().parse(sentence))


def test_an_unknown_language_is_refused_with_those_there_are():
    with pytest.raises(RequestError, match=r"no such language: 'tlh'(.|\n)*one of en, ko, zh"):
        language("tlh")
