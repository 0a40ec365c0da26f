"""Shared documents are not stored."""

import asyncio

import pytest
from pycrdt import Doc, Text
from pycrdt.store import YDocNotFound

from securenet_obs.runner.lab.unstored import Unstored


def test_what_was_written_is_not_found() -> None:
    """As the server uses it: it writes each change, and reads when it opens a document."""

    async def write_and_read() -> None:
        store = Unstored("a.ipynb", log=None, config=None)
        document: Doc[Text] = Doc({"text": Text("secret")})
        await store.encode_state_as_update(document)
        with pytest.raises(YDocNotFound):
            await store.apply_updates(document)

    asyncio.run(write_and_read())
