# The verbs of this project; CI calls the same ones.
SHELL := /bin/bash
.DEFAULT_GOAL := help
include infra/env
export
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
