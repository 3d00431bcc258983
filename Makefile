# Needs Python 3.11 or newer, make and git; everything else goes into .venv/.
PYTHON ?= python3
PYTEST_ARGS ?= -q -n auto

VENV := .venv
BIN := $(VENV)/bin
QUICKSTART := examples/quickstart
WORKSPACE := $(QUICKSTART)/quickstart.db
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help demo test soak bench

help:
	@echo "make demo   install into .venv, then validate, plan and apply $(QUICKSTART) on the embedded emulator"
	@echo "make test   install into .venv, then lint, check types and run every test"
	@echo "make soak   run every test much longer: many more examples, and the flows under all rows of switches"
	@echo "make bench  install into .venv, then measure it beside other tools and scripts; fails where a ratio is over its budget"

# An empty workspace each time, so that the demo shows the same twice.
demo: $(VENV)/.installed
	@rm -f $(WORKSPACE) $(WORKSPACE)-shm $(WORKSPACE)-wal
	$(call deployer,validate)
	$(call deployer,apply --auto-approve)
	$(call deployer,plan --detailed-exitcode)

test: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest $(PYTEST_ARGS)

soak: $(VENV)/.installed-test
	HYPOTHESIS_PROFILE=soak ROWS=all $(BIN)/pytest $(PYTEST_ARGS)

bench: $(VENV)/.installed-bench
	$(BIN)/python -m benchmarks

# Shows the command, then runs it in the quickstart as a user would type it.
define deployer
@printf '\n$$ deployer %s\n' '$(1)'
@cd $(QUICKSTART) && "$(CURDIR)/$(BIN)/deployer" $(1)
endef

$(VENV)/.installed: pyproject.toml | $(VENV)/.python
	@echo "installing deployer into $(VENV), which takes a minute the first time"
	@$(PIP) install --editable .
	@touch $@

$(VENV)/.installed-test: pyproject.toml | $(VENV)/.python
	@echo "installing deployer and its test tools into $(VENV), which takes some minutes the first time"
	@$(PIP) install --editable '.[test]'
	@touch $(VENV)/.installed $@

$(VENV)/.installed-bench: pyproject.toml | $(VENV)/.python
	@echo "installing deployer and what it is measured beside into $(VENV)"
	@$(PIP) install --editable '.[bench]'
	@touch $(VENV)/.installed $@

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "deployer needs Python 3.11 or newer, and $(PYTHON) is older or missing: name another one, as in" >&2; \
	  echo "  make demo PYTHON=python3.12" >&2; \
	  exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@
