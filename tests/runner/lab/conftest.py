"""Fixtures of the lab's tests: one JupyterLab for all of them."""

from collections.abc import Iterator

import httpx
import pytest

from securenet_obs.processes.ports import find_free_ports
from securenet_obs.runner.lab import stopping_client
from securenet_obs.runner.lab.server import LabServer, jupyter_lab
from securenet_obs.runner.target import target_of
from tests.runner.lab import patient_client


@pytest.fixture(scope="package")
def port() -> int:
    """Return a free port."""
    return find_free_ports(1)[0]


@pytest.fixture(scope="package")
def server(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """Yield a JupyterLab; after its block it has ended."""
    root = tmp_path_factory.mktemp("lab")
    target = target_of("staging", {"ENVIRONMENT": "staging"})
    environment = {**target.shell_environment(), "SHELL": "/bin/sh"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stopping_client, "NAME", patient_client.NAME)
        with jupyter_lab(root, environment, start="a.ipynb", port=port, browser=False) as server:
            yield server
    assert server.process.poll() is not None


@pytest.fixture(scope="package")
def client(server: LabServer) -> Iterator[httpx.Client]:
    """Yield a client with the token of the server's URL; it need not wait: the server listens."""
    url, _, token = server.url.partition("/lab/tree/a.ipynb?token=")
    headers = {"Authorization": f"token {token}"}
    with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
        yield client
