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
from typing import TypeVar

import closedform
from closedform import errors

PACKAGE = Path(closedform.__file__).parent
DEEPEST = 12  #: how far a string is followed
PLACES = {"Layout": 1, "Structure": 4}  #: records with a sentence, and its place
REPORTS = {
    ("numeric.py", "numerically"),
    ("exact.py", "__str__"),
    ("routes.py", "says"),
}  #: functions that return a sentence
ERRORS = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}

T = TypeVar("T")
WRITTEN = (ast.Constant, ast.JoinedStr, ast.BinOp)  #: strings written out


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
        if len(self.busy) > DEEPEST:
            return {fact(node)}
        self.busy.add(node)
        try:
            return getattr(self, f"_{type(node).__name__}", self._unknown)(module, node)
        finally:
            self.busy.remove(node)

    def _unknown(self, module: Module, node: ast.AST) -> set[str]:
        return {"⟦rows⟧×⟦columns⟧", "scalar"} if called(node) == "show" else {fact(node)}

    def _Constant(self, module: Module, node: ast.Constant) -> set[str]:
        return set() if node.value is None else {node.value if isinstance(node.value, str) else fact(node)}

    def _JoinedStr(self, module: Module, node: ast.JoinedStr) -> set[str]:
        return joined([self.of(module, part) for part in node.values])

    def _FormattedValue(self, module: Module, node: ast.FormattedValue) -> set[str]:
        return {fact(node.value)} if node.conversion == ord("r") or node.format_spec else self.piece(module, node.value)

    def piece(self, module: Module, node: ast.AST | None) -> set[str]:
        """A piece of a sentence: followed where it is written out, a fact where it is computed or one word."""
        if isinstance(node, ast.IfExp):
            return self.piece(module, node.body) | self.piece(module, node.orelse)
        if not isinstance(node, ast.Name):
            return self.of(module, node) if isinstance(node, WRITTEN) else self._unknown(module, node)
        found: set[str] = set()
        for m, value in self._given(module, node):
            followed = self.piece(m, value) if isinstance(value, (*WRITTEN, ast.IfExp)) else {fact(node)}
            found |= {s if " " in s or not s else fact(node) for s in followed}
        return found or {fact(node)}

    def _BinOp(self, module: Module, node: ast.BinOp) -> set[str]:
        sides = (node.left, node.right)
        return joined([self.of(module, e) for e in sides]) if isinstance(node.op, ast.Add) else {fact(node)}

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
        if isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            return set().union(*(self.of(module, value) for value in (node.func.value, *node.args[1:])))
        found = near(module, functions(called(node))) if called(node) not in ("join", "show", "str") else []
        returns = [(m, n.value) for m, f in found for n in ast.walk(f) if isinstance(n, ast.Return)]
        return set().union(*(self.of(m, value) for m, value in returns)) if returns else self._unknown(module, node)

    def _Attribute(self, module: Module, node: ast.Attribute) -> set[str]:
        """A table of another module, `commands.HINTS`."""
        named = [m for m in modules() if isinstance(node.value, ast.Name) and m.path.stem == node.value.id]
        found = [(m, value) for m in named for value in assigned(node.attr, m.tree) if m.inside[value] is None]
        return set().union(*(self.of(m, value) for m, value in found)) or {fact(node)}

    def _Name(self, module: Module, node: ast.Name) -> set[str]:
        return set().union(*(self.of(m, value) for m, value in self._given(module, node))) or {fact(node)}

    def _given(self, module: Module, node: ast.Name) -> list[tuple[Module, ast.AST | None]]:
        """What a name is assigned in its function, or what is passed; else what it is in the module, or in another."""
        function = module.inside[node]
        if function is not None:
            found = [(module, value) for value in assigned(node.id, function)]
            if node.id in parameters(function):
                found += passed(module, function, node.id)
            if found:
                return found
        for m in [module, *sorted(modules(), key=lambda m: m.path.parent != module.path.parent)]:
            found = [value for value in assigned(node.id, m.tree) if m.inside[value] is None]
            if found:
                return [(m, value) for value in found]
        return []


