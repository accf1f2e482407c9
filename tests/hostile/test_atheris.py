"""The coverage-guided fuzzer finds nothing in a few seconds; skipped, visibly, where atheris is not installed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

if not os.environ.get("CI"):  # there it has to be installed
    pytest.importorskip("atheris", reason="atheris is not installed: pip install atheris")


def test_the_fuzzer_finds_no_crash_in_a_short_run(tmp_path):
    command = [sys.executable, "-m", "tests.hostile.atheris_parsers", "-runs=3000", "-max_len=200", "-seed=1",
               f"-artifact_prefix={tmp_path}/", str(tmp_path)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Done 3000 runs" in done.stderr
