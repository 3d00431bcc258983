"""The command line: a file per command, loaded when it is called; errors become exit codes."""
