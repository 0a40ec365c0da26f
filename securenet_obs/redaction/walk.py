"""Walks a value's containers, names, texts and objects to mask secrets; bounded, never raises."""

import copy
import dataclasses
import re
from collections.abc import Iterable, Mapping
from datetime import date, time, timedelta
from math import isfinite
from typing import Any
from uuid import UUID

from securenet_obs.redaction import bounds
from securenet_obs.redaction.kinds import (
    are_lines,
    are_pairs,
    is_binary,
    is_record,
    object_texts,
    rebuild,
    text_of,
)
from securenet_obs.redaction.rules.rule import MASK, KeyRule
from securenet_obs.redaction.rules.values import is_secret_value
from securenet_obs.redaction.text.command_lines import secrets_in_arguments
from securenet_obs.redaction.text.prose import is_sentence
from securenet_obs.redaction.text.search import TextSearch

_OPTION = re.compile(r"(?:--?|/)(?P<name>[A-Za-z][\w.-]{1,80})")
_CLEAN = frozenset((int, float, bool, type(None)))
_MEDIA = frozenset(("im", "au", "vi", "fo", "ap"))
"""First letters of the names of `is_binary`."""
_CONTAINERS = (Mapping, list, tuple, set, frozenset)
_NUMBERS = (int, float, complex, date, time, timedelta, UUID)


