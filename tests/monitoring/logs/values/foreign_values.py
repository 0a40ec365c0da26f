"""Values that a log call may be given: of the standard library, numpy, pandas, and hostile ones."""

import array
import collections
import datetime as dt
import enum
import fractions
import importlib
import inspect
import io
import types
import uuid
import warnings
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
import pandas as pd
from hypothesis import strategies as st

MODULES = [
    "array", "ast", "builtins", "calendar", "cmath", "collections", "configparser",
    "contextlib", "contextvars", "copy", "csv", "dataclasses", "datetime", "decimal",
    "difflib", "email.message", "enum", "fractions", "functools", "graphlib", "hashlib",
    "html.parser", "http", "http.cookies", "ipaddress", "itertools", "json", "logging",
    "numbers", "operator", "pathlib", "pprint", "queue", "random", "re", "string", "struct",
    "textwrap", "threading", "time", "traceback", "types", "typing", "unittest.mock",
    "urllib.parse", "uuid", "weakref", "xml.dom.minidom", "xml.etree.ElementTree", "zoneinfo",
]  # fmt: skip
FILES = {"ElementTree", "FileHandler", "FileIO", "OpenWrapper"}
"""Classes that open the file of their argument, and close it."""

GIVEN: tuple[tuple[Any, ...], ...] = (
    (), (1,), ("1",), ([1, 2],), (b"1",), (2026, 1, 1), ({"a": 1},), (len,), ("a", "b"), (1.5, 2),
)  # fmt: skip


def instances(modules: list[str]) -> Iterator[object]:
    """Yield every public class of the modules, and an instance if simple arguments make one."""
    for module in modules:
        for name, kind in vars(importlib.import_module(module)).items():
            if name.startswith("_") or name in FILES or not inspect.isclass(kind):
                continue
            yield kind
            yield from list(made(kind))[:3]


def made(kind: type) -> Iterator[object]:
    """Yield an instance of the class for each of the arguments that it accepts."""
    for arguments in GIVEN:
        try:
            with warnings.catch_warnings(action="ignore"):
                yield kind(*arguments)
        except BaseException:  # noqa: BLE001 most classes refuse most arguments
            continue


class BadZone(dt.tzinfo):
    """A time zone that raises."""

    def utcoffset(self, at: dt.datetime | None) -> dt.timedelta:
        """Raise."""
        raise RuntimeError("no zone")

    dst = tzname = utcoffset  # type: ignore[assignment]


class OddZone(dt.tzinfo):
    """A time zone whose offset has microseconds, or whose answer is not an offset."""

    def __init__(self, offset: Any) -> None:
        self._offset = offset

    def utcoffset(self, at: dt.datetime | None) -> Any:
        """Return the given answer."""
        return self._offset

    dst = tzname = utcoffset


class Moment(dt.datetime):
    """A subclass, such as those of pendulum and freezegun."""


class BadMoment(dt.datetime):
    def isoformat(self, *_: Any) -> str:
        """Raise."""
        raise RuntimeError("no")

    __str__ = __repr__ = utcoffset = isoformat  # type: ignore[assignment]


class Day(dt.date):
    pass


class Clock(dt.time):
    pass


class Text(str):
    """A text whose methods raise."""

    __slots__ = ()

    def encode(self, *_: Any) -> bytes:  # type: ignore[override]
        """Raise."""
        raise RuntimeError("no")

    __str__ = __repr__ = __getitem__ = __len__ = __format__ = encode  # type: ignore[assignment]


class Number(int):
    def __abs__(self) -> int:
        """Raise."""
        raise RuntimeError("no")

    __int__ = __index__ = __repr__ = __str__ = __le__ = __abs__  # type: ignore[assignment]


class Real(float):
    def __float__(self) -> float:
        """Raise."""
        raise RuntimeError("no")

    __repr__ = __str__ = __float__  # type: ignore[assignment]


class Table(dict[Any, Any]):
    def items(self) -> Any:
        """Raise."""
        raise RuntimeError("no")

    __iter__ = __len__ = keys = __repr__ = items  # type: ignore[assignment]


class Row(list[Any]):
    def __iter__(self) -> Any:
        """Raise."""
        raise RuntimeError("no")

    __len__ = __repr__ = __iter__  # type: ignore[assignment]


class Point(NamedTuple):
    x: Any
    password: Any


