"""Whatever the package says, it says in every language, with the same facts."""

from __future__ import annotations

import ast
import re
import time
from string import Formatter

import pytest

import closedform as cf
from closedform.calculus.conditions import conditions
from closedform.core.expr import OPS
from closedform.errors import ClosedFormError
from closedform.lang import LANGUAGES, MESSAGES, WORDS, sections
from closedform.lang.messages import template, templates, told, translated
from closedform.syntax.latex.commands import REFUSED
from closedform.verification.sample import TEMPERAMENTS
from tests.corpus.cases import bad_rows
from tests.lang.sentences import nodes, sentences
from tests.syntax.test_errors import MISTAKES, SHAPES

OTHERS = [lang for lang in LANGUAGES if lang != "en"]
PROSE = re.compile(r"[A-Za-z]+ [A-Za-z]+ [A-Za-z]+")  #: three words in a row
ARTICLE = re.compile(r"(?<![\w(])(a|an|the|is|of|and|or|not|for) (?=[A-Za-z])")
FORMULA = re.compile(r"⟦0⟧ [≠>] 0|-1 < ⟦0⟧ < 1|(det|cos)\(⟦0⟧\) ≠ 0")
BOOKS = ("The Matrix Cookbook", "Mathematics for Machine Learning")
SHAPE_LISTS = ["⟦A⟧ is ⟦m⟧×⟦n⟧", "⟦a⟧ is scalar", "operand ⟦1⟧ is ⟦m⟧×⟦n⟧", "operand ⟦1⟧ is scalar"]
EVERY = [s for s in [*sentences(), *SHAPE_LISTS, "⟦x⟧ > 0 (every entry)"] if not FORMULA.fullmatch(s)]


def facts(sentence: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(sentence) if name is not None]


def test_the_sentences_are_found():
    """One of each way in which a sentence reaches a user."""
    assert len(EVERY) > 200
    assert {
        "division by zero",  # written where it is raised
        "an exponent is missing",  # assigned
        "diag takes a vector or a square matrix",  # passed
        "a Hessian is that of a scalar function",  # the caller's words inside
        "⟦name⟧ takes a square matrix",  # returned
        "write * for the matrix product",  # from a table
        "did you mean inv?",  # from a table in another module
        "the largest entry of ⟦0⟧ is unique",  # a condition
        "Wikipedia, numerator layout",
    } <= set(EVERY)


def test_no_sentence_is_unknown_to_the_source():
    """A message that is a fact as a whole could say anything."""
    assert not [f"{place}: {s}" for s, place in sentences().items() if re.fullmatch("(⟦[^⟧]*⟧)+", s)]


@pytest.mark.parametrize("lang", OTHERS)
def test_every_sentence_is_translated_with_its_facts(lang):
    missing = {}
    for sentence in EVERY:
        said = translated(lang, sentence)
        outside = re.sub("⟦[^⟧]*⟧|" + "|".join(BOOKS), "", said)
        lost = set(re.findall("⟦[^⟧]*⟧", sentence)) - set(re.findall("⟦[^⟧]*⟧", said))
        if said == sentence or lost or PROSE.search(outside) or ARTICLE.search(outside):
            missing[sentence] = said
    assert not missing


@pytest.mark.parametrize("lang", OTHERS)
def test_every_template_is_of_a_sentence_that_there_is(lang):
    """None is left over from a message that was reworded."""
    used = {next((t for t in templates(lang) if t.facts(s) is not None), None) for s in EVERY}
    assert not [t.said for t in templates(lang) if t not in used]


@pytest.mark.parametrize("section", [MESSAGES, WORDS])
def test_languages_translate_the_same_sentences(section):
    first, *others = (sections(lang)[section].keys() for lang in OTHERS)
    assert all(first == keys for keys in others)


@pytest.mark.parametrize("lang", OTHERS)
def test_a_translation_has_the_facts_of_its_sentence(lang):
    wrong = {e: said for e, said in sections(lang)[MESSAGES].items() if set(facts(said)) != set(facts(e)) - {"s"}}
    assert not wrong


@pytest.mark.parametrize("lang", OTHERS)
def test_there_is_text_between_two_facts(lang):
    """Otherwise it is open where the one ends."""
    assert not [e for e in sections(lang)[MESSAGES] if "" in template(e, "").literals[1:-1]]


