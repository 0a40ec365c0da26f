"""Values in markup."""

import pytest

from securenet_obs.redaction.text.markup import find_values


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("<ns:pin a='1'>x 1</ns:pin>", "pin", "x 1"),
        ("<pin><![CDATA[x1]]></pin>", "pin", "x1"),
        ('<add key="pin" value="x1"/>', "pin", "x1"),
        ('<entry key="pin">x1</entry>', "pin", "x1"),
        ("<key>pin</key> <string>x1</string>", "pin", "x1"),
        ("- name: pin\n  value: x1", "pin", "x1"),
    ],
)
def test_a_value_has_the_name_that_its_markup_gives_it(text: str, name: str, value: str) -> None:
    """Elements, attributes, plists and lists of names and values are understood."""
    found = [one for one in find_values(text) if one.name == name]
    assert value in [one.text for one in found]
    assert all(text[one.start : one.end] == one.text for one in found)
