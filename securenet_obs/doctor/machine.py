"""Diagnoses of this machine: Python, packages, programs, ports, folders and space."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from securenet_obs.doctor.diagnosis import Diagnosis, name_absence
from securenet_obs.doctor.packages import examine_python, examine_versions
from securenet_obs.doctor.programs import examine_programs
from securenet_obs.errors import EvidenceError, SecureNetObsError
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.runner.evidence.folder import check_root
from securenet_obs.stack.parts.bugsink_install import BUGSINK_VERSION, find_bugsink
from securenet_obs.stack.state import default_root
from securenet_obs.stack.state_files import lock_state_file

_LOCAL = "the local stack"


def examine_machine(*, is_stack_needed: bool) -> Iterator[Diagnosis]:
    """Diagnose this machine.

    Args:
        is_stack_needed: whether commands would start a local stack here; otherwise all that only
            such a stack needs is optional.
    """
    yield from examine_python(is_stack_needed=is_stack_needed)
    yield from examine_versions()
    yield from examine_programs(is_stack_needed=is_stack_needed)
    yield _examine_bugsink(is_stack_needed=is_stack_needed)
    yield _examine_ports(is_stack_needed=is_stack_needed)
    yield _examine_state_folder(is_stack_needed=is_stack_needed)
    yield _examine_evidence()


def _examine_bugsink(*, is_stack_needed: bool) -> Diagnosis:
    if find_bugsink(default_root()):
        return Diagnosis("Bugsink", "ok", f"{BUGSINK_VERSION} is installed", _LOCAL)
    if find_spec("ensurepip") is None or find_spec("venv") is None:
        state = name_absence(is_needed=is_stack_needed)
        observed = "it cannot be installed: this Python creates no virtual environments"
        return Diagnosis("Bugsink", state, observed, _LOCAL, "apt-get install python3-venv")
    observed = f"{BUGSINK_VERSION} is installed with the first stack, by pip, in two minutes"
    return Diagnosis("Bugsink", "optional", observed, _LOCAL, "securenet-obs up")


def _examine_ports(*, is_stack_needed: bool) -> Diagnosis:
    try:
        find_free_ports(8)
    except OSError as error:
        state = name_absence(is_needed=is_stack_needed)
        observed = f"no port of 127.0.0.1 can be opened: {error.strerror}"
        return Diagnosis("ports", state, observed, _LOCAL, "ip link set lo up")
    return Diagnosis("ports", "ok", "8 free ports of 127.0.0.1", _LOCAL)


def _examine_state_folder(*, is_stack_needed: bool) -> Diagnosis:
    folder = default_root()
    is_new = not folder.exists()
    try:
        with lock_state_file(folder / "doctor.lock"):
            pass
    except SecureNetObsError as error:
        state = name_absence(is_needed=is_stack_needed)
        return Diagnosis(str(folder), state, str(error), _LOCAL, f"chmod u+rwx {folder.parent}")
    (folder / "doctor.lock").unlink(missing_ok=True)
    if is_new:
        folder.rmdir()
    return Diagnosis(str(folder), "ok", "can be written", _LOCAL)


def _examine_evidence() -> Diagnosis:
    folder = Path("evidence")
    is_new = not folder.exists()
    try:
        check_root(folder)
    except EvidenceError as error:
        remedy = "securenet-obs validate --evidence FOLDER, a folder with space that can be written"
        return Diagnosis(str(folder), "missing", str(error), "evidence of runs", remedy)
    if is_new:
        folder.rmdir()
    return Diagnosis(str(folder), "ok", "can be written, with space", "evidence of runs")
