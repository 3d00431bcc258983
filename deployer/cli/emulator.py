"""`deployer emulator serve`: the DataWorks API on loopback, for any client."""

import os
from pathlib import Path

import click

from deployer.cli.options import option
from deployer.errors import UsageError


@click.group("emulator", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Serve the DataWorks API locally, from a database file that is the workspace."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@command.command("serve")
@option("--db", required=True, metavar="FILE", help="Workspace file; `:memory:` keeps nothing.")
@option("--project", required=True, metavar="ID", help="Id of the project: digits.")
@option(
    "--project-identifier",
    metavar="NAME",
    help="Name of the project in outputs.  [default: project_ID]",
)
@option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    help="Port of 127.0.0.1; 0 takes a free one.",
)
@option(
    "--ready-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Gets `127.0.0.1:PORT` once the emulator answers.",
)
@option(
    "--set",
    "chosen",
    multiple=True,
    metavar="SWITCH=VALUE",
    help="What to do where the service is not known; may be given again. The file remembers it.",
)
@option(
    "--latency",
    type=click.IntRange(0, 600_000),
    metavar="MS",
    help="Milliseconds that every answer takes: the switch `latency_ms`.",
)
@option(
    "--control",
    is_flag=True,
    help="Open the control plane below /_control/: switches, faults, time, the effect log.",
)
def serve(
    db: str,
    project: str,
    project_identifier: str | None,
    port: int,
    ready_file: Path | None,
    chosen: tuple[str, ...],
    latency: int | None,
    control: bool,
) -> int:
    """Serve on 127.0.0.1 until SIGTERM.

    Accepts the credentials in ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or
    `emulator` and `emulator-secret` if they are not set. A job, a stage and a run take 0.2 seconds
    each unless switches say otherwise.
    """
    from deployer.emulator import EmulatorStoreError
    from deployer.emulator import serve as run_server

    if not project.isascii() or not project.isdigit():
        raise UsageError(
            f"the project id is not a number: {project}",
            where="--project",
            hint="give the number that the project has, such as 10001",
        )
    switches = _switches(chosen, latency)
    try:
        run_server(
            db,
            project=project,
            project_identifier=project_identifier or f"project_{project}",
            credentials=(
                os.environ.get("ALIBABA_CLOUD_ACCESS_KEY_ID") or "emulator",
                os.environ.get("ALIBABA_CLOUD_ACCESS_KEY_SECRET") or "emulator-secret",
            ),
            port=port,
            ready_file=ready_file,
            switches=switches,
            control=control,
        )
    except EmulatorStoreError as error:
        raise UsageError(str(error), where=db, hint="name another file with `--db`") from error
    except OSError as error:
        raise UsageError(
            f"cannot serve: {error.strerror or error}",
            where=str(error.filename or f"port {port}"),
            hint="name another port with `--port`, or another file",
        ) from error
    return 0


def _switches(chosen: tuple[str, ...], latency: int | None) -> dict[str, str]:
    """Return the switches that flags name; raises UsageError for one that does not exist."""
    from deployer.emulator import Switches

    found = {} if latency is None else {"latency_ms": str(latency)}
    for text in chosen:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(
                f"not a switch and its value: {text}",
                where="--set",
                hint="write `--set import_missing_nodes=delete`",
            )
        found[name] = value
        try:
            Switches().changed({name: value})
        except ValueError as error:
            raise UsageError(
                str(error), where="--set", hint="docs/emulator.md tells the switches"
            ) from error
    return found
