# `make dev` starts everything, `make test` tests everything. Both need only Python 3.11 or newer (PYTHON chooses one).
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help dev prod check check-types check-schema check-rest test test-types test-run test-random test-database test-pressure coverage conformance supergraph explorer-picture migration bench lock

VENV := .venv
BIN := $(VENV)/bin
# Number of test processes: auto is two more than there are cores, for tests that mostly wait (tests/support/workers.py);
# 0 runs the tests in pytest's own process.
WORKERS ?= auto
# The pressure tests to run.
PRESSURE ?= tests/pressure
# The folders that `make coverage` leaves out: their tests run the service in processes that aren't measured.
UNCOVERED := tests/conformance tests/deployed tests/e2e tests/explorer tests/frontends tests/pressure tests/support
# The tests that `make coverage` runs: those of all other folders.
COVERED ?= $(filter-out $(UNCOVERED),$(patsubst %/,%,$(wildcard tests/[a-z]*/)))
PIP := -m pip --quiet --quiet --no-input --disable-pip-version-check
export PIP_ROOT_USER_ACTION := ignore
# Keep compiled modules whatever the shell's setting: the tests start the service dozens of times.
unexport PYTHONDONTWRITEBYTECODE
# The tools of `make lock` have a separate environment, so that they don't affect the locked versions.
TOOLS := .tools
COMPILE := $(TOOLS)/bin/uv pip compile --universal --generate-hashes --no-header --quiet --python-version 3.11 --no-emit-index-url $(if $(UPGRADE),--upgrade)

help:
	@echo "make dev            start the service with a PostgreSQL and demo data (PORT, DATABASE_URL, DATA_FOLDER)"
	@echo "make prod           show the production setup: two workers, JSON logs, metrics and keys (PORT)"
	@echo "make check          lint, check the types of app and of changed tests, run the tests that start nothing"
	@echo "make test           lint, type check and run all tests (WORKERS: processes; THOROUGH=1: more examples)"
	@echo "make test-random    run the randomized tests on new examples (SEED: repeats a run; THOROUGH=0: fewer)"
	@echo "make test-database  run the database's tests on DATABASE_URL, whose role may create databases"
	@echo "make test-pressure  flood, kill and disconnect the service, some minutes (PRESSURE: test files; LEDGER_SECONDS, FEED_EVENTS)"
	@echo "make coverage       measure the coverage of the tests that call the code in their own process, some minutes"
	@echo "make conformance    test with real clients and gateways and write docs/conformance.md (needs Node)"
	@echo "make supergraph     compose the schemas for the router of docker-compose.yml (needs Node)"
	@echo "make explorer-picture  take docs/explorer.png again (needs Node and Chromium)"
	@echo "make migration NAME=\"…\"  write the next migration from the changes in app/db/tables.py"
	@echo "make bench          compare this service with other GraphQL servers (BENCH=--quick for a short run)"
	@echo "make lock           compile requirements/*.txt from pyproject.toml (UPGRADE=1: with the newest versions)"

dev: $(VENV)/.installed-dev
	@$(BIN)/python explorer/build.py || echo "Continuing without the explorer; its page says how to get it." >&2
	@$(BIN)/python -m app dev

prod: $(VENV)/.installed-dev
	@$(BIN)/python -m app demo

# Three processes that end at about the same time on two cores.
check: $(VENV)/.installed-test
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/lint-imports
	@$(MAKE) --no-print-directory --jobs=3 --output-sync check-types check-schema check-rest

# The types of the tests take as long as those of the program, so only those of changed tests are checked here.
CHANGED_TESTS = $(shell git diff --name-only --diff-filter=d HEAD -- tests bench | grep '[.]py$$'; \
	git ls-files --others --exclude-standard -- tests bench | grep '[.]py$$')
check-types: $(VENV)/.installed-test
	@$(BIN)/basedpyright app $(CHANGED_TESTS)

# Two halves: these folders, and everything else, so that a new folder is tested too.
QUICKLY := QUICK=1 $(BIN)/pytest --quiet --without-server
WITH_SCHEMA := tests/contract tests/graphql tests/engine tests/domain
check-schema: $(VENV)/.installed-test
	@$(QUICKLY) $(WITH_SCHEMA)

check-rest: $(VENV)/.installed-test
	@$(QUICKLY) tests $(addprefix --ignore=,$(WITH_SCHEMA))

test: $(VENV)/.installed-test
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/lint-imports
	@$(MAKE) --no-print-directory --jobs=2 test-types test-run

# Beside the tests: the type checker uses one core for almost a minute.
test-types: $(VENV)/.installed-test
	@$(BIN)/basedpyright

test-run: $(VENV)/.installed-test
	@$(BIN)/pytest --numprocesses=$(WORKERS)

# The only target whose examples differ from run to run.
NEW_SEED = $(shell od -A n -N 4 -t u4 /dev/urandom | tr -d ' ')
test-random: THOROUGH ?= 1
test-random: $(VENV)/.installed-test
	@SEED=$(or $(SEED),$(NEW_SEED)) THOROUGH=$(THOROUGH) $(BIN)/pytest --numprocesses=$(WORKERS) -m randomized

test-database: $(VENV)/.installed-test
	@test -n "$$DATABASE_URL" || { echo "Set DATABASE_URL to a PostgreSQL 15 or newer." >&2; exit 2; }
	@$(BIN)/pytest --numprocesses=$(WORKERS) tests/db tests/graphql

test-pressure: $(VENV)/.installed-test
	@$(BIN)/pytest --slow -m slow $(PRESSURE)

# In one process, because the figures of several would have to be combined. Python 3.14 measures with `sys.monitoring`,
# which costs a tenth of the time; with the tracer of older versions the tests take up to three times as long.
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

# A marker file per environment, so that the second start installs nothing.
$(VENV)/.installed-dev $(VENV)/.installed-test $(VENV)/.installed-bench: $(VENV)/.installed-%: requirements/%.txt pyproject.toml app/__init__.py | $(BIN)/pip
	@echo "Installing the locked dependencies (once)."
	@$(BIN)/python $(PIP) install --require-hashes --requirement $<
	@$(BIN)/python $(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(TOOLS)/.installed-lock: requirements/lock.txt | $(TOOLS)/bin/pip
	@$(TOOLS)/bin/python $(PIP) install --require-hashes --requirement $<
	@touch $@

# --clear, because an environment without pip was left behind by an interrupted run.
$(VENV)/bin/pip $(TOOLS)/bin/pip: %/bin/pip:
	@for python in $(or $(PYTHON),python3.11 python3 python3.14 python3.13 python3.12); do \
		if $$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			exec $$python -m venv --clear $*; \
		fi; \
	done; \
	echo "Python 3.11 or newer with its venv module is needed, and none was found$(if $(PYTHON),: PYTHON=$(PYTHON), on the PATH)." >&2; exit 1
