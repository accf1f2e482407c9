"""Coverage-guided fuzzing of the parsers with atheris: `pip install atheris`, then

    python -m tests.hostile.atheris_parsers -max_total_time=60 -max_len=400 corpus/

`corpus/` is a folder that may be empty; it is filled with strings that reach new code.  A crash is any exception that
is not ours, and is written to a file by atheris.  The four parsers are those of `million.py`.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["closedform"]):
    from closedform.errors import ClosedFormError
    from tests.hostile.generate import PIECES
    from tests.hostile.million import PARSERS

READ = tuple(PARSERS.values())


def one_input(data: bytes) -> None:
    """The first byte chooses the parser; half of the others are pieces of syntax, half are characters."""
    given = atheris.FuzzedDataProvider(data)
    read = READ[given.ConsumeIntInRange(0, len(READ) - 1)]
    parts = []
    while given.remaining_bytes():
        if given.ConsumeBool():
            parts.append(PIECES[given.ConsumeIntInRange(0, len(PIECES) - 1)])
        else:
            parts.append(given.ConsumeUnicode(given.ConsumeIntInRange(1, 4)))
    try:
        read("".join(parts))
    except ClosedFormError as error:
        assert str(error)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
