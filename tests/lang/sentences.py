"""Every sentence that the package can make for a user, found in its source: strings are followed, not run.

A sentence is made where an error is constructed, and where a note, a condition, a convention or a remark on a layout
is written down.  Its string is followed through names, parameters (to every caller), returned values, tables and
f-strings; what is not text becomes the mark of a fact.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from pathlib import Path
from string import Formatter

import closedform
from closedform import errors

PACKAGE = Path(closedform.__file__).parent
FACT = "⟦⟧"
ERRORS = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
SENTENCES = {"Layout": 1, "Structure": 4}  #: records with a sentence, and its place
NOTES = {"notes"}  #: lists of sentences

WRITTEN = (ast.Constant, ast.JoinedStr, ast.IfExp, ast.BinOp)  #: strings written out


@dataclass
class Module:
    """One file: its tree, the function around every node, and the names of the module."""

    path: Path
    tree: ast.Module
    inside: dict[ast.AST, ast.FunctionDef | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        waiting: list[tuple[ast.AST, ast.FunctionDef | None]] = [(self.tree, None)]
        while waiting:
            node, function = waiting.pop()
            self.inside[node] = function
            inner = node if isinstance(node, ast.FunctionDef) else function
            waiting += [(child, inner) for child in ast.iter_child_nodes(node)]


@cache
def modules() -> list[Module]:
    paths = [p for p in sorted(PACKAGE.rglob("*.py")) if p.name != "errors.py"]
    return [Module(p, ast.parse(p.read_text(encoding="utf-8"))) for p in paths]


@cache
def nodes() -> list[tuple[Module, ast.AST]]:
    return [(module, node) for module in modules() for node in module.inside]


def called(node: ast.AST) -> str:
    """The last name of what is called; empty of anything but a call."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


@cache
def calls(name: str) -> list[tuple[Module, ast.Call]]:
    return [(m, n) for m, n in nodes() if isinstance(n, ast.Call) and called(n) == name]


@cache
def functions(name: str) -> list[tuple[Module, ast.FunctionDef]]:
    return [(m, n) for m, n in nodes() if isinstance(n, ast.FunctionDef) and n.name == name]


class Strings:
    """The strings that an expression may be, a fact where it is not known."""

    def __init__(self) -> None:
        self.busy: set[ast.AST] = set()

    def of(self, module: Module, node: ast.AST | None) -> set[str]:
        if node is None or node in self.busy:
            return set()
        self.busy.add(node)
        try:
            return getattr(self, f"_{type(node).__name__}", self._unknown)(module, node)
        finally:
            self.busy.remove(node)

    def _unknown(self, module: Module, node: ast.AST) -> set[str]:
        return {FACT}

    def _Constant(self, module: Module, node: ast.Constant) -> set[str]:
        return set() if node.value is None else {node.value if isinstance(node.value, str) else FACT}

    def _JoinedStr(self, module: Module, node: ast.JoinedStr) -> set[str]:
        return joined([self.of(module, part) for part in node.values])

    def _FormattedValue(self, module: Module, node: ast.FormattedValue) -> set[str]:
        """A piece of a sentence: followed where it is written out, a fact where it is computed."""
        given = [(module, node.value)]
        if isinstance(node.value, ast.Name):
            given = self._given(module, node.value)
        return set().union(*(self.of(m, v) if isinstance(v, WRITTEN) else {FACT} for m, v in given)) or {FACT}

    def _BinOp(self, module: Module, node: ast.BinOp) -> set[str]:
        return joined([self.of(module, node.left), self.of(module, node.right)])

    def _IfExp(self, module: Module, node: ast.IfExp) -> set[str]:
        return self.of(module, node.body) | self.of(module, node.orelse)

    def _BoolOp(self, module: Module, node: ast.BoolOp) -> set[str]:
        return set().union(*(self.of(module, value) for value in node.values))

    def _Dict(self, module: Module, node: ast.Dict) -> set[str]:
        return set().union(*(self.of(module, value) for value in node.values))

    def _Tuple(self, module: Module, node: ast.Tuple) -> set[str]:
        return set().union(*(self.of(module, value) for value in node.elts))

    def _Subscript(self, module: Module, node: ast.Subscript) -> set[str]:
        """A table's values, the beginning of a string."""
        return self.of(module, node.value)

    def _Call(self, module: Module, node: ast.Call) -> set[str]:
        if isinstance(node.func, ast.Attribute):
            if node.func.attr == "format":
                return {blank(s) for s in self.of(module, node.func.value)}
            if node.func.attr == "get":
                return self.of(module, node.func.value)
        found = functions(called(node)) if called(node) not in ("join", "str") else []
        returns = [(m, n.value) for m, f in found for n in ast.walk(f) if isinstance(n, ast.Return)]
        return set().union(*(self.of(m, value) for m, value in returns)) if returns else {FACT}

    def _Name(self, module: Module, node: ast.Name) -> set[str]:
        return set().union(*(self.of(m, value) for m, value in self._given(module, node))) or {FACT}

    def _given(self, module: Module, node: ast.Name) -> list[tuple[Module, ast.AST | None]]:
        """What a name is assigned in its function, or what is passed; else what it is in the module, or in another."""
        function = module.inside[node]
        if function is not None:
            found = assigned(node.id, function)
            if found:
                return [(module, value) for value in found]
            if node.id in parameters(function):
                return passed(function, node.id)
        for m in [module, *modules()]:
            found = [value for value in assigned(node.id, m.tree) if m.inside[value] is None]
            if found:
                return [(m, value) for value in found]
        return []


