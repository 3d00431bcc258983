"""Files in: bytes under guards, YAML and JSON with places, placeholders, script files, globs."""
