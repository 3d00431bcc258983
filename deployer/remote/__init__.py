"""The API's shapes: one method for each operation, grouped by what it is about."""
