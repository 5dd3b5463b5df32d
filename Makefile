# `make demo` and `make test` each set up everything they need in .venv; Python 3.11 or newer is all they ask for.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test

demo: .venv/.installed
	$(BIN)/simulate scenarios/poor_channel.yaml

test: .venv/.installed-test
	$(BIN)/pytest --numprocesses auto --dist worksteal

.venv/.installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --editable .
	touch $@

.venv/.installed-test: pyproject.toml | .venv/.installed
	$(BIN)/pip install --quiet --editable ".[test]"
	touch $@
