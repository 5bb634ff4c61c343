# Two commands for everyone: `make demo` and `make test`. The rest is for maintainers.
# Each makes what it needs in .venv; PYTHON=… chooses another interpreter.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
# Many tests wait for something, so there are twice as many at a time as there are cores.
WORKERS ?= $(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN))))

.PHONY: demo test slow lint types generate settings wheel clean

demo: $(VENV)/.demo  ## an order application, its sidecar and bundled components
	@echo "== running examples/orders: $(BIN)/python -m examples.orders"
	@$(BIN)/python -m examples.orders

test: $(VENV)/.test  ## the default suite, under three minutes
	@echo "== running the tests: $(BIN)/python -m pytest -q -n $(WORKERS) -m 'not slow'"
	@$(BIN)/python -m pytest -q -n $(WORKERS) -m "not slow"

slow: $(VENV)/.test  ## what takes longer
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup -m "slow and not timed"
	$(BIN)/python -m pytest -q -m timed

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.dev  ## pyright is told where we are, since it sees no editable installs
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/pyright --verifytypes pluggable --ignoreexternal --pythonpath $(BIN)/python

generate: $(VENV)/.dev  ## messages from protos/ into pluggable/_proto
	$(BIN)/python protos/generate.py

settings: $(VENV)/.dev  ## servers/SETTINGS.md from what the components say of themselves
	$(BIN)/python servers/settings_table.py

wheel: $(VENV)/.dev
	$(BIN)/python -m build --quiet --outdir dist

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is wanted, and none was found; set PYTHON=…"; exit 1; }
	@echo "== making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.%: $(VENV)/bin/python pyproject.toml
	@echo "== installing this package with its extra '$*' into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[$*]"
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info
