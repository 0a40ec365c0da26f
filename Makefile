# Two commands on a fresh machine: `make validate` and `make test`. The first run of either creates
# .venv and installs what constraints.txt pins; later runs install nothing.

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
CANDIDATES := $(PYTHON) python3.12 python3.11 python3 python3.13 python3.14

# Packages of the reader's own must not stand before those of the lock.
unexport PYTHONHOME PYTHONPATH

.DEFAULT_GOAL := help
.PHONY: help install validate test lint bench drills record lock clean

help: ## What can be made
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile

validate: $(INSTALLED) ## Bring up the local stack, run the validations, take it down
	@$(BIN)/securenet-obs validate --local

test: lint ## ruff, mypy, import-linter, pytest with coverage, nbval
	$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --cov --cov-report=term

lint: $(INSTALLED) ## The part of `make test` that runs nothing
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

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
	$(BIN)/python -I -c "$$SET_UP" $(VENV); \
	touch $@

bench: $(INSTALLED) ## Measure speed beside peers and limits; JSON goes to .securenet/bench
	@mkdir -p .securenet/bench
	@for script in tests/benchmarks/bench_*.py; do \
	  name=$$(basename $$script .py); echo "== $$name"; \
	  $(BIN)/python $$script --json .securenet/bench/$$name.json || exit 1; \
	done

drills: $(INSTALLED) ## Put every fault into a local stack, and see that nothing is lost or doubled
	@$(BIN)/securenet-obs drill