def passed(function: ast.FunctionDef, name: str) -> list[tuple[Module, ast.AST | None]]:
    """What every caller gives for a parameter."""
    position = [p for p in parameters(function) if p != "self"].index(name) if name != "self" else -1
    found: list[tuple[Module, ast.AST | None]] = []
    for m, call in calls(function.name) if position >= 0 else []:
        keywords = [k.value for k in call.keywords if k.arg == name]
        found += [(m, given) for given in keywords or call.args[position : position + 1]]
    return found


def assigned(name: str, scope: ast.AST) -> list[ast.AST]:
    """The expressions that a name is assigned; with several on the left, where the right is as long."""
    found: list[ast.AST] = []
    for node in ast.walk(scope):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
            found += [node.value] if node.value else []
        for target in node.targets if isinstance(node, ast.Assign) else []:
            if isinstance(target, ast.Name) and target.id == name:
                found.append(node.value)
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = zip(target.elts, node.value.elts, strict=True)
                found += [value for t, value in pairs if isinstance(t, ast.Name) and t.id == name]
    return found


def parameters(function: ast.FunctionDef) -> list[str]:
    a = function.args
    return [p.arg for p in (*a.posonlyargs, *a.args, *a.kwonlyargs)]


def joined(parts: list[set[str]]) -> set[str]:
    return {"".join(pieces) for pieces in product(*(sorted(p) for p in parts))}


def blank(text: str) -> str:
    """A format string with facts for its fields."""
    return text if FACT in text else "".join(
        literal + (FACT if name is not None else "") for literal, name, _, _ in Formatter().parse(text)
    )


def places() -> Iterator[tuple[str, Module, ast.AST]]:
    """Every place where a sentence is made: what it is, the module, the expression."""
    for module, node in nodes():
        name = called(node)
        if name in ERRORS:
            yield "message", module, node.args[0]
        for keyword in getattr(node, "keywords", []):
            if keyword.arg == "hint":
                yield "hint", module, keyword.value
            if keyword.arg == "domain":
                yield "condition", module, keyword.value
        if name in SENTENCES:
            yield name, module, node.args[SENTENCES[name]]
        if name == "append" and getattr(node.func.value, "attr", getattr(node.func.value, "id", "")) in NOTES:
            yield "note", module, node.args[0]


def sentences() -> dict[str, str]:
    """Every sentence with marks for its facts, and where it is made."""
    found: dict[str, str] = {}
    for what, module, node in places():
        for sentence in Strings().of(module, node):
            sentence = blank(sentence) if what in ("condition", "Structure") else sentence
            found.setdefault(sentence, f"{module.path.relative_to(PACKAGE)}:{node.lineno} {what}")
    return found


if __name__ == "__main__":
    for sentence, place in sorted(sentences().items(), key=lambda item: item[1]):
        print(f"{place:45} {sentence}")
