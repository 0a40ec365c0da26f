"""JupyterLab for a person: its server, copies of the notebooks, additions to the page."""
