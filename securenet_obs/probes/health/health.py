"""Health of one part: healthy or not, with the observation."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Health:
    """Whether a part works, with the observation that this follows from."""

    part: str
    """Name of the part, such as `beat` or the name of a worker."""
    is_healthy: bool
    observed: str

    def format(self) -> str:
        """Return the health as one line."""
        state = "healthy" if self.is_healthy else "NOT HEALTHY"
        return f"{self.part}: {state}: {self.observed}"
