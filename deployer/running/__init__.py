"""Workflows are run for business dates: the request, making instances, watching, steering."""