class Endless(Mapping[Any, Any]):
    """A mapping without an end."""

    def __iter__(self) -> Iterator[int]:
        """Yield one forever."""
        while True:
            yield 1

    def __getitem__(self, key: object) -> object:
        """Return itself."""
        return self

    def __len__(self) -> int:
        """Return a wrong number."""
        return 1


class EndlessSet(Set[Any]):
    def __iter__(self) -> Iterator[int]:
        """Yield one forever."""
        while True:
            yield 1

    def __contains__(self, _: object) -> bool:
        """Return True."""
        return True

    __len__ = lambda self: 1  # noqa: E731


class Lying:
    """An object that claims to be a dict."""

    __class__ = dict  # type: ignore[assignment]


class Refusing(type):
    """A metaclass whose classes answer nothing but their name, which pytest prints."""

    def __getattribute__(cls, name: str) -> Any:
        """Raise."""
        if name == "__name__":
            return type.__getattribute__(cls, name)
        raise RuntimeError(name)

    def __hash__(cls) -> int:
        """Raise."""
        raise RuntimeError("hash")

    def __eq__(cls, other: object) -> bool:
        """Raise."""
        raise RuntimeError("eq")


class Refused(metaclass=Refusing):
    """An object that answers nothing."""

    def __getattribute__(self, name: str) -> Any:
        """Raise."""
        raise RuntimeError(name)

    __repr__ = __str__ = __eq__ = __hash__ = __bool__ = __len__ = __iter__ = (  # type: ignore[assignment]
        lambda *_: (_ for _ in ()).throw(GeneratorExit)
    )


class Answering:
    """An object that answers any name with itself."""

    def __getattr__(self, name: str) -> Any:
        """Return itself."""
        return self

    def __call__(self, *_: Any, **__: Any) -> Any:
        """Return itself."""
        return self


class Levels(enum.Enum):
    LOW = object()
    HIGH = dt.time(1, tzinfo=dt.UTC)
    NESTED = frozenset({1})


class Circular(enum.Enum):
    """An enumeration whose values are its members: orjson alone would end the process."""

    A = 1

    @property
    def value(self) -> "Circular":
        """Return itself."""
        return self


class Valueless(enum.Enum):
    """An enumeration whose values raise: orjson alone would end the process."""

    A = 1

    @property
    def value(self) -> int:
        """Raise."""
        raise RuntimeError("no value")


class Words(str, enum.Enum):  # noqa: UP042 both bases are meant
    A = "a"


class Flags(enum.IntFlag):
    A = 1
    B = 2


@dataclass
class Record:
    name: Any = "n"
    items: Any = field(default_factory=list)

    @property
    def computed(self) -> int:
        """Raise."""
        raise RuntimeError


@dataclass(slots=True)
class Unset:
    name: Any = field(init=False)


def structured() -> Any:
    """Return a numpy array with named fields, one of them nested."""
    kinds: Any = [("password", "U8"), ("at", "M8[s]"), ("inner", [("a", ">f4"), ("b", "i8", (2,))])]
    return np.zeros(3, dtype=kinds)


HOSTILE: list[Any] = [
    BadMoment(2026, 1, 1), Moment(2026, 1, 1), Moment(1, 1, 1, tzinfo=BadZone()), Text("a"),
    Number(7), Number(2**80), Real(0.5), Table(a=1), Row([1]), Point(1, "x"), Endless(),
    EndlessSet(), Lying(), Refused(), Refused, Answering(), *Levels, *Words, *Circular, *Valueless,
    {"nested": [Circular.A, (Valueless.A,)]}, Flags(3), Record(),
    Record, Unset(), mock.MagicMock(), mock.MagicMock(spec=dict), mock.Mock(spec=dt.datetime),
    mock.sentinel.a, (n for n in (1,)), iter([1]), map(len, ()), memoryview(b"abc")[::2],
    memoryview(bytearray(12)).cast("B", (3, 4)), array.array("d", [float("nan")]), Decimal("sNaN"),
    Decimal("-Infinity"), fractions.Fraction(1, 3), dt.timedelta.min, dt.datetime.min,
    dt.datetime.max, dt.time(12, tzinfo=dt.UTC), dt.time(12, tzinfo=BadZone()), uuid.UUID(int=0),
    dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.timezone(-dt.timedelta(hours=23))),
    dt.datetime(1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=23, seconds=1))),
    dt.datetime(2026, 1, 1, tzinfo=BadZone()), dt.datetime(2026, 1, 1, tzinfo=OddZone("x")),
    dt.datetime(2026, 1, 1, tzinfo=OddZone(dt.timedelta(days=9))), Day(2026, 1, 1), Clock(1),
    types.SimpleNamespace(a=1), types.MappingProxyType(Endless()), collections.Counter("ab"),
    collections.ChainMap({1: 2}, {3: 4}), collections.deque([1]), collections.UserDict(a=1),
    range(3), {}.keys(), {1: 2}.items(), b"\xff" * 3, 10**5000, -(2**63), 2**64 - 1, 2**64,
    "\ud800",
    float("nan"), io.StringIO("x"), ..., NotImplemented, {1: 1, "1": 2}, sum, int.__add__,
]  # fmt: skip


