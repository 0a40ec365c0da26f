"""The server's own files are in its runtime folder, which ends with it."""

from pathlib import Path

import httpx
import psutil
import pytest

from securenet_obs.runner.lab.closed_pages import list_options
from securenet_obs.runner.lab.server import LabServer


def test_documents_outlive_their_last_page() -> None:
    """tests/browser/test_closed_pages.py sees the outputs of a page that was closed."""
    options = list_options(Path("/run/lab"))
    assert "--YDocExtension.document_cleanup_delay=None" in options
    assert len([option for option in options if "=/run/lab/" in option]) == 2


@pytest.mark.stack
def test_the_open_databases_are_in_the_runtime_folder(
    server: LabServer, client: httpx.Client
) -> None:
    """Only that of Jupyter's signatures of notebooks is the user's own."""
    client.put("/api/contents/b.ipynb", json={"type": "notebook"}).raise_for_status()
    opened = {"format": "json", "type": "notebook"}
    client.put("/api/collaboration/session/b.ipynb", json=opened).raise_for_status()
    process = psutil.Process(server.process.pid)
    opened_files = (Path(row.path) for row in process.open_files())
    databases = {path for path in opened_files if path.suffix == ".db"}
    runtime = Path(process.environ()["JUPYTER_RUNTIME_DIR"])
    assert {path for path in databases if path.name != "nbsignatures.db"} == {
        runtime / "file_ids.db"
    }