def test_no_korean_particle_depends_on_a_fact():
    """`은(는)`, not `은`; but {kind} is a scalar, a vector or a matrix, which all take 로."""
    bare = re.compile(r"\}(은|는|이|가|을|를|와|과|로|으로|이나|나|여야|라)(?=[\s.,]|$)")
    spoken = [MESSAGES, "step", "cli", "verdict", "mine", "practice"]
    said = [sentence for section in spoken for sentence in sections("ko")[section].values()]
    assert not [s for s in said if bare.search(s.replace("{kind}로", ""))]


@pytest.mark.parametrize("lang", OTHERS)
def test_a_condition_on_every_entry_is_translated(lang):
    f = cf.parse("sum(log(A*x))")
    (condition,) = conditions(f.expr, f.expr, lambda e: "A*x")
    assert condition == "A*x > 0 (every entry)"
    assert translated(lang, condition) != condition and "A*x > 0" in translated(lang, condition)


def refusals():
    """Every error that the corpus of bad requests and the table of mistakes cause."""
    for row in bad_rows():
        try:
            cf.derivative(cf.parse(row["expr"], shapes=row["vars"], properties=row["attrs"]), *row["wrt"]).check()
        except ClosedFormError as error:
            yield error
    for text, *_ in MISTAKES:
        for given in (SHAPES, None):
            try:
                cf.parse(text, given)
            except ClosedFormError as error:
                yield error


@pytest.mark.parametrize("lang", OTHERS)
def test_no_english_sentence_is_left_in_the_errors_of_the_corpus(lang):
    errors = list(refusals())
    assert len(errors) > 150
    for error in errors:
        for sentence in filter(None, (error.message, error.hint)):
            said = translated(lang, sentence)
            assert said != sentence and not PROSE.search(said), said


@pytest.mark.parametrize("lang", OTHERS)
def test_the_notes_and_conventions_of_answers_are_translated(lang):
    asked = ["x₁'*X*σ*x₁", "sum(A) + a/2 b", "‖XᵀBy‖²", "x'*eye(n)*x"]
    notes = [note for text in asked for note in cf.parse(text, properties={}).notes]
    said = [
        D.conventions[0]
        for declared in ("spd", "diagonal")
        for way in ("projected", "entries")
        for D in [cf.derivative(cf.parse("tr(C*S)", properties={"S": [declared]}), "S", symmetric=way)]
    ]
    for sentence in [*notes, *said]:
        assert translated(lang, sentence) != sentence and not PROSE.search(translated(lang, sentence))


@pytest.mark.parametrize("lang", OTHERS)
def test_a_word_is_one_that_the_package_says(lang):
    tried = ", ".join(dict.fromkeys(kind for pair in TEMPERAMENTS for kind in pair))
    written = {node.value for _, node in nodes() if isinstance(node, ast.Constant)} | set(REFUSED.values())
    numpy = {"Singular matrix", "SVD did not converge"}
    words = set(sections(lang)[WORDS])
    assert numpy | {tried} | set(REFUSED.values()) <= words and words - numpy - {tried} <= written


@pytest.mark.parametrize("lang", OTHERS)
def test_an_error_is_told_in_the_language_with_its_shapes_and_hint(lang):
    with pytest.raises(ClosedFormError) as caught:
        cf.parse("A*B", {"A": ("m", "n"), "B": ("m", "p")})
    said = told(caught.value, lang)
    assert not PROSE.search(said) and "m×p" in said and "A'*B" in said and "\n  A*B\n" in said


def test_the_domain_of_an_operation_is_a_sentence_with_one_operand():
    assert all(set(facts(op.domain)) == {"0"} for op in OPS.values() if op.domain)


def test_a_sentence_without_a_template_stays_visible_in_english():
    assert translated("ko", "nobody wrote this anywhere") == "nobody wrote this anywhere"


def test_the_more_particular_template_wins():
    assert translated("zh", "write x' for the transpose") == "转置请写成 x'"
    assert translated("zh", "write A*B") == "请写成 A*B"


def test_a_name_that_occurs_twice_is_one_fact():
    t = template("{x} is {x}", "")
    assert t.facts("a is a") == {"x": "a"} and t.facts("a is b") is None


def test_a_plural_ending_is_no_fact():
    t = template("{n} size{s}!", "")
    assert t.facts("1 size!") == {"n": "1"} == t.facts("1 sizes!") and t.facts("1 sizer!") is None


def test_matching_takes_no_time_on_hostile_text():
    sentence = "x is x is declared x, but is " * 10_000
    start = time.perf_counter()
    translated("ko", sentence)
    assert time.perf_counter() - start < 0.5
