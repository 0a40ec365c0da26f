"""papermill's client with limited output per cell; detects checks and errors in that output."""

import json
import re
from typing import Any

from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient

from securenet_obs.checks import CHECK_MIME
from securenet_obs.runner.child.output import BoundedOutput
from securenet_obs.runner.kernel.faults import MAX_MESSAGE_LENGTH, Fault
from securenet_obs.runner.record.terminal import TERMINAL_MIME

_BUNDLES = ("display_data", "execute_result", "update_display_data")
_MAX_TERMINAL_LENGTH = 8_000
_JSON = re.compile(r"application/(.*\+)?json")


class BoundedClient(PapermillNotebookClient):  # type: ignore[misc]
    """A client that keeps the final state of a cell's output, up to a limit.

    Attributes:
        cell_output: counts the output of the current cell.
        shown_errors: outputs of type `error` of the current cell, those that it cleared included.

    Upstream: no issue known (searched 2026-11-26). Can go when nbclient bounds the output of a
    cell.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.begin_cell()

    def begin_cell(self) -> None:
        """Reset the output counters for a new cell."""
        self.cell_output = BoundedOutput()
        self.shown_errors: list[Fault] = []

    def on_check(self, check: dict[str, Any]) -> None:
        """Handle a check that a cell displayed."""

    def on_terminal_text(self, text: str) -> None:
        """Handle a text for the terminal."""

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> Any:
        """Process a message of the kernel, after making its output valid."""
        if msg["msg_type"] in _BUNDLES:
            _make_valid(msg["content"]["data"])
        return super().process_message(msg, cell, cell_index)

    def output(self, outs: Any, msg: Any, display_id: Any, cell_index: int) -> Any:
        """Keep an output if there is room for it; note a check and an error in any case."""
        content = msg["content"]
        check = content.get("data", {}).get(CHECK_MIME)
        if isinstance(check, dict):
            self.on_check(check)
        terminal = content.get("data", {}).get(TERMINAL_MIME)
        if isinstance(terminal, dict):
            self.on_terminal_text(str(terminal.get("text", ""))[:_MAX_TERMINAL_LENGTH])
        if msg["msg_type"] == "error":
            message = str(content["evalue"])[:MAX_MESSAGE_LENGTH]
            self.shown_errors.append(Fault(str(content["ename"]), message, "output"))
        if self.output_hook_stack[msg["parent_header"].get("msg_id")]:
            return super().output(outs, msg, display_id, cell_index)
        if self.clear_before_next_output:
            self._clear(outs, cell_index)
        if self.cell_output.takes(outs, content):
            return super().output(outs, msg, display_id, cell_index)
        return None

    def clear_output(self, outs: Any, msg: Any, cell_index: int) -> None:
        """Clear a cell's outputs, now or before the next output; this frees room for others."""
        super().clear_output(outs, msg, cell_index)
        hooked = self.output_hook_stack[msg["parent_header"].get("msg_id")]
        if not hooked and not msg["content"].get("wait"):
            self._clear(outs, cell_index)

    def _clear(self, outs: list[NotebookNode], cell_index: int) -> None:
        outs[:] = []
        self.clear_display_id_mapping(cell_index)
        self.clear_before_next_output = False
        self.cell_output.clear()

    def _update_display_id(self, display_id: str, msg: dict[str, Any]) -> None:
        """Update the output with a display id if there is room for it."""
        shown = [
            self.nb["cells"][cell_index]["outputs"][index]
            for cell_index, indices in self._display_id_map.get(display_id, {}).items()
            for index in indices
        ]
        updated = [self.cell_output.replaces(before, msg["content"]) for before in shown]
        if all(updated):
            super()._update_display_id(display_id, msg)


def _make_valid(bundle: dict[str, Any]) -> None:
    """Convert values of MIME types other than JSON to text, because nbformat refuses others."""
    for kind, value in bundle.items():
        lines = value if isinstance(value, list) else [value]
        if not _JSON.fullmatch(kind) and not all(isinstance(line, str) for line in lines):
            bundle[kind] = json.dumps(value)
