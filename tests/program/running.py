"""Programs of other languages, run: many functions in one script, their values read back."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from closedform.core.expr import Expr
from closedform.program.language import Language
from closedform.program.languages import language_named
from closedform.program.source import Lowered, lower, write

SECONDS = 300  #: after which a program is stopped


@dataclass(frozen=True)
class Case:
    """A formula, the values of its arguments in order, and its value by NumPy."""

    name: str
    lowered: Lowered
    values: tuple[np.ndarray, ...]
    expected: np.ndarray

    def code(self, language: Language, name: str) -> str:
        return language.write(write(self.lowered, language), name)


def case(name: str, e: Expr, values: dict[str, np.ndarray], sizes: dict[str, int]) -> Case:
    """A formula at a point, with its value there by the compiled NumPy code."""
    from closedform.program.compile import compile

    run = compile(e)
    named = {a.name: values[a.name] for a in run.arguments} | {n: sizes[n] for n in run.sizes}
    return Case(name, lower([e]), tuple(map(np.asarray, named.values())), np.asarray(run(**named)))


@dataclass(frozen=True)
class Runner:
    """How the functions of a language are called from a script.

    Attributes:
        language: its name.
        binary: the program that must be there.
        library: the folder that must be there too.
        wants: a package that some cases need, as the error says that it is missing.
    """

    language: str
    binary: str
    library: str = ""
    wants: str = ""

    def missing(self) -> str:
        """What is not installed; empty if nothing is."""
        if shutil.which(self.binary) is None:
            return self.binary
        return self.library if self.library and not Path(self.library).is_dir() else ""

    def run(self, cases: Sequence[Case], folder: Path) -> dict[str, np.ndarray | str]:
        """The value of every case: an array of two axes, a vector, or what went wrong."""
        spoken = SPOKEN[self.language](cases, language_named(self.language), folder)
        done = subprocess.run(spoken, capture_output=True, text=True, timeout=SECONDS, check=False)
        found = dict(map(read, re.findall(r"^@(\d+) (.*)$", done.stdout, re.MULTILINE)))
        missing = f"nothing printed: {done.stderr[-2000:]}"
        return {c.name: found.get(n, missing) for n, c in enumerate(cases)}


def read(line: tuple[str, str]) -> tuple[int, np.ndarray | str]:
    number, told = line
    if told.startswith("error"):
        return int(number), told
    shape, _, entries = told.partition(":")
    values = np.array(entries.replace("NA", "nan").split(), dtype=float)
    return int(number), values.reshape([int(n) for n in shape.split()], order="F")


def digits(values: np.ndarray) -> list[str]:
    return [repr(float(v)) for v in values.ravel(order="F")]


def octave(cases: Sequence[Case], language: Language, folder: Path) -> list[str]:
    def literal(v: np.ndarray) -> str:
        rows, columns = (*v.shape, 1, 1)[:2]
        return f"reshape([{' '.join(digits(v))}], {rows}, {columns})"

    lines = ["1;"]
    for n, c in enumerate(cases):
        lines.append(c.code(language, f"f{n}"))
        call = f"f{n}({', '.join(map(literal, c.values))})"
        lines.append(f"try; v = {call}; printf('@{n} %d %d:', size(v)); printf(' %.17g', v); printf('\\n');")
        lines.append(f"catch e; printf('@{n} error: %s\\n', e.message); end")
    path = folder / "all.m"
    path.write_text("\n".join(lines), encoding="utf-8")
    return ["octave-cli", "--no-gui", "-q", "--norc", str(path)]


def r(cases: Sequence[Case], language: Language, folder: Path) -> list[str]:
    def literal(v: np.ndarray) -> str:
        entries = f"c({', '.join(digits(v))})"
        return entries if v.ndim < 2 else f"matrix({entries}, {v.shape[0]}, {v.shape[1]})"

    lines = []
    for n, c in enumerate(cases):
        lines.append(c.code(language, f"f{n}"))
        call = f"f{n}({', '.join(map(literal, c.values))})"
        lines.append(f"cat('@{n}', tryCatch({{ v <- {call}")
        lines.append("paste(paste(if (is.null(dim(v))) length(v) else dim(v), collapse = ' '), ':', sep = '')")
        lines.append("}, error = function(e) paste('error:', conditionMessage(e), collapse = ' ')), ")
        lines.append("if (is.numeric(v)) sprintf('%.17g', v), '\\n')")
    path = folder / "all.R"
    path.write_text("\n".join(lines), encoding="utf-8")
    return ["Rscript", "--vanilla", str(path)]


def cpp(cases: Sequence[Case], language: Language, folder: Path) -> list[str]:
    """Two programs, compiled side by side."""
    half, compilers = (len(cases) + 1) // 2, list[subprocess.Popen[bytes]]()
    for first in (0, half):
        path = folder / f"from{first}.cpp"
        path.write_text(translation_unit(cases[first : first + half], first, language), encoding="utf-8")
        made = ["g++", "-std=c++17", "-O0", "-w", "-DEIGEN_DONT_VECTORIZE", f"-I{EIGEN}", str(path), "-o"]
        compilers.append(subprocess.Popen([*made, str(path.with_suffix(""))]))
    assert [c.wait() for c in compilers] == [0, 0]
    return ["sh", "-c", f"{folder}/from0; {folder}/from{half}"]


def translation_unit(cases: Sequence[Case], first: int, language: Language) -> str:
    def literal(v: np.ndarray) -> str:
        if not v.ndim:
            return repr(float(v))
        return f"array<{'VectorXd' if v.ndim == 1 else 'MatrixXd'}>({{{', '.join(digits(v))}}}, {v.shape[0]})"

    head, body, calls = dict[str, None](), list[str](), list[str]()
    for n, c in enumerate(cases, first):
        lines = c.code(language, "f").splitlines()
        head |= dict.fromkeys(line for line in lines if line.startswith(("#include", "using ")))
        own = [line for line in lines if not line.startswith(("#include", "using "))]
        body += [f"namespace case{n} {{", *own, "}"]
        calls.append(f"show({n}, [] {{ return case{n}::f({', '.join(map(literal, c.values))}); }});")
    return "\n".join([*head, SHOWN, *body, "int main() {", *calls, "}"])


SHOWN = """
#include <cstdio>
#include <exception>
#include <vector>
template <class A> A array(const std::vector<double>& v, long rows) {
    return Eigen::Map<const MatrixXd>(v.data(), rows, v.size() / rows);
}
void print(int n, const MatrixXd& v) {
    std::printf("@%d %ld %ld:", n, v.rows(), v.cols());
    for (double x : v.reshaped()) std::printf(" %.17g", x);
    std::printf("\\n");
}
void print(int n, double v) { print(n, MatrixXd(MatrixXd::Constant(1, 1, v))); }
template <class F> void show(int n, F f) {
    try { print(n, f()); } catch (const std::exception& e) { std::printf("@%d error: %s\\n", n, e.what()); }
}
"""
SPOKEN = {"matlab": octave, "r": r, "cpp": cpp}
EIGEN = "/usr/include/eigen3"
RUNNERS = [
    Runner("matlab", "octave-cli"),
    Runner("r", "Rscript", wants="expm"),
    Runner("cpp", "g++", EIGEN),
]
