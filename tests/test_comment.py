"""`deployer comment --github`, against a stub of GitHub's API on loopback."""

import asyncio
import json
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from deployer.forge import comments, github
from deployer.render.markdown.heading import marker
from tests.cli_kit import Ended, Project, Shell
from tests.github_stub import LOST, READER, REPOSITORY, Fault, GitHubStub, Reply

MARK = "<!-- deployer:plan target=prod -->"
PLAN = f"{MARK}\n### Plan for target `prod`: 1 to update\n"
OTHER = PLAN.replace("target=prod", "target=dev")
BOT = "github-actions[bot]"


@pytest.fixture
def stub() -> Iterator[GitHubStub]:
    with GitHubStub() as served:
        yield served


@pytest.fixture
def deployer(
    tmp_path: Path,
    stub: GitHubStub,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Shell:
    """Runs `deployer` in a job of the event `pull_request`; waiting takes no time."""
    project = Project(tmp_path / "repository")
    project.write("plan.md", PLAN)
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7}}), encoding="utf-8")
    said = {
        "GITHUB_API_URL": stub.url,
        "GITHUB_GRAPHQL_URL": f"{stub.url}/graphql",
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_TOKEN": "token-of-the-run",
    }
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    return Shell(project, monkeypatch, capsys)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were asked for; none of them is made."""
    asked: list[float] = []

    async def sleep(seconds: float) -> None:
        asked.append(seconds)
        await asyncio.sleep(0)

    patient = partial(github.GitHub, sleep=sleep, chance=lambda: 1.0, now=lambda: 1_000.0)
    monkeypatch.setattr(github, "GitHub", patient)
    return asked


def posted(deployer: Shell) -> Ended:
    return deployer("comment", "--github", "plan.md")


# --- the one comment ------------------------------------------------------------------------------


def test_first_plan_makes_a_comment(deployer: Shell, stub: GitHubStub) -> None:
    """Its address is the result."""
    ended = posted(deployer)
    url = f"https://github.com/{REPOSITORY}/pull/7#issuecomment-7000"
    assert (0, f"comment made: {url}\n") == (ended.code, ended.out)
    assert stub.written() == [PLAN]


def test_next_plan_replaces_it(deployer: Shell, stub: GitHubStub) -> None:
    """There is one comment of a target, and it holds the last plan."""
    posted(deployer)
    deployer.project.change("plan.md", "1 to update", "2 to update")
    assert posted(deployer).out.startswith("comment updated: ")
    assert stub.written() == [PLAN.replace("1 to update", "2 to update")]


def test_same_plan_writes_nothing(deployer: Shell, stub: GitHubStub) -> None:
    """Nobody gets a notice of a comment that says what it said."""
    stub.add(BOT, PLAN.replace("\n", "\r\n"))
    assert posted(deployer).out.startswith("comment unchanged: ")
    assert [call for call in stub.calls if "PATCH" in call or "comments" in call] == [
        f"GET /repos/{REPOSITORY}/issues/7/comments?per_page=100&page=1"
    ]


def test_each_target_has_its_own(deployer: Shell, stub: GitHubStub) -> None:
    """The comment of another target stays as it is."""
    stub.add(BOT, OTHER)
    posted(deployer)
    assert stub.written() == [OTHER, PLAN]


def test_comment_of_somebody_else_is_left_alone(deployer: Shell, stub: GitHubStub) -> None:
    """Whoever pastes the mark into a comment gets no plan into it."""
    pasted = PLAN.replace("1 to update", "looks good to me")
    stub.add("reviewer", pasted)
    posted(deployer)
    assert stub.written() == [pasted, PLAN]


def test_quoted_mark_is_no_mark(deployer: Shell, stub: GitHubStub) -> None:
    """Only the first line counts."""
    quote = f"see\n{PLAN}"
    stub.add(BOT, quote)
    posted(deployer)
    assert stub.written() == [quote, PLAN]


def test_comment_on_the_third_page_is_found(deployer: Shell, stub: GitHubStub) -> None:
    """A long discussion does not hide the comment."""
    for number in range(205):
        stub.add("reviewer", f"remark {number}")
    stub.add(BOT, PLAN.replace("1 to update", "0 to update"))
    assert posted(deployer).out.startswith("comment updated: ")
    assert stub.written()[205:] == [PLAN]


def test_standard_input_is_a_file_too(deployer: Shell, stub: GitHubStub) -> None:
    """`deployer plan --format markdown | deployer comment --github -`."""
    environ = {name: value for name, value in os.environ.items() if name.startswith("GITHUB_")}
    with (deployer.project.root / "plan.md").open() as file:
        process = deployer.project.spawn("comment", "--github", "-", env=environ, stdin=file)
        _, errors = process.communicate()
    assert (process.returncode, errors) == (0, "")
    assert stub.written() == [PLAN]


# --- what goes wrong on the way -------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_outage_is_waited_out(
    deployer: Shell, stub: GitHubStub, waits: list[float], method: str
) -> None:
    """A status 502 of a reading call, or of the one that asks who we are, is asked again."""
    stub.faults = [Fault(method, (502, {}, None)), Fault(method, LOST)]
    assert posted(deployer).code == 0
    assert (waits, stub.written()) == ([0.5, 1.0], [PLAN])


@pytest.mark.parametrize("carried_out", [True, False])
@pytest.mark.parametrize("reply", [LOST, (502, {}, None)], ids=["lost", "502"])
def test_lost_answer_never_makes_a_second_comment(
    deployer: Shell, stub: GitHubStub, waits: list[float], reply: Reply, carried_out: bool
) -> None:
    """It is looked for first, and made again only if it is not there."""
    stub.faults = [Fault("POST", reply, carried_out, end="/comments")]
    assert posted(deployer).code == 0
    assert (waits, stub.written()) == ([0.5], [PLAN])


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (429, {"retry-after": "7"}, 7.0),
        (403, {"retry-after": "9"}, 9.0),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1030"}, 30.0),
        (429, {}, 60.0),
        (403, {}, 60.0),
    ],
)
def test_rate_limit_is_waited_for(
    deployer: Shell,
    stub: GitHubStub,
    waits: list[float],
    status: int,
    headers: dict[str, str],
    wait: float,
) -> None:
    """As long as GitHub says."""
    stub.faults = [
        Fault("GET", (status, headers, {"message": "You have exceeded a secondary rate limit"}))
    ]
    assert posted(deployer).code == 0
    assert ([wait], [PLAN]) == (waits, stub.written())


def test_long_rate_limit_ends_the_command(
    deployer: Shell, stub: GitHubStub, waits: list[float]
) -> None:
    """Nobody pays for an hour of waiting."""
    spent = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "4600"}
    stub.faults = [Fault("GET", (403, spent, {"message": "API rate limit exceeded"}))]
    ended = posted(deployer)
    assert (ended.code, waits) == (8, [])
    assert "for another 3600 s" in ended.err


def test_lasting_outage_ends_the_command(
    deployer: Shell, stub: GitHubStub, waits: list[float]
) -> None:
    """After some attempts."""
    stub.faults = [Fault("GET", (503, {}, None)) for _ in range(github.ATTEMPTS)]
    ended = posted(deployer)
    assert (ended.code, len(waits)) == (1, github.ATTEMPTS)
    assert "it answered with status 503" in ended.err


def test_run_of_a_fork_is_told_why(deployer: Shell, stub: GitHubStub) -> None:
    """Its token reads only; the message says so and what it would take."""
    deployer.patch.setenv("GITHUB_TOKEN", READER)
    ended = posted(deployer)
    assert (ended.code, stub.written()) == (6, [])
    assert "the token may not comment on this pull request" in ended.err
    assert "a pull request from a fork" in ended.err
    assert "pull-requests: write" in ended.err


def test_unknown_token(deployer: Shell, stub: GitHubStub) -> None:
    """Exit 6, and the token itself is in no message."""
    deployer.patch.setenv("GITHUB_TOKEN", "sesame-sesame")
    ended = posted(deployer)
    assert (ended.code, stub.written()) == (6, [])
    assert "sesame" not in ended.err


# --- what is refused before anything is sent ------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"GITHUB_TOKEN": ""}, 6, "`GITHUB_TOKEN` is not set"),
        ({"GITHUB_TOKEN": "a\nb"}, 6, "is not a token"),
        ({"GITHUB_REPOSITORY": ""}, 64, "this is no run of GitHub Actions"),
        ({"GITHUB_REPOSITORY": "a/../b"}, 64, "names no repository"),
        ({"GITHUB_EVENT_PATH": "", "GITHUB_EVENT_NAME": "push"}, 64, "the event `push` names none"),
        ({"GITHUB_API_URL": "http://api.example.com"}, 64, "no address to send a token to"),
        ({"GITHUB_GRAPHQL_URL": "https://a:b@example.com"}, 64, "no address to send a token to"),
    ],
)
def test_environment_that_names_no_pull_request(
    deployer: Shell, stub: GitHubStub, changes: dict[str, str], code: int, said: str
) -> None:
    """What is missing is said, and nothing is sent anywhere."""
    for name, value in changes.items():
        deployer.patch.setenv(name, value)
    ended = posted(deployer)
    assert (code, []) == (ended.code, stub.calls)
    assert said in ended.err


def test_number_is_taken_from_the_reference_too(deployer: Shell, stub: GitHubStub) -> None:
    """Where the file of the event cannot be read."""
    deployer.patch.setenv("GITHUB_EVENT_PATH", "/nowhere/event.json")
    deployer.patch.setenv("GITHUB_REF", "refs/pull/12/merge")
    assert posted(deployer).code == 0
    assert stub.written(12) == [PLAN]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# Not a plan\n", "its first line is not the mark"),
        ("", "its first line is not the mark"),
        (f"{MARK}\n{'字' * comments.LARGEST}\n", "GitHub takes 65,536"),
    ],
)
def test_file_that_is_no_comment(deployer: Shell, stub: GitHubStub, text: str, said: str) -> None:
    """It is refused with exit 64 before anything is sent."""
    deployer.project.write("plan.md", text)
    ended = posted(deployer)
    assert (ended.code, stub.calls) == (64, [])
    assert said in ended.err


@pytest.mark.parametrize("target", ["prod", "生产 环境", "a-->b"])
def test_mark_of_a_plan_is_known(target: str) -> None:
    """Whatever the target is called."""
    mark = marker(target)
    assert comments.mark_of(f"{mark}\r\n### Plan\n", "plan.md") == mark


def test_largest_comment_is_taken(deployer: Shell, stub: GitHubStub) -> None:
    """What the renderer makes at most, 60,000 bytes, and what GitHub takes at most."""
    text = f"{MARK}\n".ljust(comments.LARGEST, "字")
    deployer.project.write("plan.md", text)
    assert posted(deployer).code == 0
    assert stub.written() == [text]


def test_missing_file(deployer: Shell, stub: GitHubStub) -> None:
    """A step before this one made no plan."""
    ended = deployer("comment", "--github", "nowhere.md")
    assert (ended.code, stub.calls) == (64, [])
    assert "nowhere.md" in ended.err


def test_forge_has_to_be_named(deployer: Shell) -> None:
    """There is one so far, and it is said which."""
    ended = deployer("comment", "plan.md")
    assert ended.code == 64
    assert "`deployer comment --github FILE`" in ended.err
