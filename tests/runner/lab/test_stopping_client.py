"""A failed cell stops a run, however late the cells below it are sent."""

import time

import httpx
import pytest

from securenet_obs.runner.lab.stopping_client import NOT_RUN
from tests.runner.lab.kernel import Kernel
from tests.runner.lab.patient_client import PatientClient

pytestmark = pytest.mark.stack


def test_cells_that_follow_a_failed_one_do_not_run(client: httpx.Client) -> None:
    """Nor do the next ones; after a pause they run, since a person has sent them."""
    kernel = Kernel(client)
    assert kernel.wait_for(kernel.execute("ran = []"))["status"] == "ok"
    assert kernel.wait_for(kernel.execute("1 / 0"))["status"] == "error"
    for _ in range(2):
        refused = kernel.wait_for(kernel.execute("ran.append(1)"))
        assert refused["status"] == "aborted"
        assert NOT_RUN.strip() in refused["outputs"]
    time.sleep(PatientClient.pause_s)
    result = kernel.wait_for(kernel.execute("ran"))
    assert (result["status"], "[]" in result["outputs"]) == ("ok", True)
