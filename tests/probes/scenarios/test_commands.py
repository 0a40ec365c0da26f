import pytest

from securenet_obs import __version__
from securenet_obs.errors import ProbeError, SettingsError
from securenet_obs.probes import register_tenant, run_command
from securenet_obs.settings import Settings

LOCAL = Settings(environment="local")


def test_a_command_returns_its_output() -> None:
    """The command is this installation's own."""
    assert run_command(LOCAL, "--version", deadline_s=60).endswith(f"version {__version__}")


def test_a_command_that_fails_names_itself_and_the_reason() -> None:
    """Arguments beyond the command's name are not repeated."""
    with pytest.raises(ProbeError, match=r"securenet-obs advisories sync ended with status 2: "):
        run_command(LOCAL, "advisories", "sync", "--max-age", "0", deadline_s=60)


def test_a_command_without_an_end_is_ended() -> None:
    """The message names the deadline."""
    with pytest.raises(ProbeError, match=r"did not end within 0\.01 s"):
        run_command(LOCAL, "--help", deadline_s=0.01)


def test_other_targets_are_refused() -> None:
    """Nothing is run: these commands change the store."""
    with pytest.raises(SettingsError, match="local stacks only"):
        run_command(Settings(environment="staging"), "--version", deadline_s=60)


def test_a_tenant_is_registered_with_a_key(empty_store: str) -> None:
    """The settings that are returned have the key of this tenant alone."""
    settings = register_tenant(LOCAL, "acme", deadline_s=60)
    assert list(settings.tenant_keys) == ["acme"]
    assert settings.tenant_keys["acme"].get_secret_value().startswith("snk_")
