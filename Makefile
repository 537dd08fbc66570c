# Two commands to know: `make demo` and `make test`. Each makes its own .venv first and can be run again.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
BENCH := .venv/.bench
DIST := .venv/.dist

# Where it is set (containers often do), each process of the tests would compile all that it imports anew.
unexport PYTHONDONTWRITEBYTECODE

# Made with another Python than the one that is asked for: it is made anew.
ifneq ($(origin PYTHON),file)
ifneq ($(shell $(BIN)/python --version 2>/dev/null),$(shell $(PYTHON) --version))
$(shell rm -f $(READY))
endif
endif

.PHONY: demo test long test-browser check types rules docs dist constraints bench faults hostile upgrade fuzz-http clean

demo: $(READY)
	@$(BIN)/esms-worker demo

test: check
	@$(BIN)/python -m pytest -n 4 --dist loadgroup -m 'not long'

# What takes longest: by supervisors, `up`, the README, RabbitMQ; .ci/run runs it after the others.
long: $(READY)
	@$(BIN)/python -m pytest -n 4 --dist loadgroup -m long --ignore tests/browser

# Pages as people see them, in a real Chromium: its own, or Debian's where we may install it; else it says why not.
test-browser: $(READY)
	@$(BIN)/python .ci/install.py --editable embedded http dev browser
	@command -v chromium chromium-browser google-chrome >/dev/null || test "$$(id -u)" != 0 || (apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium >/dev/null) || true
	@$(BIN)/python -m pytest -n 2 --dist loadgroup tests/browser -rs

# Types take longest, on one core; meanwhile the other does the rest.
check: $(READY)
	@$(MAKE) --no-print-directory --jobs 2 types rules

types: $(READY)
	@$(BIN)/mypy --no-error-summary

rules: $(READY)
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/lint-imports > .venv/lint-imports.log || (cat .venv/lint-imports.log; exit 1)
	@$(BIN)/python -m pytest --noconftest tests/shape/test_house.py > .venv/house.log || (cat .venv/house.log; exit 1)
	@$(BIN)/python .ci/audit.py .venv/.audited

docs: $(READY)
	@$(BIN)/python -m tests.documents.api

# What would be published, built and tried as a stranger would install it. Publishes nothing.
dist: $(DIST)
	@rm -rf dist && $(BIN)/python -m build --no-isolation --outdir dist . > .venv/build.log || (cat .venv/build.log; exit 1)
	@$(BIN)/python -m twine check --strict dist/*
	@$(BIN)/python -m tests.documents.installed dist/*.whl

# Pins every version and the hashes of its files; make constraints UPGRADE=--upgrade takes the newest.
constraints: $(DIST)
	@$(BIN)/python .ci/install.py --list | $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate \
	  --custom-compile-command 'make constraints' --all-extras $(UPGRADE) --output-file constraints.txt pyproject.toml -

bench: $(BENCH)
	@$(BIN)/python -m benchmarks

# About an hour; make faults ONLY=polling runs the rows with that word and writes those anew. One with another transport
# or broker writes no table: TRANSPORT=curl, BROKER=rabbitmq.
faults: $(READY)
	@$(BIN)/python -m tests.faults $(if $(ONLY),--only '$(ONLY)') $(if $(TRANSPORT),--transport $(TRANSPORT)) $(if $(BROKER),--broker $(BROKER))
	@$(if $(ONLY)$(TRANSPORT)$(BROKER),,$(BIN)/python -m tests.faults.mutations)

# Some minutes: what `make test` tries with hundreds, with ten thousand.
hostile: $(READY)
	@ESMS_HOSTILE=10000 $(BIN)/python -m pytest -rs -s --no-header tests/journeys/test_hostile_broker.py tests/broker tests/hostile tests/journeys/test_quiet_logs.py tests/journeys/test_broker_sources.py

# Some five minutes: from the former release to this one with a million messages stored, while both send.
upgrade: $(READY)
	@$(BIN)/python -m tests.upgrade

# Some minutes; make fuzz-http REQUESTS=300 is the short form.
fuzz-http: $(READY)
	@$(BIN)/python -m tests.web.fuzz $(or $(REQUESTS),20000)

# Made whole or not at all: an interrupted install leaves no .ready, so the next run finishes it.
$(READY): pyproject.toml constraints.txt
	@test ! -L .venv || (echo ".venv is a link, and would be emptied where it leads: remove the link"; exit 1)
	@echo "Setting up .venv (a minute or two, the first time)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || (echo "$(PYTHON) is older than 3.11: run make PYTHON=python3.12 (or newer)"; exit 1)
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python .ci/install.py --editable embedded http dev
	@touch $(READY)

# What the benchmarks compare with is installed only for them.
$(BENCH): $(READY)
	@echo "Adding what the benchmarks need to .venv"
	@$(BIN)/python .ci/install.py --editable embedded http dev bench
	@touch $(BENCH)

$(DIST): $(READY)
	@echo "Adding what building needs to .venv"
	@$(BIN)/python .ci/install.py --editable embedded http dev dist
	@touch $(DIST)

clean:
	rm -rf dist .venv .mypy_cache .ruff_cache .hypothesis .import_linter_cache
