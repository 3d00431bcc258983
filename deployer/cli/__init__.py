"""The command line: a file per command, loaded when it is called; errors become exit codes."""

from deployer.cli.main import main

__all__ = ["main"]