record: $(INSTALLED) ## Execute the notebooks anew on the local stack and store their outputs
	$(BIN)/securenet-obs exec --local -- jupyter nbconvert --to notebook --execute --inplace \
	  --ExecutePreprocessor.record_timing=False notebooks/*.ipynb runbooks/*.ipynb
	$(BIN)/jupyter nbconvert --to notebook --inplace --TagRemovePreprocessor.enabled=True \
	  --TagRemovePreprocessor.remove_all_outputs_tags=secret-output notebooks/*.ipynb

lock: $(INSTALLED) ## Pin anew what pyproject.toml asks for, Bugsink too, and print what moved
	@$(BIN)/python .ci/lock.py --upgrade

clean: ## Remove what make, the stack and the runs have left here
	@if [ -x $(BIN)/securenet-obs ]; then $(BIN)/securenet-obs down >/dev/null; fi
	rm -rf $(VENV) .securenet evidence .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis

# The set-up, in the Python of the new environment: pip installs the lock as it is written, whatever
# the reader's settings are, shows how far it is, and what fails is one sentence. Between the marks
# stands securenet_obs/stack/locked_pip.py, which installs Bugsink in the same way; a test compares.
define SET_UP
# --- copied from locked_pip.py
import ast
import os
import re
import subprocess
from importlib.metadata import distributions
from pathlib import Path

LOCKED = ("install", "--no-deps", "--require-hashes", "--progress-bar", "off")
"""Installs a lock as it is written: resolves nothing, and verifies every file."""

# The way to an index: mirror, proxy, certificates. Any other setting of the reader's can change
# the installation: a constraint, another index, a target folder, a ban on wheels, a dry run.
KEPT = """cache-dir cert client-cert default-timeout index-url keyring-provider no-index pypi-url
    proxy retries timeout trusted-host"""

FAILURES = (
    (
        r"(?:Failed building \w+ for|error: .*build dependencies for) '?([\w.-]+)",
        "{} cannot be built",
    ),
    (
        r"ssl certificate(?s:.*)the requirement (\S+)",
        "the package index of {} has no valid certificate",
    ),
    (
        r"the requirement (\S+) \(from versions: none",
        "the package index could not be reached, or lacks a file: "
        "No matching distribution found for {}; the first set-up needs a network",
    ),
    (r"the requirement (\S+)", "the package index lacks {} for this Python"),
    (r"THE HASHES FROM.*\n +(\S+)", "{} is another file than the lock has a hash for"),
    (r"Hashes are required.*\n +(\S+)", "{} has no hash in the lock"),
    (r"versions pinned with ==.*\n +(\S+)", "{} has no version in the lock"),
    (r"(?m)^(\S+ \S+ (?:requires|has requirement|is not supported) .*[^.\s])", "{}"),
)


def pip_environment(python: str) -> dict[str, str]:
    """Return the environment that `python -m pip` is to run in."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    # A setting can silence `pip config list`, narrow it to one file, or move it to another Python.
    asked = {**clean, "PIP_LOG": os.devnull, "PIP_PYTHON": python}
    asked |= dict.fromkeys(("PIP_GLOBAL", "PIP_ISOLATED", "PIP_QUIET", "PIP_SITE", "PIP_USER"), "0")
    words = [python, "-I", "-m", "pip", "config", "list"]
    listed = subprocess.run(words, env=asked, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
    clean = {name: value for name, value in clean.items() if not name.startswith("PIP_")}
    ours = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    return clean | pip_settings(listed.stdout) | ours | {"PIP_CONFIG_FILE": os.devnull}


def pip_settings(listing: str) -> dict[str, str]:
    """Return the variables for those settings of `pip config list` that lead to an index."""
    found: dict[str, str] = {}
    for section in ("global", "install", ":env:"):
        for name, value in re.findall(rf"(?m)^{section}\.([\w-]+)=(['\"].*['\"])", listing):
            found[name] = " ".join(str(ast.literal_eval(value)).split())
    # Without an index, a folder of files stands for it.
    offline = found.get("no-index", "").lower() in {"1", "on", "t", "true", "y", "yes"}
    kept = {*KEPT.split(), *(["find-links"] if offline else [])}
    if found.get("use-feature") == "truststore":
        kept.add("use-feature")
    return {f"PIP_{name.upper().replace('-', '_')}": found[name] for name in kept & found.keys()}


def pip_progress(log: str, lock: str) -> str:
    """Return how far pip is with a lock, given its output so far."""
    pins = len(re.findall(r"(?m)^[\w.-]+(?:\[[\w,.-]+\])?==", lock))
    pins -= len(re.findall(r"(?m)^Ignoring ", log))
    taken = len(re.findall(r"(?m)^(?:Collecting|Processing|Requirement already)", log))
    if "Installing collected packages" in log:
        return f"unpacking {pins} packages"
    return f"{min(taken, pins)} of {pins} packages"


def pip_failure(log: str, venv: Path) -> str:
    """Return what failed, and the name of the package, given the output of pip."""
    for pattern, sentence in FAILURES:
        if found := re.search(pattern, log):
            return sentence.format(found[1])
    lines = [line.strip() for line in log.splitlines() if line.strip()] or ["pip printed nothing"]
    errors = [line for line in lines if re.match(r"(?i)error: (?!exception:)", line)]
    reason = re.sub(r"(?i)^error: ", "", (errors or lines)[-1])
    return f"{pip_package(log, venv)} cannot be installed: {reason[:300]}"


def pip_package(log: str, venv: Path) -> str:
    """Return the package that pip was at when its output ended."""
    sites = [str(folder) for folder in venv.glob("lib/python*/site-packages")]
    whole = {_plain(found.name) for found in distributions(path=sites) if found.files is not None}
    for names in re.findall(r"(?m)^Installing collected packages: (.*)", log)[-1:]:
        for name in names.split(", "):
            if _plain(name) not in whole:
                return str(name)
    taken = re.findall(r"(?m)^(?:Collecting|Processing) (?:\S*/)?([^\s/]+)", log)
    return str(taken[-1]) if taken else "the first package"


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
# --- end of the copy
import signal
import sys
import time

EVERY_S = 10.0
STEPS = {
    "": (*LOCKED, "-r", "constraints.txt"),
    "the project itself": ("install", "--no-deps", "--no-build-isolation", "-e", "."),
    "checking the requirements": ("check",),
}


def set_up(venv: Path, lock: str) -> None:
    """Install the lock and the project, and see that they fit."""
    log, python = venv / "install.log", f"{venv}/bin/python"
    environment, started = pip_environment(python), time.monotonic()
    shown = started
    with log.open("w") as output:
        for step, words in STEPS.items():
            process = subprocess.Popen(
                [python, "-I", "-m", "pip", *words],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            while process.poll() is None:
                time.sleep(0.1)
                if time.monotonic() > shown + EVERY_S:
                    shown = time.monotonic()
                    state = step or pip_progress(log.read_text(errors="replace"), lock)
                    print(f"Setting up {venv}: {state} ({shown - started:.0f} s)", flush=True)
            if process.returncode:
                failure = pip_failure(log.read_text(errors="replace"), venv)
                sys.exit(f"make: {failure} (the output of pip: {log})")


signal.signal(signal.SIGINT, signal.SIG_DFL)
set_up(Path(sys.argv[1]), Path("constraints.txt").read_text())
endef
export SET_UP
