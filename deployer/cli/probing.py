"""`deployer doctor --probe`: asks, tries, tidies up, and writes down what was found."""

import asyncio
import re
import secrets
from pathlib import Path

from deployer.cli.asking import ask
from deployer.cli.connect import address_of, connected, run
from deployer.cli.options import chosen
from deployer.cli.words import say
from deployer.errors import DeployerError, RefusedBySafety, UsageError
from deployer.model import Settings, Target
from deployer.probing.bench import Bench
from deployer.probing.steps import probe
from deployer.profile import Profile, to_text
from deployer.render.visible import visible

_FOLDER = re.compile(r"[\w-]+(/[\w-]+)*")


def probed(name: str | None, folder: str, approved: bool) -> str:
    """The text of the profile, which is written to the target's `profile`, or to `TARGET.profile.json`.

    Raises UsageError, RefusedBySafety, and what stands in the way of a probe; what it made is deleted
    even then, and what could not be deleted is named.
    """
    settings, target = chosen(name)
    if not _FOLDER.fullmatch(folder):
        raise UsageError(
            f"not a folder of a workspace: {folder}",
            where="--probe",
            written="nothing was written",
            hint="name one that does not exist yet, such as `deployer_probe`",
        )
    if not approved:
        ask(f"Write workflows into `{folder}` and delete them again", target, "doctor --probe")
    switches = run(_tried(target, folder))
    text = to_text(Profile(address_of(target), target.project, switches))
    _keep(settings, target, text)
    return text


async def _tried(target: Target, folder: str) -> dict[str, str]:
    async with connected(target) as connection:
        bench = Bench(
            remote=connection.remote,
            folder=folder,
            nonce=secrets.token_hex(4),
            settle=connection.settle,
            sleep=connection.sleep,
        )
        try:
            await probe(bench, lambda step: say(f"trying: {step}"))
        except RefusedBySafety:
            raise  # nothing was tried
        except DeployerError as failure:
            failure.written = await _tidied(bench)
            raise
        except asyncio.CancelledError:
            say("stopping: what the probe made is deleted first")
            say(await _tidied(bench))
            raise
        say(await _tidied(bench))
        say(f"API calls: {connection.remote.calls}")
        return dict(sorted(bench.switches.items()))


async def _tidied(bench: Bench) -> str:
    """Deletes what the probe made; in words what became of it."""
    try:
        left = await bench.tidy()
    except DeployerError as failure:
        return (
            f"what the probe made in `{bench.folder}` may still be there: {visible(failure.what)}"
        )
    if left:
        return f"not deleted: {visible(', '.join(left))}; delete it in the console"
    number = len(bench.gone)
    return f"deleted: {number} workflow{'' if number == 1 else 's'} that the probe made"


def _keep(settings: Settings, target: Target, text: str) -> None:
    from deployer.reading.project_files import FileRefused
    from deployer.reading.project_writer import write

    file = target.profile or settings.root / f"{target.name}.profile.json"
    try:
        write(settings.root, _shown(settings, file), text.encode(), new=False)
    except FileRefused as refused:
        raise UsageError(
            "the profile cannot be written",
            where=str(file),
            why=refused.message,
            written="the probe is over and nothing of it is left",
            hint="correct it and probe again",
        ) from refused
    say(f"written: {visible(_shown(settings, file))}")
    if not target.profile:
        say(f"next: write `profile: {visible(file.name)}` into the target `{target.name}`")


def _shown(settings: Settings, file: Path) -> str:
    return file.relative_to(settings.root).as_posix()
