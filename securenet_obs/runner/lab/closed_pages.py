"""Options of JupyterLab's server that keep the outputs of a cell whose page was closed.

jupyter-server-nbmodel executes the cells of a notebook in the server, one after another, and writes
their outputs into a document that jupyter-collaboration holds there. Each page of the notebook
shows this document: the page that is opened again, and that of a second person.
"""

from pathlib import Path

from securenet_obs.runner.lab import ended_kernels, stopping_client, unstored


def list_options(folder: Path) -> list[str]:
    """Return the options for JupyterLab's command line.

    Args:
        folder: folder for the server's own files, which are worth nothing after its end.
    """
    return [
        # It logs as an error of its own that a cell did not run since one above it failed.
        "--Extension.log_level=CRITICAL",
        f"--ServerApp.jpserver_extensions={ended_kernels.NAME}=True",
        f"--AsyncKernelManager.client_factory={stopping_client.NAME}",
        # By default a document is dropped a minute after its last page, with all later outputs.
        "--YDocExtension.document_cleanup_delay=None",
        f"--YDocExtension.ystore_class={unstored.NAME}",
        # By default these stand in the root folder and in the user's home.
        f"--YDocExtension.session_store_path={folder / 'sessions.json'}",
        f"--BaseFileIdManager.db_path={folder / 'file_ids.db'}",
    ]