def near(module: Module, found: list[tuple[Module, T]]) -> list[tuple[Module, T]]:
    """Those in the same module, if there are any: a private name is that of its module."""
    return [(m, node) for m, node in found if m is module] or found


def passed(module: Module, function: ast.FunctionDef, name: str) -> list[tuple[Module, ast.AST | None]]:
    """What every caller gives for a parameter."""
    position = [p for p in parameters(function) if p != "self"].index(name) if name != "self" else -1
    found: list[tuple[Module, ast.AST | None]] = []
    method = "self" in parameters(function)
    found_calls = [(m, c) for m, c in calls(function.name) if isinstance(c.func, ast.Attribute) == method]
    theirs = inherited(function, found_calls) if method else near(module, found_calls)
    for m, call in theirs if position >= 0 else []:
        keywords = [k.value for k in call.keywords if k.arg == name]
        found += [(m, given) for given in keywords or call.args[position : position + 1]]
    return found


def inherited(method: ast.FunctionDef, found: list[tuple[Module, ast.Call]]) -> list[tuple[Module, ast.Call]]:
    """The calls of a method in its module, and in those that have none of this name: a class may inherit it."""
    own = {id(m): {f for _, f in functions(method.name) if f in m.inside} for m, _ in found}
    return [(m, call) for m, call in found if not own[id(m)] or method in own[id(m)]]


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


def fact(node: ast.AST) -> str:
    """The mark of a fact: the same for the same expression."""
    return f"⟦{ast.unparse(node)}⟧"


def blank(text: str) -> str:
    """A format string with marks for its fields."""
    pieces = Formatter().parse(text)
    return "".join(literal + ("" if name is None else f"⟦{name}⟧") for literal, name, _, _ in pieces)


def places() -> Iterator[tuple[str, Module, ast.AST]]:
    """Every place where a sentence is made: what it is, the module, the expression."""
    for module, node in nodes():
        name = called(node)
        if name in ERRORS or is_error(module, node):
            yield "message", module, node.args[0]
        for keyword in node.keywords if isinstance(node, ast.Call) else []:
            is_domain = keyword.arg == "domain" and name != "Verdict"
            if is_domain or (keyword.arg == "hint" and (name in ERRORS or is_error(module, node))):
                yield keyword.arg, module, keyword.value
        if isinstance(node, ast.Return) and (module.path.name, around(module, node)) in REPORTS:
            yield "report", module, node.value
        if name in ("Layout", "Structure"):
            yield name, module, node.args[PLACES[name]]
        if name == "append" and ast.unparse(node.func.value).endswith("notes"):
            yield "note", module, node.args[0]
        left, _, _ = ast.unparse(node).partition("=") if isinstance(node, ast.Assign | ast.AugAssign) else ("", "", "")
        if "notes" in left.split() and isinstance(node.value, ast.ListComp):
            yield "note", module, node.value.elt


def is_error(module: Module, node: ast.AST) -> bool:
    """Whether an error is constructed whose class is a parameter."""
    function = module.inside[node]
    given = [a for a in function.args.args if a.arg == called(node) and a.annotation] if function else []
    return any(ast.unparse(a.annotation).startswith("type[ClosedFormError") for a in given)


def around(module: Module, node: ast.AST) -> str:
    """The name of the function around a node."""
    function = module.inside[node]
    return function.name if function else ""


@cache
def sentences() -> dict[str, str]:
    """Every sentence with marks for its facts, and where it is made."""
    found: dict[str, str] = {}
    for what, module, node in places():
        for sentence in Strings().of(module, node):
            sentence = blank(sentence) if what in ("domain", "Structure") and "⟦" not in sentence else sentence
            found.setdefault(sentence, f"{module.path.relative_to(PACKAGE)}:{getattr(node, 'lineno', 0)} {what}")
    return found
