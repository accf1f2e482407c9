"""Every hostile text at every entry point: an answer or our own error, soon, in little memory."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.hostile.entries import ENTRIES
from tests.hostile.inputs import INPUTS

SECONDS, MEGABYTES, LONGEST = 2.0, 200, 4000  #: of computing, above the base, characters of a message


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_hostile_text_is_answered_or_refused_soon_and_in_little_memory(entry):
    command = [sys.executable, "-m", "tests.hostile.probe", "--entries", entry]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == sum(map(len, INPUTS.values()))
    bad = [
        row
        for row in rows
        if row["raised"].startswith("!")
        or row["seconds"] > SECONDS
        or row["megabytes"] > MEGABYTES
        or row["message"] > LONGEST
    ]
    assert bad == []
