"""Property that is computed once and kept, without a lock that a fork could leave locked."""

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

_T = TypeVar("_T")


class lazy_property(Generic[_T]):  # noqa: N801 a decorator
    """As `functools.cached_property`, which before Python 3.12 holds one lock for all instances.

    A child that was forked while a thread of its parent computed the property waits for that lock
    for ever. Here two threads may both compute it; the last one's value is kept.
    """

    def __init__(self, compute: Callable[[Any], _T]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        """Remember the name under which the instance keeps the value."""
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> _T: ...
    def __get__(self, instance: object | None, owner: type) -> Self | _T:
        """Compute the value, and keep it in the instance: it is found there the next time."""
        if instance is None:
            return self
        value = self._compute(instance)
        vars(instance)[self._name] = value
        return value
