# `make` lists the targets. Any Python >= 3.11 will do; choose one with `make test PYTHON=python3.12`
# (after `make clean`, where .venv is there already).

PYTHON ?= python3 python3.13 python3.12 python3.11
UV_VERSION := 0.13.8
PORT ?= 5000
ARGS ?=

export MLFLOW_DISABLE_TELEMETRY := true
# Each process imports torch and MLflow: without compiled modules that costs ten seconds more, every time.
export PYTHONDONTWRITEBYTECODE :=

BIN := .venv/bin
READY := .venv/.ready
PROJECT_ENV := .venv/.project-env
# With the environment active: the tools call each other (mlflow calls uv and git) through PATH.
RUN := PATH="$(CURDIR)/$(BIN):$$PATH"

.PHONY: help prune test test-slow bench ui docs screenshot lock clean setup project-env
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## make .venv from requirements.lock (the other targets do it when needed)
	@:

prune: project-env ## train, prune by five criteria, log to MLflow; ARGS="-P dataset=mnist" for more
	@$(RUN) mlflow run . -e prune $(ARGS)

test: $(READY) ## lint, types, tests
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) mypy
	@$(RUN) OMP_NUM_THREADS=1 pytest -n 2 --dist worksteal $(ARGS)

test-slow: $(READY) ## the tests that take minutes or install packages
	@$(RUN) OMP_NUM_THREADS=1 pytest -m slow $(ARGS)
	@$(RUN) OMP_NUM_THREADS=1 LEASTLOSS_EXAMPLES=3000 pytest -n 2 tests/information

bench: $(READY) ## speed and memory, each against a named peer
	@for script in benchmarks/*.py; do \
	  echo "== $$script"; $(RUN) PYTHONPATH=src python "$$script" || exit 1; \
	done

ui: $(READY) ## open the MLflow UI on the local store (PORT=5000)
	@echo "Open http://127.0.0.1:$(PORT)/#/experiments/0/runs?workflowType=machine_learning"
	@$(RUN) mlflow ui --port $(PORT) --workers 1 \
	  --backend-store-uri "$${MLFLOW_TRACKING_URI:-sqlite:///mlflow.db}"

docs: $(READY) ## build the documentation into site/, warnings are errors
	@$(RUN) NO_MKDOCS_2_WARNING=1 mkdocs build --strict
	@echo "Open site/index.html"

screenshot: $(READY) ## docs/images/report.png from a page of `compare`: make screenshot PAGE=compare.html
	@$(RUN) python scripts/screenshot.py "$(PAGE)" docs/images/report.png

# -c pins uv itself, so that the lock holds the uv that made it. --upgrade is left to ARGS.
lock: $(BIN)/uv ## write requirements.lock anew from pyproject.toml (ARGS=--upgrade for newer versions)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"
	@echo "uv==$(UV_VERSION)" | UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile \
	  pyproject.toml --constraints - --universal --python-version 3.11 --all-extras \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --quiet \
	  $(ARGS) --output-file requirements.lock

clean: ## remove .venv, caches and build outputs (runs, results and the shared environments stay)
	@rm -rf .venv build dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@find . -name '*.egg-info' -type d -prune -exec rm -rf {} +

# No stamp, no trust: what an interrupted set-up left behind is cleared.
$(BIN)/uv:
	@for python in $(PYTHON); do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    "$$python" -m venv --clear .venv || { \
	      echo "error: '$$python -m venv' failed (Debian, Ubuntu: install python3-venv)" >&2; \
	      rm -rf .venv; exit 1; }; \
	    $(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"; \
	    exit; \
	  fi; \
	done; \
	echo "error: no Python >= 3.11 among: $(PYTHON); name one with PYTHON=/path/to/python3" >&2; \
	exit 1

$(READY): requirements.lock pyproject.toml
	@[ -e $@ ] || rm -rf .venv
	@rm -f $@
	@$(MAKE) --no-print-directory $(BIN)/uv
	@$(RUN) uv pip sync --python $(BIN)/python --require-hashes requirements.lock
	@$(RUN) uv pip install --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# The stamp names the environment's folder, which lives outside and may have been deleted.
project-env: $(READY)
	@[ $(PROJECT_ENV) -nt $(READY) ] && \
	  [ -e "$$(cat $(PROJECT_ENV))/.leastloss-complete" ] || { \
	  $(BIN)/python scripts/project_env.py > $(PROJECT_ENV).part && \
	  mv $(PROJECT_ENV).part $(PROJECT_ENV); }
