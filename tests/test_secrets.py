"""Credentials are in no byte that the program writes, and declared secret values in none that it shows."""

import asyncio
import logging
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from deployer.cache import Cache
from deployer.cli.connect import Connection
from deployer.emulator import Emulator, Switches, create_app
from deployer.emulator.faults import Fault
from deployer.emulator.gateway import Credentials as GatewayCredentials
from deployer.emulator.loopback import LoopbackServer
from deployer.errors import CredentialsError
from deployer.forge import github
from deployer.refresh import Recollection
from deployer.remote.workspace import Remote
from deployer.transport.client import Client
from deployer.transport.credentials import CredentialChain
from deployer.transport.request import Signature
from tests import canaries, github_stub
from tests.canaries import CREDENTIALS, DECLARED, ENVIRONMENT, GITHUB_TOKEN, files, hits
from tests.cli_kit import Project, Shell
from tests.faults import ANYWHERE, Bench, job_is, story, workflow
from tests.flow_documents import shell, with_node
from tests.git_kit import begin, commit
from tests.test_run_cli import HAND

CONFIG = """\
manifests: [flows/*.yaml]
targets:
  served: {{endpoint: "http://{address}", project: 10001, projectIdentifier: shop_dev, default: true}}
  wrong: {{endpoint: "http://{address}", project: 999, projectIdentifier: shop_dev}}
  counted:
    endpoint: "http://{address}"
    project: 10001
    projectIdentifier: shop_dev
    limits: {{apiCallsPerDay: 500}}
"""
SECRETIVE = """\
version: "1.1.0"
kind: CycleWorkflow
spec:
  workflows:
    - name: secretive
      script: {path: shop/secretive}
      trigger: {type: Scheduler, cron: "00 00 05 * * ?"}
      nodes:
        - name: knock
          datasource: {name: vault, type: mysql, config: {password: DATA_SOURCE}}
          script:
            runtime:
              command: DIDE_SHELL
              container: {image: busybox, env: [{name: MODE, value: ENVIRONMENT_VARIABLE}]}
            parameters: [{name: db_password, type: Constant, scope: NodeParameter, value: PARAMETER}]
            content: echo knock
"""
COMMANDS = (
    "validate",
    "validate --format json",
    "validate --format github",
    "validate --format gitlab",
    "validate --format junit",
    "validate --format sarif",
    "plan",
    "plan --format json",
    "plan --publish --detailed-exitcode",
    "apply --format json",
    "apply --auto-approve",
    "apply --auto-approve --publish --allow-window --format json",
    "plan --refresh",
    "plan -t wrong",
    "publish --auto-approve --allow-window",
    "run shop/hand --wait",
    "run shop/hand --format json-lines",
    "backfill shop/raw --from 2025-10-01 --to 2025-10-02 --format json",
    "instances list --biz-date 2025-10-01",
    "instances list --biz-date 2025-10-01 --format json",
    "smoke-test shop/raw",
    "pull",
    "explain shop/secretive",
    "explain shop/secretive#knock --format json",
    "explain shop/secretive#knock:datasource.config",
    "graph",
    "graph --format dot",
    "graph --format svg",
    "graph --format html",
    "doctor",
    "doctor --format json",
    "doctor --policy apply",
    "init --yes",
    "schema manifest",
    "--help",
)

CHANGED = (
    "plan",
    "plan --format json",
    "plan --format markdown",
    "plan --format html",
    "plan --report gitlab -t counted",
    "plan --base HEAD",
    "plan --base HEAD --drift fail",
    "plan --base HEAD --format markdown",
    "plan --base HEAD --format html",
    "plan --base HEAD --format json",
    "explain shop/secretive",
    "explain shop/secretive#knock --format json",
    "plan --out saved.json",
    "apply saved.json",
    "apply ./saved.json",
    "undo --format json",
    "undo --auto-approve",
    "undo --auto-approve --format json",
)
"""What is run once each declared value has changed."""

MOVED = (
    "plan --base HEAD --format json",
    "plan --base HEAD --format html",
    "apply --base HEAD --auto-approve",
)

GONE = (
    "plan --base HEAD --prune",
    "plan --base HEAD --prune --format json",
    "plan --base HEAD --prune --format markdown",
    "plan --base HEAD --prune --format html",
    "plan --base HEAD --prune --out gone.json",
    "apply --base HEAD --prune --auto-approve --publish --allow-window",
    "undo",
)


REFUSED = {
    "plan --publish --detailed-exitcode": 2,
    "apply --format json": 64,
    "plan -t wrong": 1,
    "init --yes": 64,
    "apply ./saved.json": 4,
    "undo --format json": 64,
    "undo": 64,
}
"""What does not end with 0: changes, nobody to approve, no such project, what is done or gone."""

