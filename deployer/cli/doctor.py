"""`deployer doctor`: is everything set up, and if not, what is the cure."""

import os
from pathlib import Path

import click

from deployer.checks import Check, gravest, problem
from deployer.cli.options import format_option, one_of, option, target_option
from deployer.cli.words import emit, paint, say
from deployer.doctor.policies import WRITES, policy
from deployer.errors import EXIT_INTERRUPTED, DeployerError
from deployer.model import Target
from deployer.transport.credentials import CredentialChain


@click.command("doctor")
@target_option
@format_option("text", "json")
@option(
    "--policy",
    "of",
    type=click.Choice(tuple(WRITES)),
    help="Print the RAM policy that a command needs, and do nothing else.",
)
@option(
    "--probe",
    "folder",
    metavar="FOLDER",
    help="Try out how the service behaves, in a folder of the workspace that does not exist yet.",
)
@click.option(
    "--auto-approve", is_flag=True, help="Probe without asking; no variable can say this."
)
def command(
    target: str | None, form: str, of: str | None, folder: str | None, auto_approve: bool
) -> int:
    """Look at the set-up: configuration, scope, git, file modes, proxy, credentials, service.

    Only reads, and makes four calls at most. Each line is ok, or a problem and its cure. The exit
    code is that of the gravest problem.

    With --probe it writes instead: workflows in FOLDER that are never published and deleted at the
    end, and the profile of what was found, which is printed too. Settles what no document tells, in
    some 60 calls.
    """
    from deployer.render import checks as rendered
    from deployer.render.json_text import json_text

    if of:
        emit(json_text(policy(of)))
        return 0
    if folder is not None:
        from deployer.cli.probing import probed

        try:
            emit(probed(target, folder, auto_approve))
        except KeyboardInterrupt:
            say("interrupted, no profile was written")
            return EXIT_INTERRUPTED
        return 0
    found = _looked(target)
    emit(rendered.to_json(found) if form == "json" else rendered.to_text(found, paint()))
    return gravest(found)


def _looked(name: str | None) -> list[Check]:
    """Every line; what cannot be looked at because of an earlier problem is left out."""
    from deployer import config
    from deployer.doctor import machine

    try:
        settings = config.settings(Path.cwd(), name, os.environ)
        target = one_of(settings)
    except DeployerError as failure:
        return [problem("configuration", failure)]
    found = list(machine.checks(settings, target, os.environ))
    credentials = _credentials(target)
    found.append(credentials)
    if credentials.state == "problem":
        reason = "not asked: there are no credentials to ask with"
        return [*found, Check("endpoint", "skipped", reason)]
    return [*found, *_asked(target)]


def _credentials(target: Target) -> Check:
    """Where they come from; never a part of them."""
    if target.emulator:
        return Check("credentials", "ok", "none are needed for an emulator in a file")
    try:
        found = CredentialChain(os.environ, target.instance_metadata).get()
    except DeployerError as failure:
        return problem("credentials", failure)
    kind = "temporary" if found.security_token else "a key that does not end"
    return Check("credentials", "ok", f"from {found.provider}, {kind}")


def _asked(target: Target) -> list[Check]:
    from deployer.cli.connect import connected, run
    from deployer.doctor import service

    async def main() -> list[Check]:
        async with connected(target) as connection:
            return [check async for check in service.checks(target, connection.remote)]

    try:
        return run(main())
    except DeployerError as failure:
        return [problem("endpoint", failure)]
