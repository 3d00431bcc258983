"""Stories that a user could live, told by commands and what they print."""
