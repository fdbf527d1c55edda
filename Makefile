# The two commands: `make demo` and `make test`. Both bootstrap .venv by themselves; only Python >= 3.11 is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.emrguard-ready
# Node (for CDK) comes with the virtual environment.
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: setup demo test unit check lint docs golden bench mutants combinations clean
.DEFAULT_GOAL := help
help:
	@echo "make demo   the main job, end to end on the embedded local cloud"
	@echo "make test   all tests          make unit   the quick ones"
	@echo "make check  ruff, mypy --strict, all tests; the tests compare the generated docs"
	@echo "make docs   generate docs again          make bench  speed and soundness of the engine"
	@echo "make golden write the golden templates of the tests again, after a change that is meant"
	@echo "make combinations   whether any valid combination of arguments has a finding"
	@echo "make mutants   whether rules and proof catch each guardrail that is taken away"

setup: $(STAMP)
$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else f"emrguard needs Python 3.11 or newer; {sys.executable} is {v[0]}.{v[1]}. Name another one: make PYTHON=python3.12")'
	@echo "Setting up $(VENV) (about two minutes the first time) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: setup
	@$(BIN)/python -m emrguard_local.demo

test: setup
	@$(BIN)/python -m pytest --numprocesses=auto --dist=loadgroup

unit: setup
	@$(BIN)/python -m pytest --numprocesses=auto --dist=loadgroup -m "not scenario"

lint: setup
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

docs: setup
	@$(BIN)/emrguard rules --format markdown --output docs/rules
	@$(BIN)/python -m emrguard._personas_page docs/personas.md
	@$(BIN)/emrguard policies scp --format markdown > docs/account-policies/scp.md
	@$(BIN)/emrguard policies boundary --format markdown > docs/account-policies/boundary.md
	@$(BIN)/python docs/reference_pages.py docs/reference

golden: setup
	@$(BIN)/python tests/golden_support.py

bench: setup
	@for each in prove decide iam_differential fuzz audit synth; do $(BIN)/python benchmarks/$$each.py || exit 1; done

# Every guardrail of the synthesized templates is taken out once: a rule or the proof must catch each.
mutants: setup
	@PYTHONPATH=tests:constructs:policies $(BIN)/python -m mutants --output build/mutants.json

# Hundreds of combinations of the constructs' arguments: nothing that judges templates may have anything against one.
combinations: setup
	@PYTHONPATH=tests:constructs:policies:harness $(BIN)/python -m combinations --count 300

check: lint test

clean:
	rm -rf $(VENV) cdk.out demo-report build *.egg-info
