"""`deployer doctor`: every line is ok, or a problem with its cure, and the exit code is the gravest."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from deployer.checks import Check, gravest
from deployer.doctor import service
from deployer.doctor.policies import WRITES, policy
from deployer.emulator import Fault, create_app
from deployer.model import Target
from deployer.remote import instances, pipeline_runs, workspace
from deployer.remote.workspace import Remote
from deployer.transport.client import Client, Operation
from deployer.transport.credentials import Credentials
from tests.cli_kit import Project, Shell
from tests.emulator_kit import IDENTIFIER, PROJECT
from tests.served_kit import Served

PROD = """\
manifests: [flows/*.yaml]
targets: {prod: {region: cn-shanghai, project: 1, projectIdentifier: shop}}
"""
SECRET = "a-secret-that-is-never-told"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project in a git repository, in which all is well."""
    made = Project(tmp_path / "project")
    made.write(".gitignore", ".deployer/\n*.db\n")
    subprocess.run(["git", "init", "-q", str(made.root)], check=True)
    return made


@pytest.fixture
def deployer(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """Runs `deployer` in the project, in this process, with no proxy around it."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    return Shell(project, monkeypatch, capsys)


Looks = Callable[..., dict[str, Any]]


@pytest.fixture
def looks(deployer: Shell) -> Looks:
    """The checks of a run by their names, which ended with the code that it tells."""

    def look(*flags: str) -> dict[str, Any]:
        ended = deployer("doctor", "--format", "json", *flags)
        told = json.loads(ended.out)
        assert ended.code == told["exit_code"], ended
        return {"exit_code": ended.code, **{row["check"]: row for row in told["checks"]}}

    return look


def is_problem(row: dict[str, Any], code: int, *texts: str) -> None:
    """The row is a problem with that code, says these things, and has a cure."""
    assert (row["state"], row["exit_code"]) == ("problem", code), row
    assert [text for text in texts if text not in row["text"] + row["cure"]] == [], row
    assert row["cure"], row


def refusing(project: Project, action: str, status: int, code: str) -> None:
    """From now on the emulator refuses an operation."""
    app = create_app(
        project.root / "data/local.db",
        project="10001",
        project_identifier="shop_dev",
        credentials=("emulator", "emulator-secret"),
    )
    app.control.add_fault(Fault("status", action, status=status, code=code))
    app.close()


# --- all is well ----------------------------------------------------------------------------------


def test_all_is_well(deployer: Shell) -> None:
    """One line for each check, all of them ok but the clock, which an embedded emulator has not."""
    ended = deployer("doctor")
    lines = [line.split()[:2] for line in ended.out.splitlines()]
    assert (ended.code, lines) == (
        0,
        [
            ["ok", "configuration"],
            ["ok", "scope"],
            ["ok", "git"],
            ["ok", "file"],
            ["ok", "proxy"],
            ["ok", "credentials"],
            ["ok", "endpoint"],
            ["ok", "project"],
            ["ok", "permissions"],
            ["ok", "edition"],
            ["skipped", "clock"],
        ],
    )


def test_served_target(looks: Looks, deployer: Shell, project: Project, tmp_path: Path) -> None:
    """Over HTTP the clock is told, the source of credentials named, and a wrong identifier noticed."""
    deployer.patch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "emulator")
    deployer.patch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "emulator-secret")
    with Served(tmp_path) as served:
        target = f"{{endpoint: 'http://{served.address}', project: {PROJECT}"
        project.write(
            "deployer.yaml",
            f"targets:\n  right: {target}, projectIdentifier: {IDENTIFIER}}}\n"
            f"  wrong: {target}, projectIdentifier: other}}\n",
        )
        right, wrong = looks("-t", "right"), looks("-t", "wrong")
    assert [right[name]["state"] for name in ("endpoint", "clock", "project")] == ["ok"] * 3
    assert right["credentials"]["text"] == "from environment, a key that does not end"
    is_problem(wrong["project"], 64, IDENTIFIER, "other")


# --- problems and cures ---------------------------------------------------------------------------


def test_no_configuration(looks: Looks, deployer: Shell, tmp_path: Path) -> None:
    """Without a project there is one line."""
    deployer.patch.chdir(tmp_path)
    found = looks()
    assert set(found) == {"exit_code", "configuration"}
    is_problem(found["configuration"], 64)


def test_no_credentials_is_told_before_any_call(looks: Looks, project: Project) -> None:
    """Every source that was asked is named, and the service is not called."""
    project.write("deployer.yaml", PROD)
    found = looks()
    is_problem(found["credentials"], 6, "ALIBABA_CLOUD_ACCESS_KEY_ID")
    assert (found["exit_code"], found["endpoint"]["state"]) == (6, "skipped")


def test_no_address_at_all(looks: Looks, deployer: Shell, project: Project) -> None:
    """Nobody listens: the endpoint is the problem, and no secret is told."""
    deployer.patch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "key")
    deployer.patch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET)
    deployer.patch.setattr("deployer.transport.client.ATTEMPTS", 1)
    project.write("deployer.yaml", "targets: {x: {endpoint: 'http://127.0.0.1:1', project: 1}}\n")
    found = looks()
    is_problem(found["endpoint"], 1, "GetProject")
    assert SECRET not in str(found)


@pytest.mark.parametrize("action", ["GetProject", "ListPipelineRuns"])
def test_missing_permission(looks: Looks, project: Project, action: str) -> None:
    """The operation that RAM refuses is named, and what to allow."""
    refusing(project, action, 403, "NoPermission")
    found = looks()
    is_problem(found["permissions"], 6, f"dataworks:{action}")
    assert found["exit_code"] == 6


def test_low_edition(looks: Looks, project: Project) -> None:
    """`Forbidden.Access` is also what a low edition answers."""
    refusing(project, "ListNodes", 403, "Forbidden.Access")
    is_problem(looks()["edition"], 6, "DataWorks Basic")


def test_used_up_quota(looks: Looks, project: Project) -> None:
    """A quota of the day that is used up is a matter of the edition."""
    refusing(project, "GetProject", 429, "Throttling.Api.Risk")
    is_problem(looks()["edition"], 8, "quota")


def test_outside_of_scope(looks: Looks, project: Project) -> None:
    """A manifest outside of `scope:` is refused by every command: here, too."""
    project.change("deployer.yaml", "targets:", "scope: [other]\ntargets:")
    is_problem(looks()["scope"], 3, "shop/raw")


def test_errors_in_manifests(looks: Looks, project: Project) -> None:
    """What is wrong is for `validate` to tell."""
    project.change("flows/raw.yaml", "DIDE_SHELL", "DIDE_SHELF")
    project.change("flows/raw.yaml", "cron:", "crom:")
    is_problem(looks()["scope"], 1, "deployer validate")


def test_database_that_git_would_take(looks: Looks, project: Project) -> None:
    """A workspace in a file does not belong into git."""
    project.write(".gitignore", ".deployer/\n")
    is_problem(looks()["git"], 1, "data/local.db")


def test_open_files(looks: Looks, deployer: Shell, project: Project, tmp_path: Path) -> None:
    """Credentials that others read, and a project that everybody writes."""
    deployer.patch.setenv("HOME", str(tmp_path))
    keys = tmp_path / ".aliyun" / "config.json"
    keys.parent.mkdir()
    keys.write_text("{}", encoding="utf-8")
    keys.chmod(0o644)
    is_problem(looks()["file modes"], 6, str(keys))
    keys.chmod(0o600)
    (project.root / "deployer.yaml").chmod(0o666)
    is_problem(looks()["file modes"], 3, "deployer.yaml")


def test_password_of_a_proxy_is_not_told(looks: Looks, deployer: Shell, project: Project) -> None:
    """Of a proxy its address is shown, not who uses it."""
    deployer.patch.setenv("HTTPS_PROXY", f"http://user:{SECRET}@proxy.example.com:3128/")
    project.write("deployer.yaml", PROD)
    found = looks()
    assert found["proxy"]["text"] == "HTTPS_PROXY: calls go through proxy.example.com:3128"
    assert SECRET not in str(found)


@pytest.mark.parametrize(
    ("off", "state", "code"), [(30, "ok", 0), (-120, "problem", 1), (1000, "problem", 6)]
)
def test_clock(off: float, state: str, code: int) -> None:
    """A clock a minute off is told, one that the service refuses is told as graver."""

    def answer(_: httpx.Request) -> httpx.Response:
        body = {"Project": {"Name": "shop"}, "PagingInfo": {}}
        return httpx.Response(200, json=body, headers={"date": "Sat, 21 Nov 2026 16:00:00 GMT"})

    async def main() -> list[Check]:
        async with Client(
            "http://127.0.0.1",
            lambda: Credentials("key", SECRET),
            transport=httpx.MockTransport(answer),
            now=lambda: 1795276800.0 - off,
        ) as client:
            target = Target("t", "1", "shop", endpoint="http://127.0.0.1")
            return [check async for check in service.checks(target, Remote(client, "1"))]

    clock = asyncio.run(main())[-1]
    assert (clock.name, clock.state, clock.exit_code) == ("clock", state, code), clock


def test_gravest_problem_gives_the_code() -> None:
    """Wrong configuration comes before missing credentials, and those before anything else."""
    codes = [1, 3, 8, 6, 64]
    checks = [Check("x", "problem", "", exit_code=code) for code in codes]
    assert [gravest(checks[: count + 1]) for count in range(5)] == codes
    assert gravest([Check("x", "ok", "", exit_code=0)]) == 0


# --- policies -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WRITES)
def test_policy_is_fenced(deployer: Shell, name: str) -> None:
    """What is printed is JSON; what it allows is all that its denial lets pass."""
    ended = deployer("doctor", "--policy", name)
    printed = json.loads(ended.out)
    assert (ended.code, printed) == (0, policy(name))
    allow, deny = printed["Statement"]
    assert {
        a for a in allow["Action"] if not a.startswith(("dataworks:Get", "dataworks:List"))
    } == {a for a in deny["NotAction"] if a.startswith("dataworks:") and not a.endswith("*")}


def test_policy_needs_no_project(deployer: Shell, tmp_path: Path) -> None:
    """Whoever asks for the role has perhaps no project yet."""
    deployer.patch.chdir(tmp_path)
    assert deployer("doctor", "--policy", "plan").code == 0


@pytest.mark.parametrize(
    ("module", "names"),
    [
        (workspace, ("apply", "apply-moves", "apply-prune")),
        (pipeline_runs, ("publish",)),
        (instances, ("run",)),
    ],
)
def test_every_write_is_in_a_policy(module: Any, names: tuple[str, ...]) -> None:
    """An operation that this program writes with is allowed by the policy of its command."""
    written = {
        value.name
        for value in vars(module).values()
        if isinstance(value, Operation) and not value.reads
    }
    assert written - {action for name in names for action in WRITES[name]} == set()


def test_plan_may_read_what_it_reads(deployer: Shell, project: Project) -> None:
    """The narrow list of the plan's policy holds every operation that a plan and doctor call."""
    allowed = {name.removeprefix("dataworks:") for name in policy("plan")["Statement"][0]["Action"]}
    called: set[str] = set()
    call = Client.call

    async def noted(self: Client, operation: Operation, params: Any) -> dict[str, Any]:
        called.add(operation.name)
        return await call(self, operation, params)

    deployer("apply", "--auto-approve")
    project.change("flows/land.sh", "two", "three")
    deployer.patch.setattr(Client, "call", noted)
    for command in (["plan", "--publish"], ["doctor"], ["pull", "--check"]):
        deployer(*command)
    assert called - allowed == set()
    assert "ListWorkflowDefinitions" in called
