# Needs Python 3.11 and make; everything else comes from the lock.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test accept lock clean
.DELETE_ON_ERROR:

demo: $(STAMP)  ## set up, write the small demo network, plan it, print the summary
	@$(BIN)/zapas demo build/demo/network --size small
	@$(BIN)/zapas plan build/demo/network --out build/demo/plan

test: $(STAMP)  ## lint, types, architecture, every test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/mypy -n 2 domain forecasting optimizer simulation storage scenarios reports api cli tests benchmarks
	@$(BIN)/python -m pytest -n 2 --dist worksteal

accept: $(STAMP)  ## every "done" line of every issue at full size; writes docs/acceptance.md
	@$(BIN)/python -m benchmarks.acceptance

$(STAMP): requirements.lock pyproject.toml
	@echo "Setting up $(VENV) (about two minutes, once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -c "import lightgbm" 2>/dev/null || (apt-get update && apt-get install -y libgomp1) >/dev/null 2>&1 \
	  || echo "LightGBM needs the OpenMP library libgomp1; please install it."
	@touch $@

lock:  ## refresh requirements.lock from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --extra test --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --no-header -o requirements.lock

clean:
	rm -rf build $(VENV)
