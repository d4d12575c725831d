# Everything a developer or an evaluator types; needs Python 3.11 or later and make, nothing else.
#   make up          set up with demo data, print requests to try, and serve (PORT=8080 DATA=var)
#   make test        every test but the long ones        make test-long   the long ones
#   make bench       measure everything beside its yardstick; QUICK=1: in little
#   make lint        formatter, linter, types, imports
#   make lock        write the locked dependencies anew from pyproject.toml

VENV := .venv
BIN := $(VENV)/bin
PYTHON =
PORT = 8080
DATA = $(or $(GATEWAY_DATA),var)
PYTEST =
QUICK =
BENCH =
LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
  --generate-hashes --no-emit-index-url --no-strip-extras --custom-compile-command "make lock"
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# The locks name every package there is to install: pip has nothing to look for, and cannot take a newer one.
LOCKED := $(PIP) install --no-deps --require-hashes
OR_SAY := || { echo "The packages could not be had. Is there a network? HTTPS_PROXY names a proxy," \
  "PIP_INDEX_URL a mirror; then the same command again goes on." >&2; exit 1; }

.DELETE_ON_ERROR:
.PHONY: up test test-long bench lint lock

up: export GATEWAY_DATA := $(DATA)
up: export GATEWAY_SERVICE__PORT := $(PORT)
up: $(VENV)/.installed
	@$(BIN)/gateway demo
	@echo
	@exec $(BIN)/gateway serve

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m "not long" -n auto --dist worksteal $(PYTEST)

test-long: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m long $(PYTEST)

bench: $(VENV)/.installed-dev
	@$(BIN)/python -m tests.benchmarks $(if $(QUICK),--quick) $(BENCH)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lock: $(VENV)/.installed-dev
	$(LOCK) --group build --output-file requirements.txt
	$(LOCK) --group dev --constraints requirements.txt --output-file requirements-dev.txt

# The project itself is installed from its own folder, without a look at the network.
$(VENV)/.installed: requirements.txt pyproject.toml $(BIN)/python
	@echo "Installing the locked dependencies into $(VENV): once, a minute or two …"
	@$(LOCKED) -r requirements.txt $(OR_SAY)
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@echo "Installing what the tests need into $(VENV): once, a minute or two …"
	@$(LOCKED) -r requirements-dev.txt $(OR_SAY)
	@touch $@

$(BIN)/python:
	@for python in $(PYTHON) python3.13 python3.12 python3.11 python3 python; do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    $$python -m venv --clear $(VENV) && exit 0; \
	    echo "$(VENV) could not be made. VENV=/another/place puts it elsewhere." >&2; exit 1; \
	  fi; \
	done; \
	echo "There is no Python 3.11 or later here. Install one, or name it: make PYTHON=/path/to/python3" >&2; \
	exit 1
