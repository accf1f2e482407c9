# Everything a developer runs.  Needs Python >= 3.11 and make; the rest goes into .venv.
#   make try      install the package and answer three questions
#   make test     the test suite
#   make site     the documentation site, into build/site
#   make lint types contract docs bench mutants stability
#   make fuzz     random derivatives compared with JAX and PyTorch: two minutes, or FUZZ="--first 100000 --seed 2"

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: try test lint types contract docs site bench mutants stability fuzz format clean
.DELETE_ON_ERROR:

try: $(VENV)/.package
	$(BIN)/closedform diff "norm2(X*w - y)^2" w --steps
	$(BIN)/closedform diff "sum(log(ones(m) + exp(-y.*(X*w))))" w w
	$(BIN)/closedform diff "logdet(S) + x'*inv(S)*x" S --let "S: spd"

test: $(VENV)/.test
	$(BIN)/python -m pytest -n 2

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

contract: $(VENV)/.dev
	$(BIN)/lint-imports

docs: $(VENV)/.test
	$(BIN)/python -m pytest --doctest-modules closedform tests/test_readme.py

site: $(VENV)/.test
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

bench: $(VENV)/.test
	$(BIN)/python -m benchmarks.startup
	$(BIN)/python -m benchmarks.derive
	$(BIN)/python -m benchmarks.speed
	$(BIN)/python -m benchmarks.speed table

mutants: $(VENV)/.test
	$(BIN)/python -m tests.mutation

stability: $(VENV)/.test
	$(BIN)/python -m tests.stability

FUZZ ?= --first 2000 --second 400 --slice 120
fuzz: $(VENV)/.test
	$(BIN)/python -m tests.fuzz $(FUZZ)

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build dist

# Stamps: made anew when pyproject.toml changes.

$(VENV)/.python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "closedform needs Python 3.11 or newer: make PYTHON=…")'
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.package: pyproject.toml | $(VENV)/.python
	$(PIP) --editable .
	@touch $@

$(VENV)/.test: pyproject.toml | $(VENV)/.python
	$(PIP) --editable '.[test]'
	@touch $@ $(VENV)/.package

$(VENV)/.dev: pyproject.toml | $(VENV)/.python
	$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/.test $(VENV)/.package
