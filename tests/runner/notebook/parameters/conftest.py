"""The source of a `parameters` cell with each type of parameter."""

CELL = """from typing import Annotated, Literal
from securenet_obs.runner import Secret
tenant: str = "tenant-a"  # whose canaries
count: Annotated[int, Field(ge=1, le=9)] = 3  # how many canaries
deadline_s: float = 20.0  # seconds to wait
strict: bool = False
day: date = date(2026, 1, 2)
at: datetime = datetime(2026, 1, 2, 3, 4)
window: timedelta = timedelta(minutes=5)
mode: Literal["a", "b", 3] = "a"
limit: int | None = None
label: Optional[str] = None
names: list[str] = ["x"]
weights: dict[str, float] = {"x": 1.5}
token: Secret = Secret("secret:API_TOKEN")  # may read
must: int  # no default
"""
