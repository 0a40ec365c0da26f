"""Pins anew what pyproject.toml asks for, in both locks, and prints what moved (`make lock`)."""

import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

PROJECT = "pyproject.toml"
LOCK = Path("constraints.txt")
BUGSINK = Path("securenet_obs/stack/parts/bugsink-requirements.txt")
MARK = "# Above: API, worker and beat (Dockerfile). Below: notebooks, local stack, development."
# Extras are kept: pip before 23.3 seeks the newest release for `coverage[toml]` where the lock has
# `coverage` alone and pip may resolve, which conda has it do.
COMPILE = (
    *("pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"),
    *("--no-strip-extras", "--no-emit-index-url", "--no-annotate", "--no-header"),
)


def main(options: Sequence[str]) -> None:
    """Renew both locks of the working folder; uv gets the options, `--upgrade` for instance."""
    before = {path: path.read_text() for path in (LOCK, BUGSINK)}
    uv(PROJECT, "--all-extras", *options, "--output-file", str(LOCK))
    extras = ("--extra", "detection", "--extra", "postgres")
    needed = uv(PROJECT, "-", *extras, "--constraints", str(LOCK), typed="uvicorn")
    LOCK.write_text(in_two_parts(LOCK.read_text(), needed))
    uv("--group", f"{PROJECT}:bugsink", *options, "--output-file", str(BUGSINK))
    for path, old in before.items():
        for line in moved(old, path.read_text()) or ["nothing moved"]:
            print(f"{path.name}: {line}")


def uv(*words: str, typed: str = "") -> str:
    """Return what uv, which stands beside this Python, has compiled."""
    command = [str(Path(sys.executable).with_name("uv")), *COMPILE, *words]
    done = subprocess.run(command, input=typed, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
    if done.returncode:
        sys.exit("make lock: uv could not resolve the requirements; its output is above")
    return done.stdout


def in_two_parts(lock: str, needed: str) -> str:
    """Return the lock with the pins of the image first."""
    blocks = re.split(r"\n(?=[\w.-]+(?:\[|==))", lock.replace(f"{MARK}\n", "").strip())
    names = versions(needed).keys()
    first = [block for block in blocks if versions(block).keys() <= names]
    rest = [block for block in blocks if block not in first]
    return "\n".join([*first, MARK, *rest, ""])


def moved(old: str, new: str) -> list[str]:
    """Return one line for each package that came, went, or has another version."""
    before, after = versions(old), versions(new)
    lines = []
    for name in sorted(before.keys() | after.keys()):
        if name not in before:
            lines.append(f"{name} {after[name]} added")
        elif name not in after:
            lines.append(f"{name} {before[name]} removed")
        elif before[name] != after[name]:
            lines.append(f"{name} {before[name]} -> {after[name]}")
    return lines


def versions(lock: str) -> dict[str, str]:
    """Return the pinned version of each package; of several, one for each marker, all."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name, version in re.findall(r"(?m)^([\w.-]+)(?:\[[^]]*\])?==([^\s;]+)", lock):
        found[name].append(version)
    return {name: ", ".join(pinned) for name, pinned in found.items()}


if __name__ == "__main__":
    main(sys.argv[1:])
