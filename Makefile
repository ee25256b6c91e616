# Terang. `make` alone says what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help install demo test check bench soak up down

BIN := .venv/bin
# what the quick part runs: no server is started
QUICK := tests/unit tests/contract
# two files at a time, each process of pytest with servers of its own
SIDE_BY_SIDE := tests/unit tests/contract tests/component tests/fault tests/bench \
	--ignore=tests/component/local --ignore=tests/component/identity \
	--ignore=tests/fault/test_campaign.py
# what starts a whole stack takes the usual ports and goes alone
ONE_BY_ONE := tests/component/local tests/e2e tests/browser

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s  %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: .venv/installed ## make .venv and install what requirements.lock names

.venv/installed: requirements.lock pyproject.toml deploy/install.sh
	@bash deploy/install.sh

demo: install ## play one full round (APPLICANTS=3000 SEED=2024 EXIT=1: end when it is over)
	@$(BIN)/terang demo $(if $(APPLICANTS),--applicants $(APPLICANTS)) \
		$(if $(SEED),--seed $(SEED)) $(if $(EXIT),--exit)

up: install ## start the platform on this machine and leave it running
	@$(BIN)/terang local up --detach

down: install ## end it; its data stay
	@$(BIN)/terang local down

check: install ## the quick part of the tests: style, types, imports, unit, contract
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q -n 2 $(QUICK)

test: install ## all tests; Kafka and PostgreSQL are started for them
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q -n 2 --dist loadfile $(SIDE_BY_SIDE)
	$(BIN)/python -m pytest -q $(ONE_BY_ONE)

bench: install ## measure at full size, each figure beside its baseline
	TERANG_TEST_SIZE=full TERANG_TEST_DURABLE=1 \
		$(BIN)/python -m pytest -q -s --timeout 3600 tests/bench

soak: install ## the simulator, a list of LINES=3600000, then FAULTS=1000 against real processes
	$(BIN)/python -m tests.fault.simulator --histories $(or $(HISTORIES),100000) --seed $(or $(SEED),1)
	TERANG_VERIFY_LINES=$(or $(LINES),3600000) $(BIN)/python -m pytest -q -s --timeout 7200 \
		tests/bench/ranking/test_verify.py
	$(BIN)/python -m tests.fault.campaign --faults $(or $(FAULTS),1000) --seed $(or $(SEED),1)
