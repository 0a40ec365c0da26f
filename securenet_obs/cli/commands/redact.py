"""Command `redact`: masks secrets, and PII on request, from standard input to standard output."""

import json
import signal
import sys
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from io import BufferedReader
from typing import Literal, cast

import click

from securenet_obs.cli import options
from securenet_obs.cli.consoles import STDERR, discard_output, echo


@click.command()
@click.option(
    "--pii",
    type=click.Choice(["keep", "strip"]),
    default="keep",
    show_default=True,
    help="What becomes of addresses, host names and users, which are no secrets.",
)
@options.as_json
def redact(pii: Literal["keep", "strip"], as_json: bool) -> None:
    """Mask the secrets in text or JSON lines.

    The number of masked secrets per rule goes to standard error.

    Example: securenet-obs redact --pii strip < api.log > to-share.log
    """
    from securenet_obs.redaction.stream import redact_stream

    source = cast("BufferedReader", sys.stdin.buffer)
    if source.peek(2)[:2] in (BOM_UTF16_LE, BOM_UTF16_BE):
        raise click.UsageError("This is UTF-16, in which no secret would be found: make it UTF-8.")
    if not sys.stdin.isatty():
        # Ctrl-C ends `tail -f` first; its last lines and the counts are still written.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        counts = redact_stream(source, sys.stdout.buffer, pii=pii)
    except BrokenPipeError:
        # The reader, such as `head`, has closed the pipe; Python would report that again at exit.
        discard_output(sys.stdout)
        return
    if as_json:
        echo(json.dumps(dict(counts)), err=True)
        return
    summary = ", ".join(f"{rule} {number}" for rule, number in sorted(counts.items()))
    STDERR.print(f"{counts.total()} masked{': ' if summary else ''}{summary}", soft_wrap=True)
