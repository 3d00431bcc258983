"""The one comment of a target on a pull request: found by its first line, replaced, or made."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from deployer.errors import Unreachable, UsageError
from deployer.forge.github import ATTEMPTS, GitHub, Lost
from deployer.forge.pull_request import PullRequest

LARGEST = 65_536
"""Characters that GitHub takes."""

_MARK = re.compile(r"<!-- deployer:plan target=[!-~]+ -->")
_PAGE = 100
_MOST_PAGES = 100
_VIEWER = "query { viewer { login } }"

Done = Literal["made", "updated", "unchanged"]


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of the comment, and its address on GitHub."""

    done: Done
    url: str


def mark_of(text: str, where: str) -> str:
    """The first line, by which the comment is found again; raises UsageError for any other text."""
    mark = text.partition("\n")[0].rstrip("\r")
    if not _MARK.fullmatch(mark):
        raise UsageError(
            "this is no comment of a plan",
            where=where,
            why="its first line is not the mark by which it would be found again",
            hint="make it with `deployer plan --format markdown`",
        )
    if len(text) > LARGEST:
        raise UsageError(
            f"the comment has {len(text):,} characters, and GitHub takes {LARGEST:,}",
            where=where,
            hint="`deployer plan --format markdown` never makes a longer one: add nothing to it",
        )
    return mark


async def post(github: GitHub, place: PullRequest, text: str, mark: str) -> Posted:
    """Replaces the comment with that first line that this token's account wrote, or makes one.

    A comment of somebody else is left alone, whatever its first line is. Where the answer to a new
    comment is lost, it is looked for before another one is made. Raises what `GitHub.call` raises.
    """
    login, fault = await _login(github, place), ""
    for attempt in range(1, ATTEMPTS + 1):
        own = await _own(github, place, mark, login)
        if own and _same(own, text):
            return Posted("unchanged", _url(own))
        try:
            return await _write(github, place, own, text)
        except Lost as lost:
            fault = lost.why
            await github.sleep(github.pause(attempt))
    raise Unreachable(
        "GitHub does not answer",
        why=fault,
        written="the comment was not seen on the pull request",
        hint="run the job again",
    )


async def _login(github: GitHub, place: PullRequest) -> str:
    """The account that the token stands for, as comments name their author.

    Asked of the GraphQL API: the other one does not tell it to the token of a run.
    """
    answer = await github.call("POST", place.graphql, {"query": _VIEWER})
    try:
        login = answer["data"]["viewer"]["login"]
    except (KeyError, TypeError) as error:
        raise Unreachable("GitHub does not say whose token this is", where=place.graphql) from error
    return str(login)


async def _own(
    github: GitHub, place: PullRequest, mark: str, login: str
) -> Mapping[str, Any] | None:
    """The oldest comment of that account that begins with the mark."""
    for page in range(1, _MOST_PAGES + 1):
        found = await github.call("GET", place.comments, per_page=_PAGE, page=page)
        if not isinstance(found, list):
            raise Unreachable("GitHub's answer is no list of comments", where=place.comments)
        for each in found:
            if _author(each) == login and str(each.get("body")).splitlines()[:1] == [mark]:
                return dict(each)
        if len(found) < _PAGE:
            return None
    return None


async def _write(
    github: GitHub, place: PullRequest, own: Mapping[str, Any] | None, text: str
) -> Posted:
    if own:
        changed = await github.call("PATCH", place.comment(int(own["id"])), {"body": text})
        return Posted("updated", _url(changed))
    made = await github.call("POST", place.comments, {"body": text}, once=True)
    return Posted("made", _url(made))


def _author(comment: Any) -> str:
    user = comment.get("user") if isinstance(comment, dict) else None
    return str(user.get("login")) if isinstance(user, dict) else ""


def _same(comment: Mapping[str, Any], text: str) -> bool:
    return str(comment.get("body")).splitlines() == text.splitlines()


def _url(comment: Any) -> str:
    return str(comment.get("html_url", "")) if isinstance(comment, dict) else ""
