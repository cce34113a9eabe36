# Each target works as the first command on a machine with Python 3.11 or newer and make.
PYTHON ?= python3
CORES ?= $(shell getconf _NPROCESSORS_ONLN)
VENV := .venv
BIN := $(VENV)/bin
VLLM := .venv-vllm
PUBLICATION := .venv-publication

.PHONY: help env run report test test-slow test-browser test-r test-publication test-vllm test-finetune test-slurm lint format docs site lock

help:  ## Show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

env: $(BIN)/emoalign  ## Create the environment in .venv from requirements.lock

run: env  ## Run the default study: results/default/report.html
	PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --cores $(CORES)

report: env  ## Bring the report of the default study up to date
	PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --cores $(CORES) report

# A worker for each processor takes a file at a time, the longest first: tests/conftest.py orders them.
# Workers that each compute with all processors would wait for one another.
PYTEST := PATH="$(CURDIR)/$(BIN):$$PATH" OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest
SHARED_OUT := -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder --durations=10

test: $(VENV)/.dev  ## Run the tests, but for those with targets of their own
	$(PYTEST) $(SHARED_OUT) $(ARGS)

test-slow: $(VENV)/.dev  ## Run the tests that take minutes: whole studies, storms of faults
	$(PYTEST) $(SHARED_OUT) -m slow $(ARGS)

test-browser: $(VENV)/.dev  ## Run the tests of the report in Chromium, which they install (Debian, root)
	command -v chromium >/dev/null || { apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium; }
	$(BIN)/python -m pytest tests/browser -m browser $(ARGS)

test-r: $(VENV)/.dev  ## Run the tests of scripts in R, which they install (Debian, root)
	command -v Rscript >/dev/null || { apt-get -qq update && apt-get -qq install -y --no-install-recommends r-base-core; }
	$(BIN)/python -m pytest tests/r -m r $(ARGS)

# What reads bundles, and refuses them, is no part of the project and may not be bent to it.
test-publication: $(VENV)/.dev $(PUBLICATION)/.installed  ## Run the tests of publications with what archives and R users open them
	$(PUBLICATION)/bin/python -m pytest tests/publication --confcutdir=tests/publication $(ARGS)

test-vllm: $(VLLM)/.installed  ## Run the tests of the vLLM engine with vLLM itself, on the CPU
	$(VLLM)/bin/python -m pytest tests/vllm $(ARGS)

test-finetune: $(VLLM)/.installed  ## Run the tests of fine-tuned baselines with PyTorch itself, on the CPU
	$(VLLM)/bin/python -m pytest tests/finetune $(ARGS)

test-slurm: $(VENV)/.dev  ## Run the tests on a one-node SLURM that they install and start (Debian, root)
	$(PYTEST) tests/slurm -m slurm $(ARGS)

lint: $(VENV)/.dev  ## Check style, types and the workflow
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy src tools
	PYTHONPATH=src $(BIN)/lint-imports --no-logo
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint
	PYTHONPATH=src:tools $(BIN)/python -m documentation --check
	$(MKDOCS) --quiet

format: $(VENV)/.dev  ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

docs: $(VENV)/.dev  ## Regenerate docs/configuration.md, docs/results.md and the JSON schemas
	PYTHONPATH=src:tools $(BIN)/python -m documentation

# Without this setting, the theme prints an announcement at each build.
MKDOCS := NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

site: $(VENV)/.dev  ## Build the documentation as a website, site/index.html, and check its links
	$(MKDOCS)

lock:  ## Compile the lock files anew from pyproject.toml
	$(BIN)/uv pip compile $(COMPILE) pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile $(COMPILE) --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	$(BIN)/uv pip compile $(LOCKED) --universal --override tests/publication/overrides.txt tests/publication/requirements.in -o requirements-publication-test.lock
	UV_FIND_LINKS="$$PIP_FIND_LINKS" $(BIN)/uv pip compile $(COMPILE_VLLM) tests/vllm/requirements.in pyproject.toml -o requirements-vllm-test.lock

LOCKED := --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command 'make lock'
COMPILE := $(LOCKED) --universal --extra bundled
COMPILE_VLLM := $(LOCKED) --python-platform x86_64-manylinux_2_28 --no-emit-find-links --no-emit-package torch --override tests/vllm/overrides.txt --extra bundled

# Installing exactly what the lock says needs no resolver and no compiler.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes

$(VENV)/.runtime: requirements.lock
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("emoalign needs Python 3.11 or newer, found %d.%d. Say which one: make PYTHON=python3.12" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) -r requirements.lock
	touch $@

# The package stays in src: this environment's Python and its command emoalign look for it there.
$(BIN)/emoalign: $(VENV)/.runtime
	echo '$(CURDIR)/src' > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/emoalign.pth"
	printf '#!/bin/sh\nexec "%s/python" -P -m emoalign.commands.app "$$@"\n' '$(CURDIR)/$(BIN)' > $@
	chmod +x $@

$(VENV)/.dev: $(BIN)/emoalign requirements-dev.lock
	$(INSTALL) -r requirements-dev.lock
	touch $@

$(PUBLICATION)/.installed: requirements-publication-test.lock
	$(PYTHON) -m venv $(PUBLICATION)
	$(PUBLICATION)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-publication-test.lock
	touch $@

# vLLM for the CPU needs a torch that PyPI does not have. pip looks where its own settings say
# (pip.conf, PIP_FIND_LINKS, PIP_EXTRA_INDEX_URL), and at TORCH_INDEX.
TORCH := torch==2.13.0+cpu
NO_TORCH := pip finds no $(TORCH), a build for the CPU, which PyPI does not have. Say where there is one: make $(MAKECMDGOALS) TORCH_INDEX=<address>. The address is what pytorch.org shows under Get started, with Pip and CPU, after --index-url.
INSTALL_VLLM := $(VLLM)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps

$(VLLM)/.installed: requirements-vllm-test.lock
	$(PYTHON) -m venv $(VLLM)
	@$(INSTALL_VLLM) $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) $(TORCH) || { echo "$(NO_TORCH)" >&2; exit 1; }
	$(INSTALL_VLLM) --require-hashes -r requirements-vllm-test.lock
	touch $@
