from securenet_obs.authoring.finding import Finding


def test_a_finding_is_one_line_with_its_place() -> None:
    """Path, cell, rule and correction are on one line; without a cell the place is the path."""
    found = Finding("a.ipynb", "title", "add a title", cell=1)
    assert str(found) == "a.ipynb, cell 1: title: add a title"
    assert str(Finding("a.ipynb", "title", "add a title")) == "a.ipynb: title: add a title"
    assert found.to_json()["cell"] == 1
