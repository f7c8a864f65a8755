# The verbs of this project; CI calls the same ones.
SHELL := /bin/bash
.DEFAULT_GOAL := help
include infra/env
export
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PREFECT_HOME := $(CURDIR)/.prefect
export MLFLOW_TRACKING_URI ?= sqlite:///$(CURDIR)/.tryon/mlflow.db
PYTHON ?= python3.11
BIN := .venv/bin
INSTALLED := .venv/installed

.PHONY: help setup repro test lint lock serve-flows mlflow report clean

help:  ## list the verbs
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 14

$(INSTALLED): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q uv==0.13.9
	$(BIN)/uv pip sync -q --python $(BIN)/python --require-hashes requirements.lock
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@mkdir -p .tryon && $(BIN)/mlflow db upgrade sqlite:///$(CURDIR)/.tryon/mlflow.db >/dev/null 2>&1
	@touch $@

setup: $(INSTALLED)  ## install the locked environment into .venv

repro: setup  ## render, curate, train, fit, evaluate, report: `dvc repro` of the small size, its patterns side by side
	$(BIN)/tryon doctor
	$(BIN)/dvc repro segment_garments
	@$(BIN)/dvc stage list --name-only | sed -n 's/^train_cyclegan@//p' | xargs -P "$$(nproc)" -I PATTERN bash -c \
	  'set -o pipefail; for stage in prepare_domains train_cyclegan evaluate_cyclegan; do \
	    $(BIN)/dvc --wait-for-lock repro --single-item $$stage@PATTERN || exit 1; done 2>&1 | sed -u "s/^/PATTERN  /"'
	$(BIN)/dvc repro
	@$(BIN)/python -m tryon.reporting.summary reports/index.html

test: setup  ## run every test, side by side on up to four cores
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal

lint: setup  ## format, lint, types and import direction
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lock: setup  ## resolve pyproject.toml into requirements.lock (hashes, no host)
	$(BIN)/uv pip compile -q pyproject.toml --group dev --python-version 3.11 --python-platform linux \
	  --generate-hashes --no-header --no-annotate -o requirements.lock

serve-flows: setup  ## start the Prefect server and serve the flows on their schedules
	$(BIN)/python -m flows.serve

mlflow: setup  ## open the experiment store at http://127.0.0.1:5000
	$(BIN)/mlflow --env-file mlflow/server.env server --backend-store-uri sqlite:///$(CURDIR)/.tryon/mlflow.db \
	  --artifacts-destination $(CURDIR)/.tryon/artifacts

report:  ## print where the report is
	@test -f reports/index.html && echo $(CURDIR)/reports/index.html || { echo "no report yet: run make repro" >&2; exit 1; }
