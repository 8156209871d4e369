# Everything sets itself up: a virtual environment in .venv with the locked versions, made once and kept.
# Needs Python 3.11 or later, make and a package index.
#
#   make demo    measure a small synthetic cohort, truth beside result
#   make test    lint and the whole test suite
#   make check   the part of the suite that a developer runs while writing (2 minutes at most)
#   make lint    ruff, mypy --strict and the direction of imports
#   make lock    compile requirements/*.txt anew (after a change of dependencies)
#
# EXTRAS=train also installs PyTorch and what training needs; without it their tests are skipped by name.

PYTHON ?= python3
EXTRAS ?=
VENV   := .venv
BIN    := $(VENV)/bin
JOBS   ?= auto
PIP    := $(BIN)/python -m pip --disable-pip-version-check

READY  := $(VENV)/.ready-core
DEV    := $(VENV)/.ready-dev
STARTED := $(shell date +%s)
TOOK    = @echo "make $@ took $$(( $$(date +%s) - $(STARTED) )) s, set-up included"
BUILD  := hatchling editables pathspec trove-classifiers packaging pluggy
TRAIN  := $(if $(findstring train,$(EXTRAS)),$(VENV)/.ready-train)

# A test never shares its cores with a pool of threads in every other test.
export OMP_NUM_THREADS ?= 1
export MPLBACKEND = Agg

.PHONY: help demo test check lint lock schema clean

help:
	@sed -n 's/^#   //p' Makefile

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; v = sys.version_info; \
	  sys.exit(None if v >= (3, 11) else f"Python {v[0]}.{v[1]} is too old; install 3.11 or later, or pass PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@touch $@

# The locks are complete, so pip need not resolve anything (--no-deps), and a core without tests stays small.
$(READY): $(VENV)/.made requirements/core.txt pyproject.toml
	$(PIP) install --quiet --no-deps -r requirements/core.txt -c requirements/dev.txt $(BUILD)
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): $(READY) requirements/dev.txt
	$(PIP) install --quiet --no-deps -r requirements/dev.txt
	@touch $@

$(VENV)/.ready-train: $(DEV) requirements/train.txt
	$(PIP) install --quiet -r requirements/train.txt
	@touch $@

demo: $(READY)
	$(BIN)/splenic demo -o demo-out
	$(TOOK)

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint $(TRAIN)
	$(BIN)/pytest -n $(JOBS) --dist worksteal
	$(TOOK)

check: $(DEV) $(TRAIN)
	$(BIN)/pytest -n $(JOBS) --dist worksteal -m "not slow"
	$(TOOK)

# What PyTorch wants of GPU libraries depends on its build and stays its own choice.
lock: $(DEV)
	$(LOCK) pyproject.toml -o requirements/core.txt
	$(LOCK) pyproject.toml requirements/dev.in -c requirements/core.txt -o requirements/dev.txt
	$(LOCK) requirements/train.in -c requirements/dev.txt | grep -Ev '^(nvidia-|cuda-|triton)' > requirements/train.tmp
	mv requirements/train.tmp requirements/train.txt

LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header --no-emit-index-url

# After a change of the dataclasses of a record; count its version up where older records would not fit.
schema: $(DEV)
	$(BIN)/python -c 'from splenic.pipeline.record import write_schema; write_schema()'

clean:
	rm -rf $(VENV) demo-out dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
