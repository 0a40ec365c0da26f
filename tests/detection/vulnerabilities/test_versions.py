"""Order of versions, by the examples of each ecosystem's own documents."""

import pytest
import semver
from hypothesis import given, settings
from hypothesis import strategies as st

from securenet_obs.detection.vulnerabilities.versions import (
    is_prerelease,
    key_of,
    major_of,
    parse_semver,
)
from securenet_obs.errors import VersionError

ORDERS = {
    "PyPI": "1.0.dev1 1.0a1 1.0b2 1.0rc1 1.0 1.0.post1 1.1 1!0.1",
    # semver.org §11
    "npm": "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 "
    "1.0.0-rc.1 1.0.0 1.0.1 1.10.0",
    "Go": "v0.0.0-20190101000000-abcdefabcdef v0.1.0 v1.0.0-pre v1.0.0 v1.2.0",
    # maven.apache.org/pom.html#version-order-specification
    "Maven": "1-alpha-1 1-beta 1-milestone 1-rc 1-SNAPSHOT 1 1-sp 1-abc 1-1 1.1 1.2 1.10",
    "RubyGems": "1.0.a 1.0.b1 1.0 1.0.1 1.0.1.1 1.10",
    "NuGet": "1.0.0-alpha 1.0.0-BETA 1.0.0-beta.2 1.0.0 1.0.0.1 1.0.0.10 1.0.1",
    # getcomposer.org/doc/articles/versions.md
    "Packagist": "1.0.0-dev 1.0.0-alpha9 1.0.0-alpha10 1.0.0-beta1 1.0.0-RC1 1.0.0 1.0.0-p1 "
    "1.2.3.9 1.2.3.10 v1.3",
    # Debian Policy 5.6.12
    "Debian:12": "1.0~rc1-1 1.0-1 1.0-1+deb12u1 1.0-2 1:0.9-1",
    "Rocky Linux:9": "1.0~rc1-1 1.0-1 1.0-1.el9 1.0-2 1:0.9-1",
    "Alpine:v3.18": "1.0_alpha1 1.0_beta 1.0_rc1 1.0 1.0-r1 1.0-r2 1.0_p1 1.0.1 1.10",
}


@pytest.mark.parametrize("ecosystem", ORDERS)
def test_versions_are_in_the_order_of_their_ecosystem(ecosystem: str) -> None:
    """Each version precedes all that follow it, and none that it follows."""
    keys = [key_of(ecosystem, text) for text in ORDERS[ecosystem].split()]
    for position, key in enumerate(keys):
        assert [key < other for other in keys] == [n > position for n in range(len(keys))]


NUMBERS = st.integers(0, 20).map(str)
IDENTIFIERS = st.one_of(NUMBERS, st.sampled_from(["a", "alpha", "rc", "A", "x-1", "0a"]))
SEMVERS = st.builds(
    lambda core, pre: ".".join(core) + (f"-{'.'.join(pre)}" if pre else ""),
    st.tuples(NUMBERS, NUMBERS, NUMBERS),
    st.lists(IDENTIFIERS, max_size=3),
)


@settings(max_examples=50)
@given(SEMVERS, SEMVERS)
def test_semver_is_ordered_as_by_another_library(one: str, other: str) -> None:
    """The order is that of python-semver; build metadata do not change it."""
    expected = semver.Version.parse(one).compare(other)
    keys = parse_semver(one), parse_semver(f"{other}+build.7")
    assert (keys[0] > keys[1]) - (keys[0] < keys[1]) == expected


@pytest.mark.parametrize(
    ("ecosystem", "text"),
    [
        ("PyPI", "not-a-version"),
        ("npm", "1.x"),
        ("npm", "^1.0.0"),
        ("npm", "1.2.3.4"),
        ("Packagist", "dev-main"),
        ("NuGet", "1.2.3.4.5"),
        ("Debian:12", " "),
        ("Go", "v1\N{ARABIC-INDIC DIGIT ONE}"),
        ("PyPI", "1" * 300),
        ("Unheard Of", "1.0"),
    ],
)
def test_an_invalid_version_is_refused(ecosystem: str, text: str) -> None:
    """A version that is not valid, or whose order is not known, has no key."""
    with pytest.raises(VersionError):
        key_of(ecosystem, text)


@pytest.mark.parametrize("ecosystem", ["PyPI", "npm", "Maven", "RubyGems", "Debian", "Alpine"])
@settings(max_examples=30)
@given(text=st.text(max_size=30))
def test_no_text_breaks_the_parsers(ecosystem: str, text: str) -> None:
    """Any text has a key that can be compared, or is refused with the one error."""
    try:
        key = key_of(ecosystem, text)
    except VersionError:
        return
    assert not key < key_of(ecosystem, text)


def test_prereleases_and_majors() -> None:
    """Names of pre-releases are recognised; the major is the first number, with an epoch."""
    assert is_prerelease("PyPI", "1.0rc1")
    assert is_prerelease("npm", "1.0.0-beta.2")
    assert is_prerelease("Maven", "1.0-M3")
    assert not is_prerelease("Maven", "30.1.1-jre")
    assert not is_prerelease("Debian:12", "1.0-1+deb12u1")
    assert major_of("v1.2.3") == major_of("1.9") == (0, 1)
    assert major_of("1!2.0") == (1, 2)
