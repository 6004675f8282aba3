# Everything a newcomer needs: Python 3.11+, make and git. The rest is installed here.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
UV = $(shell command -v uv || echo $(BIN)/uv)
READY := $(VENV)/.ready
ARGS ?=
PROTO_OUT ?= .

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(READY): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@command -v uv >/dev/null || test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@echo "Installing the locked environment into $(VENV) ..."
	@VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --require-hashes -r requirements.lock
	@VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --no-deps --editable .
	@touch $(READY)

setup: $(READY) ## Create the environment from the lock

demo: $(READY) ## The main job on real data: declare, match, onboard, prove, retire (ARGS=--once to end by itself)
	@$(BIN)/gemensam demo $(ARGS)

stack: $(READY) ## The topology of docker-compose.yml without containers: PostgreSQL, Kafka (Java 17, Maven), gateways
	@$(BIN)/python -m registry.demo.stack $(ARGS)

test: $(READY) ## Install what the tests need and run them all
	@$(BIN)/python -m pytest --numprocesses logical --dist loadfile $(ARGS)

check: $(READY) ## Format, lint, types, import rules, protos, docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.checks.protos
	$(BIN)/python -m tests.checks.docs
	@$(BIN)/python -m tests.checks.supply || { code=$$?; test $$code -eq 3 && echo "supply: the advisory service was NOT ASKED: no verdict"; }

bench: $(READY) ## Measure ratios beside the bare floor in one run (a table, and JSON in bench.json)
	@$(BIN)/python -m tests.bench $(ARGS)

sbom: $(READY) ## Write what the program is made of (CycloneDX) into sbom.json
	@$(BIN)/python -m tests.checks.supply --sbom sbom.json

audit: $(READY) ## Ask whether anything in the lock is known to be vulnerable (exit 3: could not ask)
	@$(BIN)/python -m tests.checks.supply

soak: $(READY) ## Random faults from a seed on a registry under load, and the verdict (ARGS="--seed 7 --minutes 10")
	@$(BIN)/python -m tests.soak $(ARGS)

protos: $(READY) ## Generate registry/api/v1 from protos/
	@$(BIN)/python -m grpc_tools.protoc --proto_path=protos \
	  --proto_path=$$($(BIN)/python -c 'import grpc_tools, os; print(os.path.join(os.path.dirname(grpc_tools.__file__), "_proto"))') \
	  --python_out=$(PROTO_OUT) --grpc_python_out=$(PROTO_OUT) --plugin=protoc-gen-mypy=$(BIN)/protoc-gen-mypy \
	  --plugin=protoc-gen-mypy_grpc=$(BIN)/protoc-gen-mypy_grpc --mypy_out=$(PROTO_OUT) --mypy_grpc_out=$(PROTO_OUT) \
	  $$(cd protos && find registry -name '*.proto' | sort)
	@cd $(PROTO_OUT)/registry/api/v1 && ls *_pb2_grpc.py* | grep -v _service_pb2_grpc | xargs rm -f # files without a service

format: $(READY) ## Format the code and repair what lint can
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

lock: ## Resolve pyproject.toml into requirements.lock (hashes, no addresses)
	@$(UV) pip compile pyproject.toml --all-extras --universal --generate-hashes --no-annotate --no-header --quiet --upgrade --output-file requirements.lock

clean: ## Remove what was installed and generated at run time
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache bench.json sbom.json soak.jsonl

.PHONY: help setup demo stack test check bench sbom audit soak protos format lock clean
