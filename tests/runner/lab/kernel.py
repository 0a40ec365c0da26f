"""A kernel of JupyterLab's server, whose cells the server executes."""

from typing import Any

import httpx

from tests.waiting import eventually


class Kernel:
    """A kernel of the server, whose cells the server executes."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self.path = f"/api/kernels/{client.post('/api/kernels').raise_for_status().json()['id']}"

    def execute(self, code: str) -> str:
        """Send a cell; return the address of its result."""
        answer = self._client.post(f"{self.path}/execute", json={"code": code, "metadata": {}})
        return str(answer.raise_for_status().json()["request_url"])

    def read(self, request: str) -> dict[str, Any]:
        """Return the state of a cell; one that has ended is read once."""
        state: dict[str, Any] = self._client.get(request).json()
        return state

    def wait_for(self, request: str) -> dict[str, Any]:
        """Wait until a cell has ended, and return its result."""
        found: list[dict[str, Any]] = []

        def ended() -> bool:
            found.append(self.read(request))
            return "error" in found[-1] or not found[-1]["pending"]

        assert eventually(ended, 60), found[-1]
        return found[-1]
