# The two commands that matter: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --log $(VENV)/pip.log
OR_SAY := >/dev/null 2>&1 || { echo "The Python packages could not be installed: check the network and the disk, then run make again ($(VENV)/pip.log has the details)."; exit 1; }

.PHONY: run test test-faults test-all soak bench bench-check lint lock release-checks audit sbom

run: $(VENV)/.installed
	@exec $(BIN)/recsys run $(if $(MOVIELENS),--movielens "$(MOVIELENS)")

test: $(VENV)/.installed-dev lint
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

# Every row of the fault matrix with the table of what each did, and a minute of ten times the load
# that is allowed; about half an hour.
test-faults: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest tests/faults tests/integration/test_overload.py -m "full or not full" $(PYTEST_ARGS)

# All there is, with the tests that are too long for `make test`; about an hour.
test-all: $(VENV)/.installed-dev lint
	@$(BIN)/python -m pytest -m "full or not full" $(PYTEST_ARGS)

# Load and random faults for MINUTES, and a report of memory, lag and what was lost (nothing).
MINUTES ?= 30
soak: $(VENV)/.installed-dev
	@$(BIN)/python -m tests.faults.soak $(MINUTES)

# The table in docs/performance.md, or the rows of one TOPIC in it (benchmarks/bench_<topic>.py).
bench: $(VENV)/.installed-bench
	@$(BIN)/python -m benchmarks $(TOPIC)

# Fails where a unit of work takes 25 % more CPU than committed, relative to its reference.
bench-check: $(VENV)/.installed-bench
	@$(BIN)/python -m benchmarks --quick --check $(TOPIC)

lint: $(VENV)/.installed-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports

# Before a release: known holes in what is locked, and the list of it (CycloneDX).
release-checks: audit sbom

audit: $(VENV)/.installed-dev
	@$(BIN)/pip-audit --require-hashes --disable-pip --strict -r requirements.txt

sbom: $(VENV)/.installed-dev
	@mkdir -p dist
	@$(BIN)/cyclonedx-py requirements requirements.txt --output-format JSON --output-file dist/recsys.cdx.json
	@echo "dist/recsys.cdx.json"

LOCK := --quiet --universal --generate-hashes --python-version 3.11 --no-emit-find-links --no-emit-index-url --custom-compile-command "make lock"

# Needs `pip install uv`.
lock:
	uv pip compile $(LOCK) --extra embedded setup.cfg requirements.in -o requirements.txt
	uv pip compile $(LOCK) requirements-dev.in -o requirements-dev.txt
	uv pip compile $(LOCK) requirements-bench.in -o requirements-bench.txt

$(VENV)/bin/python:
	@command -v "$${JAVA_HOME:+$$JAVA_HOME/bin/}java" >/dev/null || { echo "Recsys needs Java 17 or later: install one, or point JAVA_HOME at one."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Recsys needs Python 3.11 or later; this is " + sys.version.split()[0] + ". Install a newer one, or name one: make PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt setup.cfg | $(VENV)/bin/python
	@echo "Installing the Python packages (about a minute the first time)"
	@$(PIP) --require-hashes -r requirements.txt $(OR_SAY)
	@$(PIP) --no-deps --no-build-isolation -e . $(OR_SAY)
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@$(PIP) --require-hashes -r requirements-dev.txt $(OR_SAY)
	@touch $@

$(VENV)/.installed-bench: requirements-bench.txt $(VENV)/.installed
	@$(PIP) --require-hashes -r requirements-bench.txt $(OR_SAY)
	@touch $@
