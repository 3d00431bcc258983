"""The command line as its users meet it: exit codes, streams, words, prompts, signals."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest
from starlette.types import Receive, Scope, Send

from deployer import pipeline
from deployer.cli.main import COMMANDS
from deployer.emulator import Switches, create_app, jobs
from deployer.emulator.engine import Engine
from deployer.emulator.loopback import LoopbackServer
from tests.cli_kit import CLEAN, CONFIG, ESCAPE, Ended, Project, Shell

NOTHING = "  written: nothing was written\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with one workflow."""
    return Project(tmp_path)


@pytest.fixture
def deployer(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """Runs `deployer` in the project, in this process."""
    return Shell(project, monkeypatch, capsys)


def says(ended: Ended, code: int, *texts: str) -> None:
    """It ended with that code, an error on stderr alone, and these words in it."""
    assert (ended.code, ended.out) == (code, ""), ended.err
    assert "error: " in ended.err
    assert [text for text in texts if text not in ended.err] == [], ended.err


# --- what is asked for is done --------------------------------------------------------------------


def test_from_nothing_to_no_changes(deployer: Shell) -> None:
    """Validate, plan, apply, and plan again: the whole line."""
    assert deployer("validate").code == 0
    assert deployer("plan", "--detailed-exitcode").code == 2
    applied = deployer("apply", "--auto-approve")
    assert (applied.code, "1 done, 0 failed" in applied.out) == (0, True)
    again = deployer("plan", "--detailed-exitcode")
    assert (again.code, again.out.splitlines()[-1]) == (0, "No changes: 1 unchanged")
    assert deployer("apply").code == 0


def test_changed_script_is_shown_as_a_diff(deployer: Shell, project: Project) -> None:
    """The plan names the script file and shows its lines; it waits in no one's way."""
    deployer("apply", "--auto-approve")
    project.change("flows/land.sh", "two", "three")
    shown = deployer("plan").out
    assert "~ update shop/raw  (flows/raw.yaml:5)" in shown
    assert "~ nodes[land].script.content  (flows/land.sh)" in shown
    assert "      -echo two\n      +echo three\n" in shown


def test_title_names_target_project_and_place(deployer: Shell) -> None:
    """Whoever approves sees where it goes."""
    first = deployer("plan").out.splitlines()[0]
    assert first == "Plan for target local: project 10001, emulator local.db"


# --- results on stdout, all else on stderr --------------------------------------------------------


def test_json_is_alone_on_stdout(deployer: Shell, project: Project) -> None:
    """Each result is one JSON document, whatever else there is to say."""
    project.write("flows/clean.yaml", CLEAN)
    checked = deployer("validate", "--format", "json")
    counts = {"errors": 0, "warnings": 0, "notes": 0, "files": 2}
    assert json.loads(checked.out)["summary"] == counts
    planned = json.loads(deployer("plan", "--format", "json").out)
    assert planned["summary"]["create"] == 2
    applied = deployer("apply", "--auto-approve", "--format", "json")
    report = json.loads(applied.out)
    assert [each["address"] for each in report["outcomes"]] == ["shop/raw", "shop/clean"]
    assert [each["status"] for each in report["outcomes"]] == ["done", "done"]
    assert report["summary"] == {"done": 2, "failed": 0, "not_attempted": 0}
    assert report["api_calls"] > 10
    assert "shop/raw: importing" in applied.err
    assert json.loads(deployer("apply", "--format", "json").out)["outcomes"] == []


def test_errors_leave_stdout_empty(deployer: Shell, project: Project) -> None:
    """A program that reads JSON never reads words."""
    project.change("flows/raw.yaml", "nodes:", "nodse:")
    for command in (["plan"], ["apply", "--auto-approve"]):
        ended = deployer(*command, "--format", "json")
        assert (ended.code, ended.out) == (1, "")
        assert "did you mean `nodes`?" in ended.err


def test_validate_json_lists_problems(deployer: Shell, project: Project) -> None:
    """Every problem with its place."""
    project.change("flows/raw.yaml", "nodes:", "nodse:")
    ended = deployer("validate", "--format", "json")
    found = json.loads(ended.out)
    assert (ended.code, found["summary"]["errors"]) == (1, 1)
    (problem,) = found["problems"]
    assert (problem["file"], problem["line"], problem["column"]) == ("flows/raw.yaml", 8, 7)
    assert problem["hint"] == "did you mean `nodes`?"


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["plan", "apply"])
@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("nodes:", "nodes: [", "flows/raw.yaml:9:"),
        ("nodes:", "nodse:", "flows/raw.yaml:8:7: error DW010: unknown key `nodse`"),
        ("land.sh", "lnad.sh", "no such file: script file `lnad.sh`"),
        ("kind: CycleWorkflow", "kind: Node", "not a workflow document: its kind is `Node`"),
        ("land.sh", "${spec.missing}", "`${spec.missing}`"),
    ],
)
def test_bad_manifest(
    deployer: Shell, project: Project, command: str, old: str, new: str, words: str
) -> None:
    """The place, the reason, and that nothing was written."""
    project.change("flows/raw.yaml", old, new)
    says(deployer(command), 1, words, "1 error in the manifests", NOTHING, "  next: ")
    checked = deployer("validate")
    assert checked.code == 1
    assert words in checked.out
    assert not (project.root / "data").exists()


