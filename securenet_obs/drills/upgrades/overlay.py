"""Environment with other versions of some packages, over the packages of this one."""

import hashlib
import os
import re
import secrets
import shutil
import sys
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path

from securenet_obs.errors import StackError
from securenet_obs.locked_pip import build_pip_environment, explain_pip_failure
from securenet_obs.processes.guard import Guard
from securenet_obs.stack.state_files import lock_state_file


@dataclass(frozen=True)
class Overlay:
    """Environment of an upgrade.

    Args:
        python: its interpreter.
        moved: package -> its version here (empty for none), and its version there.
    """

    python: str
    moved: Mapping[str, tuple[str, str]]


def build_overlay(
    requirements: Sequence[str],
    root: Path,
    *,
    wheels: Path | None = None,
    report: Callable[[str], None] = lambda _sentence: None,
) -> Overlay:
    """Install packages over those of this environment, and share all others with it.

    pip regards the shared packages as installed, and installs what the requirements need and these
    do not satisfy. An overlay is built in a temporary folder and renamed once complete.

    Args:
        requirements: such as `celery==5.7.0`.
        root: folder of all local state; the overlays are in `root/upgrades`, and are kept.
        wheels: folder of wheels, for an installation without a network.
        report: receives the progress.

    Raises:
        StackError: the packages cannot be installed; the message names pip's reason. Or this
            environment satisfies all of them, and a rehearsal would be one of today's packages.
    """
    folder = root.resolve() / "upgrades" / _compute_key(requirements)
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with lock_state_file(folder.with_suffix(".lock")):
        if not folder.exists():
            report(f"Installing {', '.join(requirements)} into {folder}")
            partial = folder.with_name(f"partial-{secrets.token_hex(4)}")
            try:
                _install(requirements, partial, wheels)
                if not _find_moved(_locate_site(partial)):
                    raise StackError(
                        f"{', '.join(requirements)}: there is nothing to rehearse, this "
                        "environment satisfies it; name another version, such as celery==5.7.0."
                    )
                partial.rename(folder)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
    return Overlay(str(folder / "bin" / "python"), _find_moved(_locate_site(folder)))


def _compute_key(requirements: Sequence[str]) -> str:
    """Return the name of an overlay: it depends on the packages that it shares, too."""
    shared = sorted(f"{found.name}=={found.version}" for found in distributions())
    words = [sys.version, sys.prefix, *shared, "", *sorted(requirements)]
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:12]


def _install(requirements: Sequence[str], folder: Path, wheels: Path | None) -> None:
    python = str(folder / "bin" / "python")
    log = folder.parent / "install.log"
    log.unlink(missing_ok=True)
    source = ["--no-index", "--find-links", str(wheels.resolve())] if wheels else []
    options = ["--progress-bar", "off", "--only-binary", ":all:", *source]
    with Guard() as guard:

        def run(*command: str, environment: Mapping[str, str] = os.environ) -> bool:
            return not guard.run(command, folder=log.parent, environment=environment, log=log)

        is_made = run(sys.executable, "-I", "-m", "venv", "--without-pip", str(folder))
        if is_made:
            (_locate_site(folder) / "shared.pth").write_text(_share_packages())
        pip = (python, "-I", "-m", "pip", "install", *options, *requirements)
        if not is_made or not run(*pip, environment=build_pip_environment(python)):
            reason = _explain(log.read_text(errors="replace"), folder, wheels)
            raise StackError(
                f"{', '.join(requirements)} cannot be installed: {reason} (pip's output: {log})"
            )


def _explain(output: str, folder: Path, wheels: Path | None) -> str:
    """Return the reason of a failure; with a folder of wheels there is no index to reach."""
    missing = re.search(r"No matching distribution found for (\S+)", output)
    if wheels and missing:
        return f"{wheels} has no wheel of {missing[1]} for this Python"
    return explain_pip_failure(output, folder)


def _share_packages() -> str:
    """Return the lines of a .pth file that append our packages, those of our .pth files too."""
    paths = sysconfig.get_paths()
    sites = sorted({paths["purelib"], paths["platlib"]})
    return "".join(f"import site; site.addsitedir({folder!r})\n" for folder in sites)


def _locate_site(folder: Path) -> Path:
    scheme = {"base": str(folder), "platbase": str(folder)}
    return Path(sysconfig.get_path("purelib", "venv", scheme))


def _find_moved(site: Path) -> dict[str, tuple[str, str]]:
    """Return the packages that the overlay has itself."""
    own = sorted(distributions(path=[str(site)]), key=lambda found: found.name.lower())
    return {found.name: (_read_version(found.name), found.version) for found in own}


def _read_version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
