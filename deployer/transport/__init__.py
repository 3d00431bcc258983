"""Calls out: endpoints, credentials, one signed request, what its answer means, when to try again."""
