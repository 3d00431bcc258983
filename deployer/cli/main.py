"""The `deployer` command: finds a subcommand, runs it, and says how it ended.

Commands are loaded by name, so that `--help` and `validate` do not pay for what they do not use.
"""

import os
import sys
from importlib import import_module
from io import TextIOWrapper

import click

from deployer import __version__
from deployer.cli.words import OutputClosed, say, say_error, say_usage
from deployer.errors import EXIT_BUG, EXIT_INTERRUPTED, DeployerError, UsageError
from deployer.nearest import nearest

COMMANDS = {
    "init": "Write the first files of a project.",
    "validate": "Check the manifests: YAML, schema and rules. No network.",
    "plan": "Show what apply would change. Only reads.",
    "pull": "Write live workflows into manifests. Only reads the workspace.",
    "apply": "Bring the workspace to the state of the manifests.",
    "undo": "Bring back what the last apply wrote over.",
    "publish": "Take what is saved to production, stage by stage.",
    "run": "Run a workflow that is started by hand or by a trigger.",
    "smoke-test": "Try out what is published, and fail if it does.",
    "backfill": "Run a workflow for business dates of choice.",
    "instances": "List, show, watch, stop and rerun instances.",
    "graph": "Draw what waits for what. No network.",
    "explain": "Say where every field of a workflow comes from.",
    "comment": "Post a plan on its pull request, in place of the last one.",
    "doctor": "Look at the set-up: credentials, permissions, clock, git.",
    "schema": "Print a JSON Schema, for editors and other tools.",
    "emulator": "Serve the DataWorks API on this machine.",
}

EPILOG = """\b
Exit codes:
   0  done
   1  failed, or the manifests are invalid
   2  changes are pending (only with --detailed-exitcode)
   3  refused by a safety rule, or not approved
   4  conflict: the workspace moved, nothing was written for that object
   5  applied in part
   6  credentials or permission
   7  outcome of a write unknown: a rerun reads and reconciles
   8  throttled, or the quota is used up
   9  waits for a person
  10  a run ended in failure
  64  wrong usage or configuration
  70  a bug in deployer
 130  interrupted (143 by SIGTERM)

\b
Options are heard from the environment too, as in DEPLOYER_TARGET=prod; --auto-approve and
--prune are not, nor are those that begin with --allow. Credentials come from Alibaba Cloud's own
chain and variables."""


class _Lazy(click.Group):
    """A group that imports a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order of a first use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, loaded now."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"deployer.cli.{cmd_name.replace('-', '_')}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments name; a mistyped one is told the nearest."""
        if args[0] not in COMMANDS and (near := nearest(args[0], COMMANDS)):
            ctx.fail(f"no command {args[0]!r}, did you mean `{near}`?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, from the table: no command is loaded for it."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=_Lazy,
    epilog=EPILOG,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="deployer", message="%(prog)s %(version)s")
@click.pass_context
def root(context: click.Context) -> None:
    """Bring the workflows of a DataWorks workspace to the state written in git.

    Start with `deployer validate`, then `deployer plan`, then `deployer apply`. Each works on the
    project whose deployer.yaml is in this folder or above it.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main() -> int:
    """Runs the command line, and tells the documented exit code."""
    if isinstance(sys.stdout, TextIOWrapper):
        # A result with a character that the terminal's encoding lacks is still a result.
        sys.stdout.reconfigure(errors="backslashreplace")
    return _run()


def _run() -> int:
    try:
        code = root.main(standalone_mode=False, prog_name="deployer")
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.ClickException as wrong:
        say_usage(wrong)
        return UsageError.exit_code
    except (click.Abort, KeyboardInterrupt):
        # Signals that come while apply writes are dealt with there, and told by its outcomes.
        say("interrupted, nothing was written")
        return EXIT_INTERRUPTED
    except OutputClosed as gone:
        if gone.written:
            say_error(gone)
        return gone.exit_code
    except DeployerError as failure:
        say_error(failure)
        return failure.exit_code
    except Exception as bug:  # noqa: BLE001 (a bug has an exit code of its own)
        return _bug(bug)


def _bug(bug: Exception) -> int:
    """A defect of this program: said as such, with what is needed to report it."""
    import traceback

    from deployer.render.visible import visible
    from deployer.transport.credentials import masked

    told = masked("".join(traceback.format_exception(bug)), os.environ)
    for line in told.splitlines():
        say(visible(line))
    say("error: this is a bug in deployer")
    say("  next: report the lines above; `deployer plan` shows what the workspace holds now")
    return EXIT_BUG
