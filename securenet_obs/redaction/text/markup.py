"""Finds named values in markup: text of elements, and values of pairs of attributes or keys."""

import dataclasses
import re
from collections.abc import Iterator

_NAME = r"[\w.:-]{1,80}"
_QUOTE = r"(?:\\*[\"']|&quot;|)"
_PATTERNS = tuple(
    map(
        re.compile,
        (
            # <password type="x">value</password>, also with CDATA and as escaped text
            rf"(?:<|&lt;|\\u003c)(?P<name>{_NAME})(?:\s[^<>]{{0,300}})?(?:>|&gt;|\\u003e)"
            r"\s{0,9}(?:<!\[CDATA\[)?(?P<value>[^<>&\s][^<>&]{0,4000}?)"
            r"\s{0,9}(?:\]\]>)?\s{0,9}(?:<|&lt;|\\u003c)(?:/|\\/)",
            # <add key="Password" value="x"/>, and "name: DB_PASSWORD\\n  value: x" of YAML
            rf"(?i:name|key|id|property|field|header){_QUOTE}\s{{0,9}}[=:]\s{{0,9}}"
            rf"{_QUOTE}(?P<name>{_NAME}){_QUOTE}"
            rf"[\s,]{{0,40}}(?:[\w.:-]{{1,40}}=[\"'][^\"'<>]{{0,80}}[\"']\s{{0,9}}){{0,4}}"
            rf"{_QUOTE}(?i:value|val|content){_QUOTE}\s{{0,9}}[=:]\s{{0,9}}"
            r"(?:\\*(?P<q>[\"'])(?P<value>[^\"'<>\n\\]{1,4000})(?=\\*(?P=q))"
            r"|(?P<bare>[^\s\"',<>{}\[\]]{1,4000}))",
            # <entry key="password">value</entry>, <property name="password"><value>x</value>
            rf"(?i:name|key|id)=\\*[\"'](?P<name>{_NAME})\\*[\"'][^<>]{{0,200}}>\s{{0,9}}(?:<\w{{1,20}}>)?"
            r"\s{0,9}(?P<value>[^<>\s][^<>]{0,4000}?)\s{0,9}</",
            # (b'cookie', b'value') and ('x-api-key', 'value'), the repr of a header
            r"[(\[](?:b(?=[\"']\S{1,80}[\"'], b)"
            r"|(?=[\"'](?i:authorization|proxy-authorization|cookie|set-cookie|x-)))"
            rf"(?P<p>[\"'])(?P<name>{_NAME})(?P=p),\s?b?(?P<q>[\"'])(?P<value>[^\"'\n]{{1,4000}})(?P=q)[)\]]",
            # <key>password</key><string>value</string>, <name>…</name><value>…</value>
            rf"<(?i:key|name)>\s{{0,9}}(?P<name>{_NAME})\s{{0,9}}</\w{{1,20}}>\s{{0,40}}<\w{{1,20}}>"
            r"\s{0,9}(?P<value>[^<>\s][^<>]{0,4000}?)\s{0,9}</",
        ),
    )
)


@dataclasses.dataclass(frozen=True)
class MarkupValue:
    """A value in a text with the name that its markup gives it, and its start and end."""

    name: str
    text: str
    start: int
    end: int


def find_values(text: str) -> Iterator[MarkupValue]:
    """Yield the named values in the markup of a text, in order of their start."""
    found = []
    for pattern in _PATTERNS:
        position = 0
        while match := pattern.search(text, position):
            group = "value" if match["value"] is not None else "bare"
            start, end = match.span(group)
            found.append(MarkupValue(match["name"].rpartition(":")[2], match[group], start, end))
            position = match.end("name")
    yield from sorted(found, key=lambda value: (value.start, value.end))
