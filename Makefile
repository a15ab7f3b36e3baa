# Every target installs what it needs first, into folders of this checkout only.
SHELL := bash
.SHELLFLAGS := -o pipefail -c
UV_VERSION := 0.13.9
PYTHON := python3.13
export SAM_CLI_TELEMETRY := 0
# SAM and the linters want a region; nothing here may meet the AWS profile of whoever runs it.
OFFLINE := AWS_DEFAULT_REGION=eu-west-1 AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
UV := .tools/bin/uv
BIN := .venv/bin
PYTEST := env -u MAKEFLAGS $(BIN)/python -m pytest
# SAM looks for python3.13 and its pip on the PATH.
SAM := PATH="$(CURDIR)/.venv-sam/bin:$$PATH" sam
ONCE ?=
MINUTES ?= 10
SEED ?=
SEEDS ?= 1000
NAMES ?=
BASE ?=
COMMA := ,

.PHONY: setup test test-stack test-rest lint demo rules figures compare simulate mutants soak lock build clean

setup: .venv/.done .venv-sam/.done

# Two halves at once: one mostly waits for the local stack, the other computes. Each line says whose it is.
test: lint
	$(MAKE) --no-print-directory --jobs=2 test-stack test-rest

test-stack: setup
	$(PYTEST) tests/e2e tests/stack 2>&1 | sed -u 's/^/stack: /'

test-rest: setup
	$(PYTEST) --ignore=tests/e2e --ignore=tests/stack 2>&1 | sed -u 's/^/rest:  /'

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(OFFLINE) $(SAM) validate
	$(OFFLINE) $(SAM) validate --lint
	$(OFFLINE) $(BIN)/cfn-lint template.yaml infra/*.yaml

demo: setup
	ONCE=$(ONCE) $(BIN)/python -m infra.local.demo

rules: setup
	$(BIN)/python -m tests.rules

figures: setup
	$(BIN)/python -m tests.figures $(BASE) .

compare: setup
	$(BIN)/python -m tests.bench.compare $(or $(BASE),$(error BASE is the other checkout: make compare BASE=../base))

simulate: setup
	$(BIN)/python -m tests.simulate --seeds $(SEEDS)

mutants: setup
	$(BIN)/python -m tests.simulate.mutants $(subst $(COMMA), ,$(NAMES))

soak: setup
	MINUTES=$(MINUTES) SEED=$(SEED) $(BIN)/python -m tests.soak

build: setup
	$(OFFLINE) $(SAM) build

lock: $(UV)
	$(UV) lock
	$(UV) export --frozen --no-dev --no-emit-project --quiet -o layers/lastunit/requirements.txt

clean:
	rm -rf .aws-sam .local .tools .venv .venv-sam .mypy_cache .pytest_cache .ruff_cache .hypothesis

.tools/bin/uv: Makefile
	@$(PYTHON) -c 'import venv, ensurepip' || { echo "Lastunit needs $(PYTHON) with venv and pip on the PATH:" \
		"install it (pyenv install 3.13, apt install python3.13-venv) and run make again." >&2; exit 1; }
	$(PYTHON) -m venv .tools
	.tools/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

.venv/.done: $(UV) pyproject.toml uv.lock
	$(UV) sync --quiet --frozen --python $(PYTHON)
	@touch $@

# The SAM CLI pins other versions than the tests need. The layer's Makefile runs pip, hence the seed.
.venv-sam/.done: $(UV) pyproject.toml uv.lock
	test -x .venv-sam/bin/pip || $(UV) venv --quiet --seed --clear --python $(PYTHON) .venv-sam
	UV_PROJECT_ENVIRONMENT=.venv-sam $(UV) sync --quiet --frozen --only-group sam --inexact
	@touch $@
