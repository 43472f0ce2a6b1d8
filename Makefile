# `make dev` starts everything, `make test` checks everything; both need Python 3.11 or newer and nothing else (PYTHON names one).
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help dev prod check check-types check-tests test test-database test-pressure coverage conformance supergraph explorer-picture migration bench lock

VENV := .venv
BIN := $(VENV)/bin
# How many processes run the tests: one for each core, or none beside pytest's own with 0.
WORKERS ?= auto
# Which tests under pressure run.
PRESSURE ?= tests/pressure
# What `make coverage` runs: the tests that call the code in their own process.
COVERED ?= tests/domain tests/db tests/services tests/engine tests/graphql tests/web
PIP := -m pip --quiet --quiet --no-input --disable-pip-version-check
export PIP_ROOT_USER_ACTION := ignore
# Compiled modules are kept, whatever the shell says: the tests start the service dozens of times.
unexport PYTHONDONTWRITEBYTECODE
# What `make lock` compiles with stands apart from what it compiles for.
TOOLS := .tools
COMPILE := $(TOOLS)/bin/uv pip compile --universal --generate-hashes --no-header --quiet --python-version 3.11 --no-emit-index-url $(if $(UPGRADE),--upgrade)

help:
	@echo "make dev            start the service with a PostgreSQL of its own and demo data (PORT, DATABASE_URL, DATA_FOLDER)"
	@echo "make prod           show the production shape: serve with two workers, JSON logs, metrics and keys (PORT)"
	@echo "make check          lint, type check and run the tests that start nothing, within a minute"
	@echo "make test           lint, type check and run all tests (WORKERS: the processes that run them; THOROUGH=1: more examples)"
	@echo "make test-database  run the tests of the database on DATABASE_URL, as a role that may create databases"
	@echo "make test-pressure  run the tests that flood, kill and cut off, some minutes (PRESSURE: which; LEDGER_SECONDS)"
	@echo "make coverage       run the tests of everything but the commands and measure what they run (some minutes)"
	@echo "make conformance    run other people's programs against the service and write docs/conformance.md (needs Node)"
	@echo "make supergraph     compose the schemas for the router of docker-compose.yml (needs Node)"
	@echo "make explorer-picture  take docs/explorer.png anew (needs Node and Chromium)"
	@echo "make migration NAME=\"…\"  write the next migration: what app/db/tables.py declares and the newest one lacks"
	@echo "make bench          measure this service beside other GraphQL servers (BENCH="--quick" for a short run)"
	@echo "make lock           compile requirements/*.txt from pyproject.toml, or with UPGRADE=1 to the newest versions"

dev: $(VENV)/.installed-dev
	@$(BIN)/python explorer/build.py || echo "Going on without the explorer; its page says how to get it." >&2
	@$(BIN)/python -m app dev

prod: $(VENV)/.installed-dev
	@$(BIN)/python -m app demo

check: $(VENV)/.installed-test
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/lint-imports
	@$(MAKE) --no-print-directory --jobs=2 check-types check-tests

check-types: $(VENV)/.installed-test
	@$(BIN)/basedpyright

# Folders by name, for looking for tests in all of them would take a fifth of the time.
check-tests: $(VENV)/.installed-test
	@$(BIN)/pytest --quiet --without-server tests/contract tests/domain tests/engine tests/db tests/graphql tests/web tests/test_*.py

test: $(VENV)/.installed-test
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/basedpyright
	@$(BIN)/lint-imports
	@$(BIN)/pytest --numprocesses=$(WORKERS)

test-database: $(VENV)/.installed-test
	@test -n "$$DATABASE_URL" || { echo "Set DATABASE_URL to a PostgreSQL 15 or newer." >&2; exit 2; }
	@$(BIN)/pytest --numprocesses=$(WORKERS) tests/db tests/graphql

test-pressure: $(VENV)/.installed-test
	@$(BIN)/pytest --slow -m slow $(PRESSURE)

# In one process, because the figures of several would have to be combined. Python 3.14 measures with `sys.monitoring`, which costs a tenth
# of the time; with the tracer of older versions the tests take up to three times as long.
coverage: $(VENV)/.installed-test
	@$(BIN)/coverage run -m pytest --quiet $(COVERED)
	@$(BIN)/coverage report

conformance: $(VENV)/.installed-test
	@$(BIN)/pytest tests/conformance tests/contract/test_graphql_over_http_audit.py --write-conformance

supergraph: $(VENV)/.installed-test
	@$(BIN)/python -m tests.support.supergraph

explorer-picture: $(VENV)/.installed-test
	@$(BIN)/python explorer/build.py
	@$(BIN)/python -m tests.support.picture

migration: $(VENV)/.installed-test
	@$(BIN)/python -m tests.support.new_migration "$(NAME)"

bench: $(VENV)/.installed-bench
	@$(BIN)/python -m bench $(BENCH)

lock: $(TOOLS)/.installed-lock
	@$(COMPILE) pyproject.toml -o requirements/service.txt
	@for group in dev test bench; do $(COMPILE) pyproject.toml --extra dev --group $$group -o requirements/$$group.txt || exit; done
	@for group in build conformance lock; do $(COMPILE) --group $$group -o requirements/$$group.txt || exit; done

# What is installed is remembered in a file, so that the second start installs nothing.
$(VENV)/.installed-dev $(VENV)/.installed-test $(VENV)/.installed-bench: $(VENV)/.installed-%: requirements/%.txt pyproject.toml app/__init__.py | $(BIN)/pip
	@echo "Installing the locked dependencies (once)."
	@$(BIN)/python $(PIP) install --require-hashes --requirement $<
	@$(BIN)/python $(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(TOOLS)/.installed-lock: requirements/lock.txt | $(TOOLS)/bin/pip
	@$(TOOLS)/bin/python $(PIP) install --require-hashes --requirement $<
	@touch $@

# Cleared first: without pip it is what an interrupted run left behind.
$(VENV)/bin/pip $(TOOLS)/bin/pip: %/bin/pip:
	@for python in $(or $(PYTHON),python3.11 python3 python3.14 python3.13 python3.12); do \
		if $$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			exec $$python -m venv --clear $*; \
		fi; \
	done; \
	echo "Python 3.11 or newer with its venv module is needed, and none was found$(if $(PYTHON),: PYTHON=$(PYTHON), on the PATH)." >&2; exit 1