def _numpy() -> Iterator[Any]:
    for code in [*np.typecodes["All"], ">i4", ">f8", ">M8[ns]", ">U3", "S0", "U0", "V5", "M8[Y]"]:
        for shape in ((), (0,), (2,), (2, 1, 2)):
            zeros = np.zeros(shape, dtype=code)
            yield zeros
            yield zeros[()]
    yield structured()
    yield structured()[0]
    yield np.rec.array([(1, "a")], names="a,b")  # type: ignore[call-overload]
    yield np.ma.array([1, 2], mask=[False, True])
    yield np.ma.masked
    objects = np.empty(3, dtype=object)
    objects[0], objects[1] = Refused, [np.arange(2)]
    yield objects
    yield np.array(["2026-01-01", "NaT"], dtype="M8[D]")
    yield np.timedelta64("NaT")
    yield np.array([np.nan, np.inf], dtype="f2")
    yield np.arange(24).reshape(2, 3, 4)[:, ::2].T
    yield from (np.dtype("i4"), np.random.default_rng(0), np.poly1d([1]), np.eye(2).flat)
    yield np.eye(2).view(np.recarray)


def _pandas() -> Iterator[Any]:
    times = pd.to_datetime(["2026-01-01", None]).tz_localize("Pacific/Kiritimati")
    yield from (pd.NaT, pd.NA, pd.Timestamp.min, pd.Timestamp.max, times[0], times, times.array)
    yield from (
        pd.Timedelta.max,
        pd.Period("2026-01", "M"),
        pd.Interval(0, 1),
        pd.Categorical(["a"]),
    )
    yield pd.Timestamp("2026-01-01 00:00:00.000000001", tz=dt.timezone(dt.timedelta(seconds=1)))
    for name in ("Int64", "boolean", "string", "category", "Sparse[float]", "period[D]", "Float32"):
        yield pd.Series([None], dtype=name)
        yield pd.array([None], dtype=name)
    yield pd.DataFrame({"a": times, "b": [Unset(), {}]})
    yield pd.MultiIndex.from_product([[1], ["a"]])
    yield from (
        pd.IntervalIndex.from_breaks([0, 1]),
        pd.offsets.BusinessDay(),
        pd.Series,
        pd.DataFrame,
    )
    yield pd.DataFrame({"a": [1]}).groupby("a")


ALL: list[Any] = [*HOSTILE, *instances(MODULES), *_numpy(), *_pandas()]
"""Every value, about two thousand."""


def _is_key(value: object) -> bool:
    try:
        return bool({value: 1})
    except BaseException:  # noqa: BLE001 its hash is foreign code
        return False


KEYS = [value for value in ALL if _is_key(value)]
"""The values that can be keys of a dict."""

NESTED: st.SearchStrategy[Any] = st.recursive(
    # In a list: hypothesis itself reads the class of a value that it draws.
    st.sampled_from(range(len(ALL))).map(lambda number: [ALL[number]]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(range(len(KEYS))), inner, max_size=3).map(
            lambda found: {KEYS[number]: value for number, value in found.items()}
        )
        | st.tuples(inner, inner)
        | st.builds(Record, inner, inner)
        | st.builds(Point, inner, inner)
        | inner.map(lambda value: types.MappingProxyType({"a": value}))
        | inner.map(lambda value: collections.OrderedDict(a=value))
    ),
    max_leaves=12,
)
"""Containers of any of the values, as values and as keys."""