BACKUPS = ".deployer/backups/"
"""They hold declared values, as docs/apply.md tells: without those nothing could be restored."""


def secretive(change: str = "") -> str:
    """The manifest that declares secret values; a `change` goes to the end of each."""
    text = SECRETIVE
    for word, name in (
        ("ENVIRONMENT_VARIABLE", "environment variable"),
        ("DATA_SOURCE", "data source"),
        ("PARAMETER", "parameter"),
    ):
        quoted = (DECLARED[name] + change).replace("'", "''")
        text = text.replace(word, f"'{quoted}'", 1)
    return text


@contextmanager
def served(db: Path | str) -> Iterator[tuple[str, Emulator]]:
    """The address of an emulator that accepts the made-up credentials, and that emulator."""
    app = create_app(
        db,
        project="10001",
        project_identifier="shop_dev",
        credentials=(canaries.KEY_ID, canaries.SECRET),
        switches=Switches(run_seconds="0", job_seconds="0", stage_seconds="0"),
    )
    server = LoopbackServer(app)
    thread = threading.Thread(target=server.run_until_stopped)
    with server:
        thread.start()
        try:
            yield server.address, app
        finally:
            server.stop()
            thread.join()
            app.close()


def test_search_finds_every_encoding() -> None:
    """A secret put into the middle of something, in each of the ways, is found in that way."""
    for name, value in {**CREDENTIALS, **DECLARED}.items():
        for way, form in canaries.encodings(value):
            assert len(form) >= 8
            found = hits({"log": b"before " + form + b" after"}, {name: value})
            assert f"log: {name}, {way}" in found
        assert hits({"log": b"nothing"}, {name: value}) == []


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for a served emulator takes next to no time."""
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        await real(min(seconds, 0.01))

    monkeypatch.setattr(asyncio, "sleep", sleep)


@dataclass
class Recorder:
    """Runs commands and keeps all that they print."""

    shell: Shell
    written: dict[str, bytes] = field(default_factory=dict)

    def __call__(self, command: str) -> int:
        """Run a command; its exit code."""
        done = self.shell(*command.split())
        label = f"{len(self.written)} {command}"
        self.written |= {
            f"{label} {name}": text.encode() for name, text in vars(done).items() if name != "code"
        }
        return done.code


def failed(run: Recorder, commands: Iterable[str]) -> dict[str, int]:
    """The commands that do not end with 0, and how they do."""
    codes = {command: run(command) for command in commands}
    return {command: code for command, code in codes.items() if code}


@pytest.mark.usefixtures("hurried")
def test_nothing_gets_out(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A broad run of commands in every format: outputs, debug logs, files, the emulator's database."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    caplog.set_level(logging.DEBUG)
    project = Project(tmp_path / "project")
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        monkeypatch.setenv(name, str(project.root / name))
    begin(project.root)
    run = Recorder(Shell(project, monkeypatch, capsys))
    with served(tmp_path / "work.db") as (address, app):
        project.write("deployer.yaml", CONFIG.format(address=address))
        project.write("flows/hand.yaml", HAND)
        project.write("flows/secretive.yaml", secretive())
        commit(project.root)
        ended = failed(run, COMMANDS)
        project.write("flows/secretive.yaml", secretive("-new"))
        ended |= failed(run, CHANGED)
        moved = secretive().replace("secretive", "furtive")
        project.write("flows/secretive.yaml", moved + "deployer: {movedFrom: shop/secretive}\n")
        ended |= failed(run, MOVED)
        commit(project.root)
        (project.root / "flows/secretive.yaml").unlink()
        ended |= failed(run, GONE)
        assert ended == REFUSED
        monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", canaries.SECRET + "x")
        assert run("plan") == CredentialsError.exit_code
        run.written["effects"] = repr(app.control.effects()).encode()
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", canaries.SECRET)
    with served(":memory:") as (address, app):
        project.write("deployer.yaml", CONFIG.format(address=address))
        app.control.add_fault(Fault("status", status=400, code=f"echo {canaries.SECRET}"))
        assert run("plan") == 1
    (tmp_path / "fresh").mkdir()
    monkeypatch.chdir(tmp_path / "fresh")
    assert failed(run, ["init --yes --folder shop", "doctor --policy apply-prune"]) == {}
    run.written["log"] = caplog.text.encode()
    assert "GetWorkflowDefinition attempt 1: 200" in caplog.text
    sources = {"flows/secretive.yaml", "flows/raw.yaml", "flows/hand.yaml"}
    kept = files(project.root, sources)
    backups = {name: kept.pop(name) for name in list(kept) if name.startswith(BACKUPS)}
    shown = {**run.written, **kept}
    assert {"GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "saved.json", "gone.json"} < kept.keys()
    assert {each.partition("-")[0] for each in kept} > {".deployer/journal", ".deployer/calls"}
    for action in (b"ImportWorkflow", b"RenameWorkflow", b"DeleteWorkflow"):
        assert action in run.written["effects"]
    assert hits({**shown, **files(tmp_path)}, CREDENTIALS) == []
    assert hits(shown, DECLARED) == []
    assert hits(backups, DECLARED) != []


@pytest.mark.parametrize("status", [0, 200, 400, 401, 403, 500])
def test_token_of_github_shows_nothing(
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A comment is posted or refused: the token is in no word of it, even where GitHub repeats it."""
    caplog.set_level(logging.DEBUG)
    project = Project(tmp_path)
    project.write("plan.md", "<!-- deployer:plan target=prod -->\n")
    project.write("event.json", '{"pull_request": {"number": 7}}')
    run = Recorder(Shell(project, monkeypatch, capsys))

    async def sleep(_: float) -> None:
        await asyncio.sleep(0)

    monkeypatch.setattr(github, "GitHub", partial(github.GitHub, sleep=sleep))
    with github_stub.GitHubStub() as stub:
        for name, value in {
            "GITHUB_API_URL": stub.url,
            "GITHUB_GRAPHQL_URL": f"{stub.url}/graphql",
            "GITHUB_REPOSITORY": github_stub.REPOSITORY,
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_EVENT_PATH": str(project.root / "event.json"),
            "GITHUB_TOKEN": GITHUB_TOKEN,
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setitem(github_stub.TOKENS, GITHUB_TOKEN, "github-actions[bot]")
        told = {"message": f"no token {GITHUB_TOKEN}"}
        if status != 200:
            refused = github_stub.Fault("POST", (status, {}, told), end="comments")
            stub.faults = [refused] * 9
        assert (run("comment --github plan.md") == 0) == (status == 200)
    run.written["log"] = caplog.text.encode()
    assert hits({**run.written, **files(tmp_path)}, {"token": GITHUB_TOKEN}) == []


def test_objects_show_nothing() -> None:
    """`repr` and `str` of whatever holds a credential."""
    chain = CredentialChain(ENVIRONMENT, instance_metadata=False)
    held = chain.get()
    client = Client("http://127.0.0.1", chain.get)
    remote, cache = Remote(client, "10001"), Cache(Path(), client.seal)
    with served(":memory:") as (_, app):
        objects = [
            *(held, chain, client, remote, cache, app, app.engine, app.control),
            Connection(remote, 1.0, asyncio.sleep, lambda: 0.0),
            Signature(held, "nonce", 0.0),
            Recollection(cache, ANYWHERE, client.now),
            GatewayCredentials(canaries.KEY_ID, canaries.SECRET),
        ]
        told = {type(each).__name__: f"{each!r} {each}".encode() for each in objects}
    assert hits(told, CREDENTIALS) == []


def test_a_bug_shows_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A traceback is printed without the credentials of the environment, however they got into it."""
    for name, value in {**ENVIRONMENT, "GITHUB_TOKEN": GITHUB_TOKEN}.items():
        monkeypatch.setenv(name, value)
    run = Recorder(Shell(Project(tmp_path), monkeypatch, capsys))

    def broken(*_: object, **__: object) -> None:
        raise KeyError(*CREDENTIALS.values(), GITHUB_TOKEN)

    monkeypatch.setattr("deployer.pipeline.load", broken)
    assert run("plan") == 70
    stars = b"KeyError: ('***', '***', '***', '***')"
    assert any(stars in text for text in run.written.values())
    assert hits(run.written, {**CREDENTIALS, "token of GitHub": GITHUB_TOKEN}) == []


@pytest.mark.parametrize("status", ["Fail", "Cancel"])
def test_words_of_the_service_show_nothing(status: str) -> None:
    """A declared value that the service repeats in its refusal is masked in the outcome."""
    env = {"container": {"image": "x", "env": [{"name": "MODE", "value": "hush-4711"}]}}
    script = {**shell("load")["script"], "runtime": {"command": "DIDE_SHELL", **env}}
    document = with_node(workflow("daily", "load"), "load", script=script)

    async def tell(one: Bench) -> None:
        one.line.next("GetJobStatus", *[job_is(status, "no image for MODE=hush-4711")] * 20)
        outcome = await one.outcome(document)
        assert "no image for MODE=(sensitive)" in outcome.error
        assert [text for text in one.watch.errors if "hush" in text] == []

    story(tell, job_seconds=1.0)
