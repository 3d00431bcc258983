"""`deployer comment`: a plan as the one comment of its target on the pull request."""

import os
import sys
from pathlib import Path

import click

from deployer.cli.options import option
from deployer.cli.words import emit
from deployer.errors import UsageError


@click.command("comment")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@option("--github", is_flag=True, help="On the pull request that this run of GitHub is for.")
def command(file: Path, github: bool) -> int:
    """Post a plan on the pull request, in place of the one that is there.

    FILE is what `deployer plan --format markdown` printed; `-` is standard input. Each target has one
    comment, found by its first line and its author. Needs GITHUB_TOKEN, and no credentials of Alibaba
    Cloud.
    """
    if not github:
        raise UsageError("say where to comment", hint="`deployer comment --github FILE`")
    from deployer.render.visible import visible

    done, url = _posted(_text(file), str(file))
    emit(f"comment {done}: {visible(url)}\n")
    return 0


def _posted(text: str, where: str) -> tuple[str, str]:
    """What became of the comment, and its address; the text is looked at before anything is sent."""
    from deployer.cli.connect import run
    from deployer.forge.comments import Posted, mark_of, post
    from deployer.forge.github import GitHub
    from deployer.forge.pull_request import of_run

    mark = mark_of(text, where)
    place = of_run(os.environ)

    async def main() -> Posted:
        async with GitHub(place.token, loopback=place.local) as github:
            return await post(github, place, text, mark)

    posted = run(main())
    return posted.done, posted.url


def _text(file: Path) -> str:
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        return data.decode()
    except (OSError, ValueError) as error:
        raise UsageError("the comment cannot be read", where=str(file), why=str(error)) from error
