"""What the command line says: results on stdout, all else on stderr, colours only where wanted."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import click

from deployer.errors import DeployerError, InvalidManifests
from deployer.render.paint import Paint, plain
from deployer.render.visible import visible


class OutputClosed(DeployerError):
    """Whoever read standard output is gone, as after `| head`."""


def emit(text: str) -> None:
    """The result, on stdout, coloured as it is. Raises OutputClosed."""
    try:
        click.echo(text, nl=False, color=True)
    except BrokenPipeError as error:
        _drain(sys.stdout)
        raise OutputClosed("standard output was closed") from error


def say(text: str) -> None:
    """A remark on stderr; `text` is fit to be shown. It never fails, whatever became of stderr."""
    try:
        click.echo(text, err=True, color=True)
    except OSError:
        _drain(sys.stderr)


def _drain(stream: TextIO) -> None:
    """Python flushes a stream once more at its end: there must be something that takes it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def say_error(failure: DeployerError) -> None:
    """What · where · why · what was written · what to do next, on stderr."""
    if isinstance(failure, InvalidManifests):
        from deployer.render import problems_text

        for line in problems_text.lines(failure.problems):
            say(line)
    say(f"error: {visible(failure.what)}")
    parts = {
        "where": failure.where,
        "why": failure.why,
        "written": failure.written,
        "request id": failure.request_id,
        "next": failure.hint,
    }
    for name, text in parts.items():
        if text:
            say(f"  {name}: {visible(text)}")


def say_usage(wrong: click.ClickException) -> None:
    """A command line that cannot be used, and where its help is."""
    first, *others = wrong.format_message().splitlines() or [""]
    say("\n".join([f"error: {visible(first)}", *(f"  {visible(line)}" for line in others)]))
    context = getattr(wrong, "ctx", None)
    say(f"  next: see `{context.command_path if context else 'deployer'} --help`")


@contextmanager
def nothing_written() -> Iterator[None]:
    """Whatever fails inside says that nothing was written."""
    try:
        yield
    except DeployerError as failure:
        failure.written = failure.written or "nothing was written"
        raise


def decorated(stream: TextIO) -> bool:
    """Whether a stream shows bars: a terminal, unless NO_COLOR or TERM=dumb object."""
    objected = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return stream.isatty() and not objected


def coloured(stream: TextIO) -> bool:
    """Whether a stream shows colours: where bars are shown, or where a variable insists.

    NO_COLOR wins; FORCE_COLOR and CLICOLOR_FORCE are for logs, which are no terminals but show colours.
    """
    if os.environ.get("NO_COLOR"):
        return False
    insisted = (os.environ.get(name) for name in ("FORCE_COLOR", "CLICOLOR_FORCE"))
    return any(value not in (None, "", "0") for value in insisted) or decorated(stream)


def paint(stream: TextIO | None = None) -> Paint:
    """A paint for a stream, stdout if none is named."""
    return _coloured if coloured(stream or sys.stdout) else plain


def _coloured(style: str, text: str) -> str:
    if style in ("bold", "dim"):
        return click.style(text, bold=style == "bold" or None, dim=style == "dim" or None)
    return click.style(text, fg=style)
