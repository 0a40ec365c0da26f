"""Facts of a target: settings and Redis' options, without any secret, comparable in one root."""

from pathlib import Path

from securenet_obs.runner.comparison.configured import (
    KEY_FILE,
    Digests,
    read_settings,
    read_state,
)
from securenet_obs.runner.target import target_of

SECRET = "correct-horse-battery"


def test_a_secret_is_a_digest_that_changes_with_it(tmp_path: Path) -> None:
    """The same in later commands, another one elsewhere; the key is its owner's alone."""
    variables = {"REDIS_URL": f"redis://:{SECRET}@redis.example/0", "LOG_FORMAT": "json"}
    target = target_of("staging.env", variables)
    found = read_settings(target, Digests(tmp_path))
    assert found["LOG_FORMAT"] == "json"
    assert found["REDIS_URL"].startswith("redis://redis.example/0 digest ")
    assert SECRET not in str(found)
    assert read_settings(target, Digests(tmp_path)) == found
    (tmp_path / "elsewhere").mkdir()
    assert read_settings(target, Digests(tmp_path / "elsewhere")) != found
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    changed = target_of("staging.env", {**variables, "REDIS_URL": "redis://:other@redis.example/0"})
    assert read_settings(changed, Digests(tmp_path))["REDIS_URL"] != found["REDIS_URL"]


def test_passwords_among_options_are_digests(tmp_path: Path) -> None:
    """Other options keep their values; an empty password is empty."""
    options = {"requirepass": SECRET, "masterauth": "", "maxmemory": "0", "tls-auth-clients": "yes"}
    found = read_state(target_of("staging.env", {}), options, Digests(tmp_path))
    assert SECRET not in str(found)
    assert found.pop("requirepass").startswith("digest ")
    assert found == {"masterauth": "", "maxmemory": "0", "tls-auth-clients": "yes"}


def test_two_starts_of_a_local_stack_do_not_differ(tmp_path: Path) -> None:
    """Ports, logins and the stack's name are new at each start, and are left out."""
    digests = Digests(tmp_path)
    one, two = (
        target_of(
            f"local stack run-{name}",
            {
                "SENTRY_DSN": f"http://{name}@127.0.0.1:{port}/1",
                "LOG_SOURCE": f"/x/stacks/run-{name}/logs",
                "REDIS_URL": f"redis://:{name}@127.0.0.1:{port}/0",
                "DIAGNOSTICS_KEY": name,
            },
            local=True,
        )
        for name, port in (("1a2b3c4d", 41001), ("5e6f7a8b", 41002))
    )
    assert read_settings(one, digests) == read_settings(two, digests)
    assert read_settings(one, digests)["REDIS_URL"] == "redis://127.0.0.1/0"
    options = [{"port": port, "requirepass": port, "hz": "10"} for port in ("1", "2")]
    assert read_state(one, options[0], digests) == read_state(two, options[1], digests)
