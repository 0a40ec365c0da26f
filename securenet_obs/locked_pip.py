"""Installations by pip from a lock file: arguments, environment, progress, explained failures.

The project's own environment (`.ci/set_up.py`) and Bugsink's are installed with these functions.
Nothing else is installed when the first of them is: this module uses the standard library only.
"""

import ast
import os
import re
import subprocess
from importlib.metadata import distributions
from pathlib import Path

LOCKED = ("install", "--no-deps", "--require-hashes", "--progress-bar", "off")
"""Installs a lock as it is written: resolves nothing, and verifies every file."""

# Settings for access to an index: mirror, proxy, certificates. Any other setting of the user can
# change the installation: a constraint, another index, a target folder, a ban on wheels, a dry run.
KEPT_SETTINGS = """cache-dir cert client-cert default-timeout index-url keyring-provider no-index
    pypi-url proxy retries timeout trusted-host"""

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


def build_pip_environment(python: str) -> dict[str, str]:
    """Return the environment for `python -m pip`."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    # A setting can silence `pip config list`, narrow it to one file, or move it to another Python.
    query = {**clean, "PIP_LOG": os.devnull, "PIP_PYTHON": python}
    query |= dict.fromkeys(("PIP_GLOBAL", "PIP_ISOLATED", "PIP_QUIET", "PIP_SITE", "PIP_USER"), "0")
    arguments = [python, "-I", "-m", "pip", "config", "list"]
    listed = subprocess.run(arguments, env=query, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
    clean = {name: value for name, value in clean.items() if not name.startswith("PIP_")}
    ours = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    return clean | _parse_pip_settings(listed.stdout) | ours | {"PIP_CONFIG_FILE": os.devnull}


def _parse_pip_settings(listing: str) -> dict[str, str]:
    """Return variables for the settings of `pip config list` that give access to an index."""
    found: dict[str, str] = {}
    for section in ("global", "install", ":env:"):
        for name, value in re.findall(rf"(?m)^{section}\.([\w-]+)=(['\"].*['\"])", listing):
            found[name] = " ".join(str(ast.literal_eval(value)).split())
    # With no-index, a folder of files (find-links) replaces the index.
    offline = found.get("no-index", "").lower() in {"1", "on", "t", "true", "y", "yes"}
    kept = {*KEPT_SETTINGS.split(), *(["find-links"] if offline else [])}
    if found.get("use-feature") == "truststore":
        kept.add("use-feature")
    return {f"PIP_{name.upper().replace('-', '_')}": found[name] for name in kept & found.keys()}


def format_pip_progress(log: str, lock: str) -> str:
    """Return pip's progress with a lock, from its output so far."""
    pins = len(re.findall(r"(?m)^[\w.-]+(?:\[[\w,.-]+\])?==", lock))
    pins -= len(re.findall(r"(?m)^Ignoring ", log))
    taken = len(re.findall(r"(?m)^(?:Collecting|Processing|Requirement already)", log))
    if "Installing collected packages" in log:
        return f"unpacking {pins} packages"
    return f"{min(taken, pins)} of {pins} packages"


def explain_pip_failure(log: str, venv: Path) -> str:
    """Return a sentence with the package and the reason of a failure, from the output of pip."""
    for pattern, sentence in FAILURES:
        if found := re.search(pattern, log):
            return sentence.format(found[1])
    lines = [line.strip() for line in log.splitlines() if line.strip()] or ["pip printed nothing"]
    errors = [line for line in lines if re.match(r"(?i)error: (?!exception:)", line)]
    reason = re.sub(r"(?i)^error: ", "", (errors or lines)[-1])
    return f"{_find_pip_package(log, venv)} cannot be installed: {reason[:300]}"


def _find_pip_package(log: str, venv: Path) -> str:
    """Return the package that pip was processing when its output ended."""
    sites = [str(folder) for folder in venv.glob("lib/python*/site-packages")]
    whole = {
        _normalise(found.name) for found in distributions(path=sites) if found.files is not None
    }
    for names in re.findall(r"(?m)^Installing collected packages: (.*)", log)[-1:]:
        for name in names.split(", "):
            if _normalise(name) not in whole:
                return str(name)
    taken = re.findall(r"(?m)^(?:Collecting|Processing) (?:\S*/)?([^\s/]+)", log)
    return str(taken[-1]) if taken else "the first package"


def _normalise(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
