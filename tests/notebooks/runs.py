"""Type of the function that runs a notebook."""

from collections.abc import Callable
from typing import Any

Run = Callable[..., Any]
