"""Markdown that no name can break out of: the pieces of which the comment on a plan is made."""
