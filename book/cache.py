"""Answers kept from one build to the next, as long as neither the block nor any source of the program changes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCES = ("*.py", "*.toml", "*.lark")  #: of the program
OURS = ("*.py", "templates/*.html", "cookbook.toml")  #: of the book; a block of the gallery is its own question
KEPT = 3  #: versions of the program


class Cache:
    """Texts in a folder of their own for each version of the program, under `build/book`."""

    def __init__(self, folder: Path = ROOT / "build" / "book") -> None:
        self.folder = folder / version()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.touch()
        for old in sorted(folder.iterdir(), key=lambda p: p.stat().st_mtime)[:-KEPT]:
            for file in old.iterdir():
                file.unlink()
            old.rmdir()

    def of(self, question: str, answer: Callable[[], str]) -> str:
        """The answer to a question; it is worked out if it is not known."""
        file = self.folder / _digest(question.encode())
        if not file.exists():
            made = answer()
            part = file.with_suffix(".part")
            part.write_text(made, encoding="utf-8")
            part.replace(file)
        return file.read_text(encoding="utf-8")


def version() -> str:
    """A digest of every source that an answer may depend on."""
    found = hashlib.sha256()
    files = [file for pattern in SOURCES for file in (ROOT / "closedform").rglob(pattern)]
    files += [file for pattern in OURS for file in (ROOT / "book").glob(pattern)]
    for file in sorted(files):
        found.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes())
    return found.hexdigest()[:16]


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:32]
