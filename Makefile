# Two commands on a fresh machine: `make validate` and `make test`. The first run of either creates
# .venv and installs what constraints.txt pins; later runs install nothing.

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
CANDIDATES := $(PYTHON) python3.12 python3.11 python3 python3.13 python3.14

# Packages of the reader's own must not stand before those of the lock.
unexport PYTHONHOME PYTHONPATH
# Containers often set this; without compiled files the tests take a fifth longer.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
# How long `make fuzz` begins new rounds.
SECONDS := 120

.PHONY: help install validate test slow lint check coverage fuzz bench doubt drills runbooks browser record index reference lock clean

help: ## What can be made
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile

validate: $(INSTALLED) ## Bring up the local stack, run the validations, take it down
	@$(BIN)/securenet-obs validate --local

# Loading nbval takes each process a second; the tests that need it start it themselves.
PYTEST := $(BIN)/pytest -p no:nbval --numprocesses 4 --dist loadfile --no-loadscope-reorder

test: lint ## ruff, mypy, import-linter, notebooks' lint, pytest, nbval
	$(PYTEST) -m "not slow"

# `make slow SLOW=tests/distributed` runs only those below a folder.
slow: $(INSTALLED) ## The tests that `make test` leaves out, since each takes five seconds or more
	$(PYTEST) -m slow $(SLOW)

coverage: $(INSTALLED) ## The tests once more, with the lines and branches that none of them reaches
	$(PYTEST) --cov --cov-report=term

lint: $(INSTALLED) ## The part of `make test` that runs nothing
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/securenet-obs lint

# `make check PYTHON=python3.13 VENV=.securenet/check-3.13` does it with another Python.
check: lint ## Lint, and the tests of `make test` that start no Redis, worker, Bugsink or kernel
	$(BIN)/pytest --quiet -p no:nbval --numprocesses 2 --dist worksteal -m "not stack and not slow"

fuzz: $(INSTALLED) ## Search for new examples that break a test or a reader; SECONDS=120
	@$(BIN)/python -m tests.fuzz --seconds $(SECONDS)

install: $(INSTALLED) ## Create .venv and install the project into it

# Fails with one sentence: what is missing is the reader's, a pip traceback is not. Packages of an
# older lock do not stay beside those of a newer one.
$(INSTALLED): constraints.txt pyproject.toml
	@set -e; \
	for candidate in $(CANDIDATES); do \
	  if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	  then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "make: no Python 3.11 or newer was found ($$(python3 --version 2>&1 | head -n 1));" \
	    "install one, or name it: make PYTHON=/path/to/python3.12" >&2; exit 1; \
	fi; \
	if ! $$python -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo "make: $$python cannot create virtual environments;" \
	    "install its venv module (Debian and Ubuntu: apt-get install python3-venv)" >&2; exit 1; \
	fi; \
	echo "Setting up $(VENV) with $$($$python --version): once, a minute or two ..."; \
	if [ -f $@ ] && [ -n "$(filter constraints.txt,$?)" ]; then rm -rf $(VENV); fi; \
	$$python -m venv $(VENV); \
	$(BIN)/python -I .ci/set_up.py $(VENV); \
	touch $@

bench: $(INSTALLED) ## Measure speed beside peers and limits; JSON goes to .securenet/bench
	@mkdir -p .securenet/bench
	@for script in tests/benchmarks/bench_*.py; do \
	  name=$$(basename $$script .py); echo "== $$name"; \
	  $(BIN)/python $$script --json .securenet/bench/$$name.json || exit 1; \
	done

# `make drills DRILL="worker-killed store-locked"` runs only those.
drills: $(INSTALLED) ## Put every fault into a local stack, and see that nothing is lost or doubled
	@$(BIN)/securenet-obs drill $(DRILL)

# `make doubt FAULT="--fault local-time --fault keys-evicted"` rehearses only those.
doubt: $(INSTALLED) ## Hold every known fault, and see that the named checks of validations fail
	@$(BIN)/securenet-obs doubt $(FAULT)

# `make runbooks RUNBOOK="worker_is_gone"` proves only those.
runbooks: $(INSTALLED) ## Break a local stack in each runbook's way; find, confirm, act and verify
	@$(BIN)/securenet-obs runbooks prove $(RUNBOOK)

# The notebooks that `make record` executes.
NOTEBOOKS := notebooks/*.ipynb runbooks/*.ipynb

browser: $(INSTALLED) ## Follow two runbooks in JupyterLab in real Chromium, with screenshots
	@$(BIN)/python -m tests.browser

record: $(INSTALLED) ## Execute the notebooks anew on the local stack and store their outputs
	$(BIN)/securenet-obs exec --local -- jupyter nbconvert --to notebook --execute --inplace \
	  --ExecutePreprocessor.record_timing=False $(NOTEBOOKS)
	$(BIN)/jupyter nbconvert --to notebook --inplace --TagRemovePreprocessor.enabled=True \
	  --TagRemovePreprocessor.remove_all_outputs_tags=secret-output $(NOTEBOOKS)
	$(BIN)/python -m securenet_obs.authoring $(NOTEBOOKS)

# Written beside first: the commands themselves read the index.
INDEX := securenet_obs/matching/index.json

index: $(INSTALLED) ## Write the index of runbooks that services carry, from the metadata of runbooks/
	@$(BIN)/securenet-obs runbooks index --root . > $(INDEX).new
	@mv $(INDEX).new $(INDEX)

reference: $(INSTALLED) ## Write README's reference from the commands, the settings and the formats
	@$(BIN)/python -m tests.reference

lock: $(INSTALLED) ## Pin anew what pyproject.toml asks for, Bugsink too, and print what moved
	@$(BIN)/python .ci/lock.py --upgrade

clean: ## Remove what make, the stack and the runs have left here
	@if [ -x $(BIN)/securenet-obs ]; then $(BIN)/securenet-obs down >/dev/null; fi
	find securenet_obs tests -name __pycache__ -exec rm -rf {} +
	rm -rf $(VENV) .securenet evidence .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis
