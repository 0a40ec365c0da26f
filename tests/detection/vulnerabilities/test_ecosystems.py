"""Ecosystems: the packages that purls and advisories name."""

import pytest
from packageurl import PackageURL

from securenet_obs.detection.vulnerabilities.ecosystems import component_of, package_of


def test_names_are_compared_as_their_ecosystem_does() -> None:
    """Case and separators count in some ecosystems only."""
    assert package_of("PyPI", "Ruamel.YAML") == package_of("PyPI", "ruamel_yaml")
    assert package_of("NuGet", "Newtonsoft.Json") == package_of("NuGet", "newtonsoft.json")
    assert package_of("npm", "A") != package_of("npm", "a")
    assert package_of("PyPI", "a") != package_of("npm", "a")


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
    component = component_of(PackageURL.from_string(purl), "x")
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
    component = component_of(PackageURL.from_string(purl), "x")
    assert component.unjudged == reason
