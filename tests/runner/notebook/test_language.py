"""Language of a notebook: code of another language never runs in a Python kernel."""

from typing import Any

import pytest

from securenet_obs.runner.notebook.language import foreign_language, kernel_names


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"kernelspec": None, "language_info": None},
        {"kernelspec": "python3"},
        {"kernelspec": {"language": "python"}},
        {"kernelspec": {"name": "an-old-env", "language": "Python"}},
        {"kernelspec": {"name": "conda-env-x-py"}},
        {"kernelspec": {"name": "an-old-env", "display_name": "Python 3.9"}},
        {"kernelspec": {"name": "an-old-env"}, "language_info": {"name": "python"}},
        {"kernelspec": {"name": 3, "language": []}, "language_info": {"name": 1}},
        {"language_info": {"name": "ipython"}},
    ],
)
def test_python_is_known_by_any_of_its_names(metadata: dict[str, Any]) -> None:
    """Any statement of Python suffices, whatever the kernel's name; so does no kernel at all."""
    assert foreign_language(metadata) == ""


@pytest.mark.parametrize(
    ("metadata", "word"),
    [
        ({"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}}, "'R'"),
        ({"kernelspec": {"name": "python3", "language": "julia"}}, "'julia'"),
        ({"kernelspec": {"name": "python3"}, "language_info": {"name": "scala"}}, "'scala'"),
        ({"kernelspec": {"language": "python"}, "language_info": {"name": "R"}}, "'R'"),
        ({"kernelspec": {"name": "ir"}}, "'ir'"),
        ({"kernelspec": {"name": "bash", "display_name": "Bash"}}, "'bash'"),
        ({"kernelspec": "julia-1.9"}, "'julia-1.9'"),
        ({"jupytext": {"main_language": "R"}}, "'R'"),
    ],
)
def test_another_language_is_named(metadata: dict[str, Any], word: str) -> None:
    """The language is found in any field that states it, or from a foreign kernel name."""
    sentence = foreign_language(metadata)
    assert word in sentence
    assert "only Python" in sentence


def test_names_of_a_kernel_are_texts() -> None:
    """A kernel name that is not a text counts as missing."""
    assert kernel_names({"kernelspec": {"name": "a", "display_name": 3}}) == ("a", "")
    assert kernel_names({"kernelspec": []}) == ("", "")
