"""The suite notices broken rules: a sample of every kind; all of them by `make mutants`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_broken_rules_are_noticed():
    """In a process of its own, which forks one for every mutant: here JAX has threads."""
    environment = {**os.environ, "COLUMNS": "120", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "tests.mutation", "--slice", "8"]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "48 mutants, 0 survived" in run.stdout