def test_no_manifests(deployer: Shell, project: Project) -> None:
    """Globs that match nothing are a mistake, not an empty plan."""
    (project.root / "flows/raw.yaml").unlink()
    for command in ("validate", "plan", "apply"):
        says(
            deployer(command),
            64,
            "there are no manifests to read",
            "deployer.yaml",
            "no file matches `flows/*.yaml`",
            "  next: correct `manifests:`",
        )


def test_no_project(deployer: Shell, project: Project) -> None:
    """Without a deployer.yaml there is nothing to do, and it says what to do about that."""
    (project.root / "deployer.yaml").unlink()
    says(deployer("validate"), 64, "no deployer.yaml in this folder or above it", "  next: ")
    says(deployer("plan"), 64, "there is no target", "no deployer.yaml here", "  next: ")


def test_target_is_missing(deployer: Shell, project: Project) -> None:
    """Several targets and no choice."""
    each = "{{emulator: {0}.db, project: 1, projectIdentifier: {0}}}"
    two = f"  a: {each.format('a')}\n  b: {each.format('b')}\n"
    project.write("deployer.yaml", f"manifests: [flows/*.yaml]\ntargets:\n{two}")
    says(deployer("plan"), 64, "no target chosen", "`a`, `b`", "name one with `-t`")
    assert deployer("plan", "-t", "a").code == 0


def test_unknown_target(deployer: Shell) -> None:
    """The nearest one is offered."""
    for command in ("validate", "plan", "apply"):
        ended = deployer(command, "--target", "locla")
        says(ended, 64, "no target `locla`", "did you mean `local`?", "deployer.yaml:1:1")


def test_broken_configuration(deployer: Shell, project: Project) -> None:
    """Its place is told."""
    project.write("deployer.yaml", CONFIG.replace("emulator:", "emulatr:"))
    says(deployer("plan"), 64, "deployer.yaml:3:11", "did you mean `emulator`?")


@pytest.mark.parametrize(
    "command",
    [["plan", "--frmat", "json"], ["plan", "extra"], ["plan", "--format", "xml"], ["plna"], ["-x"]],
)
def test_wrong_command_line(deployer: Shell, command: list[str]) -> None:
    """The code is 64, not click's own 2, and the help is named."""
    says(deployer(*command), 64, "  next: see `deployer", "--help`")


def test_file_that_is_no_database(deployer: Shell, project: Project) -> None:
    """A target whose workspace cannot be opened."""
    project.write("data/local.db", "this is no database, " * 50)
    says(deployer("plan"), 64, "local.db", "  next: ")
    says(deployer("apply"), 64, NOTHING)


