"""`redact`: masks the secrets of a log and counts them by rule."""

import json
import signal
import subprocess
import sys

LOG = b'{"event": "login", "password": "hunter2", "host": "db1"}\nplain AKIA' + b"A1" * 8 + b"\n"
COMMAND = [sys.executable, "-m", "securenet_obs", "redact"]


def redacted(*options: str, given: bytes = LOG) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run([*COMMAND, *options], input=given, capture_output=True, check=False)


def test_a_log_comes_out_without_its_secrets_and_counted() -> None:
    """Other text is unchanged, and the counts are on standard error."""
    done = redacted()
    first, second = done.stdout.splitlines()
    assert json.loads(first) == {"event": "login", "password": "[redacted]", "host": "db1"}
    assert second == b"plain [redacted]"
    assert done.stderr == b"2 masked: aws_key 1, password 1\n"
    assert json.loads(redacted("--json").stderr) == {"aws_key": 1, "password": 1}


def test_machine_names_are_masked_on_request() -> None:
    """Host names are kept by default, and removed with `--pii strip`."""
    assert b"db1" not in redacted("--pii", "strip").stdout


def test_a_log_without_secrets_is_copied_byte_by_byte() -> None:
    """A log without secrets is copied unchanged, with invalid UTF-8 and an incomplete last line."""
    done = redacted(given=b"caf\xe9 \xff\r\nlast")
    assert (done.stdout, done.stderr) == (b"caf\xe9 \xff\r\nlast", b"0 masked\n")


def test_unsearchable_input_is_refused() -> None:
    """A log that cannot be searched is refused, since its unmasked text would be shared."""
    done = redacted(given="password=hunter2".encode("utf-16"))
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"UTF-16" in done.stderr


def test_ctrl_c_ends_the_source_and_nothing_is_lost() -> None:
    """In `tail -f log | securenet-obs redact` Ctrl-C ends the source, and all lines are printed."""
    with subprocess.Popen(
        COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"one\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"one\n"
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(b"two\n")
    assert (process.returncode, output, errors) == (0, b"two\n", b"0 masked\n")


def test_a_closed_pipe_ends_it_quietly() -> None:
    """In `securenet-obs redact < log | head -n 1` the closed pipe causes no traceback."""
    with subprocess.Popen(
        COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        _, errors = process.communicate(b"line\n" * 100_000)
    assert (process.returncode, errors) == (0, b"")