class Walk(TextSearch):
    """State of one call: its remaining budget, the containers it has seen, its masks by rule."""

    __slots__ = ()

    def value(self, value: object, rule: KeyRule | None = None) -> Any:
        """Return `value` without secrets; `rule` is that of a secret name above the value."""
        if rule is None and type(value) is str and self._values_left > 0:
            self._values_left -= 1
            return self.text(value)
        try:
            return self._value(value, rule)
        except Exception:  # noqa: BLE001 - foreign code runs here: repr, keys, attributes, copies
            return self._mask("unreadable")

    def member(self, value: object, rule: KeyRule | None) -> Any:
        """Return the value of a member of an object without secrets, as `value` does."""
        self._depth += 1
        result = self.value(value, rule)
        self._depth -= 1
        return result

    def _value(self, value: object, rule: KeyRule | None) -> object:
        if value is None or isinstance(value, bool):
            return value
        self._values_left -= 1
        if self._values_left < 0:
            return self._mask("too_many")
        if isinstance(value, str):
            text = self._leaf(value, rule)
            return value if text == value else text
        if isinstance(value, bytes | bytearray):
            return self._bytes(value, rule)
        if isinstance(value, _NUMBERS):
            return self._number(value, rule)
        if isinstance(value, _CONTAINERS) or is_record(value):
            return self._container(value, rule)
        return self._object(value, rule)

    def _leaf(self, text: str, rule: KeyRule | None) -> str:
        if rule is None or not is_secret_value(rule, text) or is_sentence(text):
            return self.text(text)
        return self._mask(rule.name)

    def _bytes(self, value: bytes | bytearray, rule: KeyRule | None) -> bytes | bytearray:
        try:
            text, encoding = value.decode(), "utf-8"
        except UnicodeDecodeError:
            text, encoding = value.decode("latin-1"), "latin-1"
        result = self._leaf(text, rule)
        return value if result == text else type(value)(result.encode(encoding))

    def _number(self, value: object, rule: KeyRule | None) -> object:
        if isinstance(value, float) and not isfinite(value):
            return value
        if rule is not None and is_secret_value(rule, str(value)):
            return self._mask(rule.name)
        if isinstance(value, int) and 10**13 <= value < 10**16:
            return value if self.text(str(value)) != MASK else MASK
        return value

    def _container(self, value: object, rule: KeyRule | None) -> object:
        key = (id(value), rule.name if rule else "")
        if key in self._seen:
            return self._seen[key][1]
        if self._depth >= bounds.MAX_DEPTH:
            return self._mask("too_deep")
        if rule is not None and rule.judge is not None:
            rule = None  # such a name does not make the values of a container secret
        result: Any = {} if isinstance(value, Mapping) else []
        self._seen[key] = value, result  # also keeps `value` alive, so that its id is not reused
        self._depth += 1
        try:
            if isinstance(value, Mapping):
                self._fill_mapping(result, value, rule)
            elif isinstance(value, list | tuple | set | frozenset):
                self._fill_sequence(result, value, rule)
                result = rebuild(value, result)
            else:
                result = self._record(value, rule)
        finally:
            self._depth -= 1
        self._seen[key] = value, result
        return result

    def _fill_mapping(
        self, result: dict[Any, Any], value: Mapping[Any, Any], rule: KeyRule | None
    ) -> None:
        named = text_of(value.get("name", value.get("key"))) if "value" in value else ""
        if type(value) is dict and rule is None and not named and len(value) < self._values_left:
            self._fill_dict(result, value)
            return
        for key, item in value.items():
            self._fill_item(result, key, item, rule, named)

    def _fill_dict(self, result: dict[Any, Any], value: dict[Any, Any]) -> None:
        """Fill `result` as `_fill_item` does; decide about ordinary texts and numbers here."""
        classify, may_apply = self._rules.classify_name, self.may_apply
        for key, item in value.items():
            kind = type(item)
            if type(key) is str and (kind is str or kind in _CLEAN):
                clean, rule = classify(key)
                if clean and kind is str and key[:2] not in _MEDIA:
                    self._values_left -= 1
                    if rule is not None:
                        result[key] = self._leaf(item, rule)
                    else:
                        result[key] = self.text(item) if may_apply(item) else item
                    continue
                if (
                    clean
                    and rule is None
                    and kind is not str
                    and not (kind is int and 10**13 <= item < 10**16)
                ):
                    self._values_left -= 1
                    result[key] = item
                    continue
            self._fill_item(result, key, item, None, "")

    def _fill_item(
        self, result: dict[Any, Any], key: Any, item: Any, rule: KeyRule | None, named: str
    ) -> None:
        name = text_of(key)
        if is_binary(name, item):
            result[key] = item
            return
        if name == "value" and named:
            result[key] = self.value(item, rule or self._rules.rule_of(named))
            return
        clean, found = self._rules.classify_name(name) if name else (False, None)
        result[key if clean else self.value(key)] = self.value(item, rule or found)

    def _fill_sequence(self, result: list[Any], value: Iterable[Any], rule: KeyRule | None) -> None:
        items = list(value)
        if rule is None and are_lines(items):
            result += self.text("".join(items)).splitlines(keepends=True)
        elif rule is None and are_pairs(items):
            for key, item in items:
                pair = [self.value(key), self.value(item, self._rules.rule_of(text_of(key)))]
                result.append(rebuild(items[len(result)], pair))
        elif hasattr(value, "_fields"):
            for name, item in zip(value._fields, items, strict=True):
                result.append(self.value(item, rule or self._rules.rule_of(name)))
        elif rule is None and all(type(item) is str for item in items):
            result += self._arguments(items)
        else:
            result += [self.value(item, rule) for item in items]

    def _arguments(self, items: list[str]) -> list[str]:
        """Return texts that may be the arguments of a command, without their secrets."""
        for command_rule in self._rules.command_rules:
            for index, start, end in reversed(secrets_in_arguments(command_rule, items)):
                masked = self._mask(command_rule.name)
                items[index] = items[index][:start] + masked + items[index][end:]
        result, rule = [], None
        for item in items:
            option = _OPTION.fullmatch(item)
            result.append(self.value(item, None if option else rule))
            rule = self._rules.rule_of(option["name"]) if option else None
        return result

    def _record(self, value: Any, rule: KeyRule | None) -> object:
        result = copy.copy(value)
        for field in dataclasses.fields(value):
            found = rule or self._rules.rule_of(field.name)
            object.__setattr__(result, field.name, self.value(getattr(value, field.name), found))
        return result

    def _object(self, value: object, rule: KeyRule | None) -> object:
        for text in object_texts(value):
            clean = self._leaf(text, rule)
            if clean != text:
                return clean
        return value
