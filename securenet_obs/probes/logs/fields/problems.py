"""Problems of written times and levels: a category for each row, missing where there is none."""

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

Codes: TypeAlias = np.ndarray[Any, np.dtype[np.int8]]

Problems: TypeAlias = "pd.Categorical[str]"
"""The problem of each row, missing where there is none."""


class ProblemCodes:
    """Numbers for the few different problems; -1 stands for none."""

    def __init__(self) -> None:
        self._code_of: dict[str | None, int] = {None: -1}

    def get(self, problem: str | None) -> int:
        """Return the number of a problem."""
        return self._code_of.setdefault(problem, len(self._code_of) - 1)

    def get_all(self, problems: Iterable[str | None]) -> Codes:
        """Return the number of each problem."""
        return np.array(list(map(self.get, problems)), dtype=np.int8)

    def build_column(self, codes: Codes) -> Problems:
        """Return the problem of each row, given their numbers."""
        texts = [text for text in self._code_of if text is not None]
        return pd.Categorical.from_codes(codes, categories=pd.Index(texts, dtype="str"))
