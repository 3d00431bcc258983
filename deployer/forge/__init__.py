"""Where changes are reviewed: the pull request that a run is for, and the one comment of a plan on it.

Knows the API of GitHub and nothing of DataWorks; the text of a comment is made in `render`.
"""