def remote_target(project: Project, place: str) -> None:
    """The only target is that place."""
    said = f"{place}, projectIdentifier: shop_dev, project: 1"
    text = f"manifests: [flows/*.yaml]\ntargets:\n  prod: {{{said}}}\n"
    project.write("deployer.yaml", text)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens a connection fails the test."""

    def refuse(*_: object, **__: object) -> None:
        pytest.fail("nothing may be called")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.usefixtures("no_network")
def test_no_credentials(deployer: Shell, project: Project) -> None:
    """A region without credentials: nothing is called, not even the metadata service."""
    remote_target(project, "region: cn-shanghai")
    for command in ("plan", "apply"):
        says(
            deployer(command),
            6,
            "no usable credentials",
            "target `prod` of deployer.yaml, region cn-shanghai",
            "`ALIBABA_CLOUD_ACCESS_KEY_ID`",
            "  next: ",
        )
    assert NOTHING in deployer("apply").err


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize(
    "place",
    ["endpoint: 'https://example.com'", "endpoint: 'http://dataworks.cn-shanghai.aliyuncs.com'"],
)
def test_endpoint_that_is_not_allowed(deployer: Shell, project: Project, place: str) -> None:
    """Nothing is sent to hosts that are not DataWorks."""
    remote_target(project, place)
    says(deployer("plan"), 64, "target `prod` of deployer.yaml", "  next: ")


@pytest.mark.usefixtures("no_network")
def test_unknown_region(deployer: Shell, project: Project) -> None:
    """The nearest region is offered."""
    remote_target(project, "region: cn-shanhai")
    says(deployer("plan"), 64, "unknown region `cn-shanhai`", "did you mean `cn-shanghai`?")


def test_service_that_fails(deployer: Shell) -> None:
    """A service that answers nothing but 500 ends in one message with the request id."""

    def fail(*_: object) -> None:
        raise RuntimeError("out of order")

    deployer.patch.setattr(Engine, "_begin", fail)
    ended = deployer("apply", "--auto-approve")
    says(ended, 1, "ListWorkflowDefinitions", "request id: ", NOTHING, "  next: ")
    assert "Traceback" not in ended.err


def test_job_that_fails(deployer: Shell, project: Project) -> None:
    """What was written is said, and what waits for it is not attempted."""
    project.write("flows/clean.yaml", CLEAN)
    deployer.patch.setattr(jobs, "_outcome", lambda *_: "no such \x1b[31mresource group\nat all")
    ended = deployer("apply", "--auto-approve")
    assert ended.code == 5
    assert "failed: create shop/raw\n" in ended.out
    assert "no such \\x1b[31mresource group\\nat all; created empty, import failed" in ended.out
    assert "not attempted: create shop/clean\n    it waits for `shop/raw`" in ended.out
    assert "0 done, 1 failed, 1 not attempted" in ended.out
    deployer.patch.undo()
    deployer.patch.chdir(project.root)
    rerun = deployer("apply", "--auto-approve")
    assert (rerun.code, "done: update shop/raw" in rerun.out) == (0, True)


def test_emulator_switches_stay_with_the_workspace(deployer: Shell, project: Project) -> None:
    """A service that drops a field: apply says which, and that the import was carried out."""
    (project.root / "data").mkdir()
    create_app(
        project.root / "data/local.db",
        project="10001",
        project_identifier="shop_dev",
        credentials=("a", "b"),
        switches=Switches(preserve_description="no"),
    ).close()
    project.change("flows/raw.yaml", "- name: raw", "- name: raw\n      description: Tills")
    ended = deployer("apply", "--auto-approve")
    assert ended.code == 5
    assert "not as sent: `description`; the import was carried out" in ended.out


def test_defect_of_ours(deployer: Shell) -> None:
    """A bug says that it is one; its lines are for the report."""

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("\x1b[31m")

    deployer.patch.setattr(pipeline, "load", fail)
    ended = deployer("plan")
    says(ended, 70, "Traceback", "ZeroDivisionError", "this is a bug in deployer", "  next: ")
    assert ESCAPE.findall(ended.err) == []


def test_hostile_text_is_shown_escaped(deployer: Shell, project: Project) -> None:
    """Text of files reaches the terminal in a form that cannot steer it."""
    project.change("flows/raw.yaml", "nodes:", '"\\e[31mkey\\u202e": 1\n      nodes:')
    for command in ("validate", "plan"):
        ended = deployer(command)
        assert ended.code == 1
        assert "[31mkey" in ended.out + ended.err
        assert ESCAPE.findall(ended.out + ended.err) == []


# --- approval -------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "json"])
def test_nobody_to_approve(deployer: Shell, form: str) -> None:
    """Without a terminal and without --auto-approve nothing is written."""
    ended = deployer("apply", "--format", form)
    assert ended.code == 64
    assert "nobody is here to approve" in ended.err
    assert NOTHING in ended.err
    assert "--auto-approve" in ended.err
    assert deployer("plan", "--detailed-exitcode").code == 2


@pytest.mark.parametrize(
    "variable", ["DEPLOYER_AUTO_APPROVE", "DEPLOYER_APPLY_AUTO_APPROVE", "AUTO_APPROVE"]
)
def test_no_variable_approves(deployer: Shell, variable: str) -> None:
    """A forgotten variable must never write."""
    deployer.patch.setenv(variable, "1")
    assert deployer("apply").code == 64


@pytest.mark.parametrize(
    ("answer", "code", "left"),
    [
        ("yes\n", 0, 0),
        ("no\n", 3, 2),
        ("y\n", 3, 2),
        ("\n", 3, 2),
        ("\x04", 3, 2),
    ],
)
def test_answers_on_a_terminal(
    deployer: Shell, project: Project, answer: str, code: int, left: int
) -> None:
    """Only `yes` writes; anything else and the end of input do not, and it is said."""
    ended = project.on_terminal("apply", answer=answer)
    assert ended.code == code, ended.out
    assert "Write 1 change to project 10001 (target local, emulator local.db)?" in ended.out
    assert ("nothing was written" in ended.out) == (code != 0)
    assert deployer("plan", "--detailed-exitcode").code == left


def test_interrupted_question(deployer: Shell, project: Project) -> None:
    """Ctrl-C instead of an answer writes nothing."""
    ours, theirs = os.openpty()
    with project.spawn("apply", stdin=theirs, stdout=subprocess.DEVNULL) as command:
        assert command.stderr is not None
        asked = ""
        while "yes" not in asked:
            asked += command.stderr.read(1)
        command.send_signal(signal.SIGINT)
        err = command.stderr.read()
    os.close(ours)
    os.close(theirs)
    assert command.returncode == 130
    assert "interrupted, nothing was written" in err
    assert deployer("plan", "--detailed-exitcode").code == 2


def test_never_asking(project: Project) -> None:
    """DEPLOYER_INPUT=0 means that nobody is there, terminal or not."""
    ended = project.on_terminal("apply", answer="yes\n", env={"DEPLOYER_INPUT": "0"})
    assert ended.code == 64


def test_json_asks_with_the_plan_on_stderr(project: Project) -> None:
    """Whoever approves must see the plan; stdout is for the outcomes."""
    ours, theirs = os.openpty()
    os.write(ours, b"yes\n")
    command = project.spawn("apply", "--format", "json", stdin=theirs, stdout=subprocess.PIPE)
    out, err = command.communicate()
    os.close(ours)
    os.close(theirs)
    assert command.returncode == 0
    assert json.loads(out)["summary"]["done"] == 1
    assert "+ create shop/raw" in err


# --- colour ---------------------------------------------------------------------------------------


def test_colour_on_a_terminal(project: Project) -> None:
    """Plan, report and problems are coloured, and progress is drawn."""
    ended = project.on_terminal("apply", "--auto-approve")
    assert ended.code == 0
    assert "\x1b[32m+ create shop/raw\x1b[0m" in ended.out
    assert "\x1b[32mdone\x1b[0m: create shop/raw" in ended.out
    project.change("flows/raw.yaml", "nodes:", "nodse:")
    assert "\x1b[31merror\x1b[0m" in project.on_terminal("validate").out


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
@pytest.mark.parametrize("command", [["validate"], ["plan"], ["apply", "--auto-approve"]])
def test_terminal_without_colour(project: Project, env: dict[str, str], command: list[str]) -> None:
    """No escape codes at all for those who do not want them."""
    ended = project.on_terminal(*command, env=env)
    assert ended.code == 0
    assert ESCAPE.findall(ended.out) == []


def test_empty_no_color_means_nothing(project: Project) -> None:
    """The variable counts only if it is not empty."""
    assert "\x1b[" in project.on_terminal("plan", env={"NO_COLOR": ""}).out


def test_no_colour_in_a_pipe(project: Project) -> None:
    """Logs and files get plain text."""
    command = project.spawn("apply", "--auto-approve", stdout=subprocess.PIPE)
    out, err = command.communicate()
    assert command.returncode == 0
    assert ESCAPE.findall(out + err) == []
    assert "shop/raw: importing\n" in err


# --- environment and help -------------------------------------------------------------------------


def all_options() -> Iterator[tuple[str, click.Option]]:
    """Every option of every command."""
    waiting: list[tuple[str, click.Command]] = [
        (name, import_module(f"deployer.cli.{name.replace('-', '_')}").command) for name in COMMANDS
    ]
    for name, command in waiting:
        if isinstance(command, click.Group):
            waiting += [(f"{name} {inner}", each) for inner, each in command.commands.items()]
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                yield name, parameter


@pytest.mark.parametrize(("name", "option"), list(all_options()))
def test_every_option_has_its_variable(name: str, option: click.Option) -> None:
    """DEPLOYER_<FLAG> sets a flag, but for those that lift a safety rule; each has a help text."""
    long = max(option.opts, key=len).removeprefix("--")
    lifts = long in ("auto-approve", "prune") or long.startswith("allow-")
    expected = None if lifts else f"DEPLOYER_{long.upper().replace('-', '_')}"
    assert option.envvar == expected
    assert option.help


def test_variables_are_heard(deployer: Shell, project: Project) -> None:
    """A variable counts as its flag does, and the flag beats it."""
    deployer.patch.setenv("DEPLOYER_FORMAT", "json")
    deployer.patch.setenv("DEPLOYER_DETAILED_EXITCODE", "1")
    ended = deployer("plan")
    assert (ended.code, json.loads(ended.out)["target"]) == (2, "local")
    assert deployer("plan", "--format", "text").out.startswith("Plan for target local")
    deployer.patch.setenv("DEPLOYER_TARGET", "nowhere")
    assert deployer("plan").code == 64
    assert deployer("validate").code == 64
    assert deployer("plan", "-t", "local").code == 2


def test_help_of_all_commands(deployer: Shell) -> None:
    """Help goes to stdout; without arguments it is help too."""
    bare = deployer()
    assert (bare.code, bare.err) == (0, "")
    assert [name for name in COMMANDS if f"\n  {name}" not in bare.out] == []
    assert "Exit codes:" in bare.out
    for command in (["--help"], ["-h"], ["plan", "-h"], ["emulator"], ["emulator", "serve", "-h"]):
        ended = deployer(*command)
        assert (ended.code, ended.err) == (0, "")
        assert "Usage: deployer" in ended.out


def test_help_says_what_the_commands_say(deployer: Shell) -> None:
    """The table in the overview is not loaded from the commands: it must not go its own way."""
    for name in COMMANDS:
        assert import_module(f"deployer.cli.{name.replace('-', '_')}").command.name == name


def test_version(deployer: Shell) -> None:
    """Name and number."""
    assert deployer("--version").out.startswith("deployer 0.")


def test_emulator_project_must_be_a_number(deployer: Shell) -> None:
    """The id of a project is digits."""
    ended = deployer("emulator", "serve", "--db", ":memory:", "--project", "sales")
    says(ended, 64, "not a number: sales", "--project", "  next: ")


def test_emulator_port_that_is_taken(deployer: Shell) -> None:
    """The port is named."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = deployer("emulator", "serve", "--db", "x.db", "--project", "1", "--port", port)
    says(ended, 64, "cannot serve", port, "  next: ")


