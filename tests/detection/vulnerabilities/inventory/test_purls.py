"""Reader of lists of purls."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from securenet_obs.detection.vulnerabilities.components import Component, Problem
from securenet_obs.detection.vulnerabilities.inventory.purls import (
    read_purl,
    read_purl_lines,
    read_purls,
)


@pytest.mark.parametrize(
    ("purl", "ecosystem", "name", "version"),
    [
        ("pkg:pypi/Django_X@3.2", "PyPI", "django-x", "3.2"),
        ("pkg:npm/%40angular/core@12.0.0", "npm", "@angular/core", "12.0.0"),
        ("pkg:maven/org.apache/log4j@2.14", "Maven", "org.apache:log4j", "2.14"),
        ("pkg:golang/github.com/Masterminds/x@v1.1.0", "Go", "github.com/masterminds/x", "v1.1.0"),
        ("pkg:composer/Laravel/framework@7.0", "Packagist", "laravel/framework", "7.0"),
        ("pkg:deb/debian/curl@7.88.1-10?distro=debian-12.4", "Debian:12", "curl", "7.88.1-10"),
        ("pkg:deb/debian/curl@7.88.1-10?distro=bookworm", "Debian:12", "curl", "7.88.1-10"),
        ("pkg:deb/debian/libc6@2.36?distro=debian-12&upstream=glibc", "Debian:12", "glibc", "2.36"),
        ("pkg:deb/ubuntu/bash@5.1?distro=ubuntu-22.04", "Ubuntu:22.04:LTS", "bash", "5.1"),
        ("pkg:deb/ubuntu/bash@5.2?distro=ubuntu-23.10", "Ubuntu:23.10", "bash", "5.2"),
        ("pkg:apk/alpine/curl@8.3.0-r0?distro=alpine-3.18.4", "Alpine:v3.18", "curl", "8.3.0-r0"),
        ("pkg:apk/wolfi/curl@8.3.0-r0", "Wolfi", "curl", "8.3.0-r0"),
        ("pkg:rpm/almalinux/bash@5.1-1?distro=almalinux-9.2", "AlmaLinux:9", "bash", "5.1-1"),
    ],
)  # fmt: skip
def test_a_purl_is_the_package_that_advisories_name(
    purl: str, ecosystem: str, name: str, version: str
) -> None:
    """Ecosystem, name and version are those of OSV."""
    component = read_purl(purl, "x")
    assert isinstance(component, Component)
    assert (component.package.ecosystem, component.package.name) == (ecosystem, name)
    assert (component.version, component.unjudged) == (version, "")


@pytest.mark.parametrize(
    ("purl", "reason"),
    [
        ("pkg:pypi/django", "it has no version"),
        ("pkg:generic/openssl@1.1.1", "advisories have no ecosystem for purls of type generic"),
        ("pkg:deb/debian/curl@7.88.1-10", "the purl names no release, as in ?distro=debian-12"),
    ],
)
def test_a_purl_that_advisories_cannot_name_has_the_reason(purl: str, reason: str) -> None:
    """It is kept, since it may be affected."""
    component = read_purl(purl, "x")
    assert isinstance(component, Component)
    assert component.unjudged == reason


def test_lists_have_places() -> None:
    """Lines are numbered from 1, items from 0; blank lines and comments are skipped."""
    entries = list(read_purl_lines("# all\n\n pkg:pypi/a@1 \nnonsense\n", "p.txt"))
    assert [entry.place for entry in entries] == ["p.txt:3", "p.txt:4"]
    assert isinstance(entries[1], Problem)
    assert [entry.place for entry in read_purls(["pkg:pypi/a@1", 7], "p")] == ["p[0]", "p[1]"]


@settings(max_examples=50)
@given(st.text(max_size=40).map(lambda text: f"pkg:{text}") | st.text(max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Any text is a component or a problem."""
    assert read_purl(text, "x").place == "x"
