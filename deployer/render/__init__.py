"""Values → text: pure functions, one file per format and value."""