# --- broken pipes ---------------------------------------------------------------------------------


@contextmanager
def closed_pipe() -> Iterator[int]:
    """The writing end of a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        yield writing
    finally:
        os.close(writing)


def test_plan_that_nobody_reads(project: Project) -> None:
    """As after `| head`: no traceback, and no success either."""
    with closed_pipe() as pipe:
        command = project.spawn("plan", stdout=pipe)
        _, err = command.communicate()
    assert (command.returncode, err) == (1, "")


def test_apply_that_nobody_reads(deployer: Shell, project: Project) -> None:
    """A plan that could not be shown is not carried out."""
    with closed_pipe() as pipe:
        command = project.spawn("apply", "--auto-approve", stdout=pipe)
        _, err = command.communicate()
    assert command.returncode == 1
    assert NOTHING in err
    assert deployer("plan", "--detailed-exitcode").code == 2


def test_progress_that_nobody_reads(deployer: Shell, project: Project) -> None:
    """Progress is a service: without a reader the work goes on."""
    with closed_pipe() as pipe:
        command = project.spawn("apply", "--auto-approve", stdout=subprocess.PIPE, stderr=pipe)
        out, _ = command.communicate()
    assert (command.returncode, "1 done" in out) == (0, True)


# --- signals --------------------------------------------------------------------------------------


class Held:
    """A served emulator that holds the first import back until it is told to go on."""

    def __init__(self) -> None:
        self.arrived, self.go = threading.Event(), threading.Event()
        self._app = create_app(
            ":memory:",
            project="10001",
            project_identifier="shop_dev",
            credentials=("emulator", "emulator-secret"),
        )
        self._server = LoopbackServer(self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        if headers.get(b"x-acs-action") == b"ImportWorkflowDefinition":
            self.arrived.set()
            await asyncio.to_thread(self.go.wait, 20)
        await self._app(scope, receive, send)

    @contextmanager
    def serving(self) -> Iterator[str]:
        """The address, while it answers."""
        thread = threading.Thread(target=self._server.run_until_stopped)
        with self._server:
            thread.start()
            try:
                yield self._server.address
            finally:
                self.go.set()
                self._server.stop()
                thread.join()
                self._app.close()


KEYS = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": "emulator",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "emulator-secret",
}


def interrupted(project: Project, *signals: int, finish: bool) -> tuple[int, dict[str, Any], str]:
    """Apply two workflows, one after the other; send signals while the first is being imported."""
    held = Held()
    project.write("flows/clean.yaml", CLEAN)
    with held.serving() as address:
        remote_target(project, f"endpoint: 'http://{address}'")
        project.change("deployer.yaml", "project: 1}", "project: 10001}")
        command = project.spawn(
            "apply", "--auto-approve", "--format", "json", env=KEYS, stdout=subprocess.PIPE
        )
        assert held.arrived.wait(20)
        assert command.stderr is not None
        heard: list[str] = []
        for number in signals:
            command.send_signal(number)
            while not any("stopping" in line for line in heard):
                heard.append(command.stderr.readline())
        if finish:
            held.go.set()
        out, err = command.communicate(timeout=30)
    return command.returncode, json.loads(out), "".join(heard) + err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_first_signal_finishes_what_is_under_way(project: Project, number: int, code: int) -> None:
    """The workflow that was begun is written and proven; what remains is said."""
    ended, report, err = interrupted(project, number, finish=True)
    assert ended == code, err
    assert [(each["address"], each["status"], each["error"]) for each in report["outcomes"]] == [
        ("shop/raw", "done", ""),
        ("shop/clean", "not attempted", "interrupted"),
    ]
    assert "Traceback" not in err


def test_second_signal_cuts_off(project: Project) -> None:
    """What was under way is unknown, and says so."""
    ended, report, err = interrupted(project, signal.SIGTERM, signal.SIGINT, finish=False)
    assert ended == 143, err
    first, second = report["outcomes"]
    assert first["status"] == "failed"
    assert "whether the import was carried out is not known" in first["error"]
    assert "run `deployer apply` again" in first["error"]
    assert second["status"] == "not attempted"
    assert "Traceback" not in err


def test_workspace_folder_is_made(deployer: Shell, project: Project) -> None:
    """`emulator: data/local.db` needs no folder beforehand."""
    assert deployer("plan").code == 0
    assert (project.root / "data/local.db").exists()
