"""Packs Jupyter messages as UTF-8, escaping lone surrogates; keys of an inquiry and its reply."""

from typing import Any

from jupyter_client.session import orjson_packer

INQUIRY = "securenet-obs:inquiry"
"""Key in a request's expressions: variable names, and whether the notebook has ended."""

VALUES = "securenet_obs_values"
"""Key in a reply: descriptions of the requested variables."""


def packed(message: Any) -> bytes:
    """Return a message as jupyter_client packs it, with lone surrogates written as escapes.

    jupyter_client raises for most lone surrogates and never sends the message: a cell with one in
    its reply seems to hang.

    Upstream: jupyter/notebook#2680, open; jupyter/jupyter_client#779, merged, covers only U+DC80 to
    U+DCFF. Can go when jupyter_client sends any text.
    """
    try:
        data = orjson_packer(message)
        data.decode()
    except UnicodeError:
        return orjson_packer(_escaped(message))
    return data


def _escaped(value: Any) -> Any:
    """Return the value with every lone surrogate in its texts as `\\udXXX`."""
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
        case dict():
            return {_escaped(name): _escaped(part) for name, part in value.items()}
        case list() | tuple():
            return [_escaped(part) for part in value]
    return value
