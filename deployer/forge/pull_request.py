"""The environment of a GitHub run → the pull request that it is for, and the right to write to it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from deployer.errors import CredentialsError, UsageError
from deployer.transport.credentials import GITHUB_TOKEN
from deployer.transport.endpoints import is_loopback

API = "https://api.github.com"

_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_REF = re.compile(r"refs/pull/([1-9][0-9]{0,9})/(?:merge|head)")
_NOT_ONE = "run it in a job of the event `pull_request`"


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request: addresses of the two APIs, `owner/name`, number, and the token for it."""

    api: str
    graphql: str
    repository: str
    number: int
    token: str = field(repr=False)

    @property
    def local(self) -> bool:
        """Whether the API is on this machine, where no proxy stands in between."""
        return is_loopback(urlsplit(self.api).hostname or "")

    @property
    def comments(self) -> str:
        """The address below which the comments of the pull request are listed and made."""
        return f"{self.api}/repos/{self.repository}/issues/{self.number}/comments"

    def comment(self, identity: int) -> str:
        """The address of one comment."""
        return f"{self.api}/repos/{self.repository}/issues/comments/{identity}"


def of_run(environ: Mapping[str, str]) -> PullRequest:
    """The pull request that GitHub's variables and the file of the event name.

    Raises UsageError where they name none, CredentialsError where there is no token.
    """
    repository = environ.get("GITHUB_REPOSITORY", "")
    if not _REPOSITORY.fullmatch(repository) or ".." in repository:
        raise UsageError(
            "this is no run of GitHub Actions",
            why="`GITHUB_REPOSITORY` names no repository as `owner/name`",
            hint=_NOT_ONE,
        )
    number = _number(environ)
    token = environ.get(GITHUB_TOKEN, "")
    if not token or any(not "!" <= letter <= "~" for letter in token):
        raise CredentialsError(
            "no token to comment with",
            why="`GITHUB_TOKEN` is not set" if not token else "`GITHUB_TOKEN` is not a token",
            written="nothing was written",
            hint="give the step `env: {GITHUB_TOKEN: ${{ github.token }}}`",
        )
    api = _address(environ, "GITHUB_API_URL", API)
    graphql = _address(environ, "GITHUB_GRAPHQL_URL", f"{api.removesuffix('/v3')}/graphql")
    return PullRequest(api, graphql, repository, number, token)


def _number(environ: Mapping[str, str]) -> int:
    """From the file of the event; where it cannot be read, from the name of the reference."""
    told = _event_number(environ.get("GITHUB_EVENT_PATH", ""))
    if told:
        return told
    reference = _REF.fullmatch(environ.get("GITHUB_REF", ""))
    if reference:
        return int(reference[1])
    event = environ.get("GITHUB_EVENT_NAME", "")
    raise UsageError(
        "this run is for no pull request",
        why=f"the event `{event}` names none" if event else "no event is told",
        written="nothing was written",
        hint=_NOT_ONE,
    )


def _event_number(path: str) -> int:
    try:
        event = json.loads(Path(path).read_bytes()) if path else {}
    except (OSError, ValueError, RecursionError):
        return 0
    subject = event.get("pull_request") if isinstance(event, dict) else None
    number = subject.get("number") if isinstance(subject, dict) else None
    return number if isinstance(number, int) and number > 0 else 0


def _address(environ: Mapping[str, str], variable: str, default: str) -> str:
    """The address that a variable holds, fit to send a token to."""
    told = (environ.get(variable) or default).rstrip("/")
    try:
        parts = urlsplit(told)
        host = parts.hostname or ""
    except ValueError:
        host = ""
    secure = host and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))
    if not secure or parts.username or parts.query or parts.fragment:
        raise UsageError(
            f"`{variable}` is no address to send a token to: `{told}`",
            why="a token is sent by https, or to this machine",
            written="nothing was sent",
        )
    return told
