"""`validate --online`: the service's complaints at their place in the manifest, and never a write."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer import complaints
from deployer.emulator import Emulator, create_app
from deployer.emulator.faults import Fault
from deployer.remote.workspace import Job, Remote
from tests.cli_kit import CLEAN, Ended, Project, Shell

KEYS = ("emulator", "emulator-secret")


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    (tmp_path / "data").mkdir()
    return Shell(Project(tmp_path), monkeypatch, capsys)


@contextmanager
def emulator(shell: Shell) -> Iterator[Emulator]:
    """The workspace of the project, from inside."""
    app = create_app(
        shell.project.root / "data" / "local.db",
        project="10001",
        project_identifier="shop_dev",
        credentials=KEYS,
    )
    try:
        yield app
    finally:
        app.close()


def switch(shell: Shell, **switches: str) -> None:
    """Lets the service behave in another way."""
    with emulator(shell) as app:
        app.control.set(switches)


def effects(shell: Shell) -> int:
    """How many changes the workspace has seen."""
    with emulator(shell) as app:
        return len(app.control.effects())


def online(shell: Shell, *more: str) -> Ended:
    """Asks the service."""
    return shell("validate", "--online", *more)


def test_service_that_takes_everything_leaves_no_problem(shell: Shell) -> None:
    """Nothing is said and nothing is written when the service would take every change."""
    ended = online(shell)
    assert (ended.code, ended.out) == (0, "1 manifest checked: no problems\n")
    assert ended.err == "asked the service about 1 change for target local, emulator local.db\n"
    assert effects(shell) == 0


def test_what_is_in_the_workspace_already_is_not_asked_about(shell: Shell) -> None:
    """A workflow without changes would not be imported, so there is nothing to try."""
    assert shell("apply", "--auto-approve").code == 0
    before = effects(shell)
    switch(shell, max_spec="1MiB", busy="reject")
    assert online(shell).code == 0
    assert effects(shell) == before


def test_what_is_sent_is_what_apply_sends(shell: Shell) -> None:
    """For a workflow that changes and gets a node the two documents are equal."""
    assert shell("apply", "--auto-approve").code == 0
    shell.project.change("flows/land.sh", "echo two", "echo three")
    more = (
        "        - name: extra\n          script: {runtime: {command: DIDE_SHELL}, content: echo}\n"
    )
    raw = (shell.project.root / "flows/raw.yaml").read_text(encoding="utf-8")
    shell.project.write("flows/raw.yaml", raw + more)
    sent: list[tuple[bool, Mapping[str, Any]]] = []
    send = Remote.start_import

    async def kept(self: Remote, document: Mapping[str, Any], *, dry_run: bool = False) -> Job:
        sent.append((dry_run, document))
        return await send(self, document, dry_run=dry_run)

    shell.patch.setattr(Remote, "start_import", kept)
    assert online(shell).code == 0
    assert shell("apply", "--auto-approve").code == 0
    (asked, tried), (applied, imported) = sent
    assert (asked, applied, tried) == (True, False, imported)


# --- places ---------------------------------------------------------------------------------------

MISSING_OUTPUT = """\
version: "1.1.0"
kind: CycleWorkflow
spec:
  workflows:
    - name: raw
      script: {path: shop/raw}
      trigger: {type: Scheduler, cron: "00 00 03 * * ?"}
      nodes:
        - name: zeta
          script:
            runtime: {command: DIDE_SHELL}
            content: echo zeta
        - name: alpha
          dependsOn: [elsewhere.nowhere]
          script:
            runtime: {command: DIDE_SHELL}
            content: echo alpha
"""
FORMS = ("coded", "json", "chinese")


@pytest.mark.parametrize("form", FORMS)
def test_complaint_is_told_at_its_node(shell: Shell, form: str) -> None:
    """A JSONPath in the service's text becomes file:line:column, however the text is worded."""
    shell.project.write("flows/raw.yaml", MISSING_OUTPUT)
    switch(shell, unknown_output="fail", error_format=form)
    ended = online(shell)
    assert ended.code == 1
    assert "flows/raw.yaml:14:22: error DW050: the service refuses it: " in ended.out
    assert effects(shell) == 0


def test_complaint_without_a_path_is_told_at_the_workflow(shell: Shell) -> None:
    """Where the text names no place, the workflow's own line stands in."""
    shell.project.write("flows/raw.yaml", MISSING_OUTPUT)
    switch(shell, unknown_output="fail", error_format="text")
    assert "flows/raw.yaml:5:7: error DW050: the service refuses it: " in online(shell).out


def test_place_of_a_complaint_follows_the_names_of_nodes(shell: Shell) -> None:
    """Live nodes that no manifest names are sent too: the index in the text is another than in the file."""
    lines = MISSING_OUTPUT.splitlines(keepends=True)
    shell.project.write("flows/raw.yaml", "".join(lines[:13] + lines[14:]))
    assert shell("apply", "--auto-approve").code == 0
    shell.project.write("flows/raw.yaml", "".join(lines[:8] + lines[12:]))
    switch(shell, unknown_output="fail")
    before = effects(shell)
    ended = online(shell, "--format", "json")
    (problem,) = (p for p in json.loads(ended.out)["problems"] if p["rule"] == "DW050")
    assert (problem["line"], problem["pointer"]) == (10, "/spec/workflows/0/nodes/0/dependsOn")
    assert effects(shell) == before


def test_output_that_another_change_makes_is_a_warning(shell: Shell) -> None:
    """A dry run cannot know what is applied just before it, and says so."""
    shell.project.write("flows/clean.yaml", CLEAN)
    switch(shell, unknown_output="fail")
    ended = online(shell)
    assert ended.code == 0
    assert "warning DW050: the service refuses it: " in ended.out
    assert "hint: `shop/raw` is applied before it" in ended.out


def test_paths_choose_what_is_asked_about(shell: Shell) -> None:
    """Only the manifests that are reported are sent."""
    shell.project.write("flows/clean.yaml", CLEAN)
    switch(shell, unknown_output="fail")
    assert "DW050" not in online(shell, "flows/raw.yaml").out


def test_manifests_with_errors_are_not_sent(shell: Shell) -> None:
    """What is wrong without the service is told first."""
    shell.project.change("flows/raw.yaml", "kind: CycleWorkflow", "kind: Node")
    ended = online(shell)
    assert (ended.code, "DW003" in ended.out) == (1, True)
    assert ended.err == "the service was not asked: there are errors in the manifests\n"


def test_errors_in_manifests_that_were_not_named_are_told(shell: Shell) -> None:
    """No plan is made from them, so the report says what stands in the way, in every form."""
    shell.project.write("flows/clean.yaml", CLEAN.replace("nodes:", "nodse:"))
    ended = online(shell, "flows/raw.yaml", "--format", "json")
    (problem,) = json.loads(ended.out)["problems"]
    assert (ended.code, problem["rule"], problem["file"]) == (1, "DW010", "flows/clean.yaml")
    told = "the service was not asked: there are errors in manifests that were not named\n"
    assert ended.err == told


# --- no proof, no question ------------------------------------------------------------------------

UNPROVEN = "error: the service was not asked: it is not proven that it honours `DryRun`\n"


@pytest.mark.parametrize("dryrun", ["ignored", "error"])
def test_service_that_does_not_honour_dry_runs_is_not_asked(shell: Shell, dryrun: str) -> None:
    """Exit 3 and not one request: an endpoint that ignores the parameter would import."""
    switch(shell, dryrun=dryrun)
    ended = online(shell)
    assert ended.code == 3
    assert ended.err.startswith(UNPROVEN)
    assert effects(shell) == 0


@pytest.mark.parametrize(
    "place",
    ["region: cn-shanghai", "endpoint: 'http://127.0.0.1:9'", "endpoint: 'http://localhost'"],
)
def test_endpoints_that_nobody_has_proven_are_not_asked(shell: Shell, place: str) -> None:
    """A region is not called, nor is anything on this machine: any program may listen there."""
    shell.project.change("deployer.yaml", "emulator: data/local.db", place)
    ended = online(shell)
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.startswith(UNPROVEN)


def test_without_a_target_there_is_nobody_to_ask(shell: Shell) -> None:
    """`--online` needs a target, as `plan` does."""
    shell.project.write("deployer.yaml", "manifests: [flows/*.yaml]\n")
    ended = online(shell)
    assert (ended.code, ended.err.splitlines()[0]) == (64, "error: there is no target")


# --- bad days -------------------------------------------------------------------------------------

SWITCHES: tuple[Mapping[str, str], ...] = (
    {"client_ids": "reject"},
    {"client_ids": "replace_all"},
    {"response_id": "never", "completed_type": "stale"},
    {"import_atomic": "partial(1)", "import_missing_nodes": "delete"},
    {"read_lag": "get(2reads)+list(2reads)"},
    {"busy": "last_wins", "import_fields": "merge"},
    {"snapshots_on_import": "no", "job_seconds": "30"},
)


@pytest.mark.parametrize("switches", SWITCHES, ids=lambda each: ",".join(each))
def test_question_never_writes_and_is_answered_under_every_switch(
    shell: Shell, switches: Mapping[str, str]
) -> None:
    """For a workflow that is new and one that changes: no problem, no effect."""
    assert shell("apply", "--auto-approve").code == 0
    shell.project.change("flows/land.sh", "echo two", "echo three")
    more = (
        "        - name: extra\n          script: {runtime: {command: DIDE_SHELL}, content: echo}\n"
    )
    shell.project.write(
        "flows/raw.yaml", (shell.project.root / "flows/raw.yaml").read_text() + more
    )
    shell.project.write("flows/clean.yaml", CLEAN)
    before = effects(shell)
    switch(shell, **switches)
    ended = online(shell)
    assert (ended.code, ended.out) == (0, "2 manifests checked: no problems\n")
    assert effects(shell) == before


def test_job_that_is_forgotten_leaves_no_verdict(shell: Shell) -> None:
    """Silence is an error: nobody may take it for a yes."""
    switch(shell, job_retention="0s", job_seconds="1")
    ended = online(shell)
    assert ended.code == 1
    assert (
        "flows/raw.yaml:5:7: error DW051: the service did not say what it thinks of it: "
        in ended.out
    )
    assert effects(shell) == 0


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("kind", ["reset", "html", "truncated", "empty"])
def test_lost_answers_are_asked_for_again(shell: Shell, kind: str, moment: str) -> None:
    """A dry run has written nothing, so one that got no answer is simply sent again."""
    with emulator(shell) as app:
        app.control.add_fault(
            Fault(kind=kind, action="ImportWorkflowDefinition", nth=1, moment=moment)
        )
    assert online(shell).code == 0
    assert effects(shell) == 0


def test_service_that_never_answers_is_told(shell: Shell) -> None:
    """After three dry runs without an answer the workflow has no verdict."""
    with emulator(shell) as app:
        app.control.add_fault(
            Fault(kind="reset", action="ImportWorkflowDefinition", moment="after")
        )
    ended = online(shell)
    assert (ended.code, "error DW051" in ended.out) == (1, True)
    assert effects(shell) == 0


def test_long_text_of_the_service_is_cut(shell: Shell) -> None:
    """However much the service says, the first 2,000 characters are shown and the rest is counted."""
    shell.project.write("flows/raw.yaml", MISSING_OUTPUT.replace("nowhere", "n" * 5_000))
    switch(shell, unknown_output="fail")
    shown = next(line for line in online(shell).out.splitlines() if "DW050" in line)
    assert len(shown) < 2_200
    assert shown.endswith(" more characters)")


def test_text_of_the_service_cannot_steer_the_terminal(shell: Shell) -> None:
    """What the service says is shown as text, control characters as escapes."""
    shell.project.write(
        "flows/raw.yaml", MISSING_OUTPUT.replace("[elsewhere.nowhere]", '["else.\\u202ewhere"]')
    )
    switch(shell, unknown_output="fail")
    shown = online(shell).out
    assert ("\\u202e" in shown, "\u202e" in shown) == (True, False)


def test_declared_secrets_are_not_repeated(shell: Shell) -> None:
    """A sensitive value that the service puts into its words is masked there."""
    env = "container: {image: x, env: [{name: A, value: elsewhere.nowhere}]}"
    runtime = "runtime: {command: DIDE_SHELL"
    assert runtime in MISSING_OUTPUT
    shell.project.write("flows/raw.yaml", MISSING_OUTPUT.replace(runtime, f"{runtime}, {env}"))
    switch(shell, unknown_output="fail")
    problems = json.loads(online(shell, "--format", "json").out)["problems"]
    told = [problem["message"] for problem in problems if problem["rule"] == "DW050"]
    assert ["(sensitive)" in message for message in told] == [True]
    assert ["elsewhere.nowhere" in message for message in told] == [False]


# --- mapping --------------------------------------------------------------------------------------

SENT = {
    "spec": {
        "workflows": [
            {
                "name": "w",
                "nodes": [
                    {"id": "1", "name": "live"},
                    {"id": "2", "name": "b", "script": {"runtime": {"command": "X"}}},
                ],
                "dependencies": [{"nodeId": "2", "depends": [{"output": "o"}]}, {"nodeId": "1"}],
            }
        ]
    }
}
WRITTEN = {
    "spec": {
        "workflows": [
            {
                "name": "w",
                "nodes": [
                    {"name": "a"},
                    {"name": "b", "script": {"runtime": {"command": "X"}}, "dependsOn": ["o"]},
                ],
            }
        ]
    }
}
NAMES = {"1": "live", "2": "b"}


@pytest.mark.parametrize(
    ("path", "pointer", "beyond"),
    [
        ("$.spec.workflows[0].nodes[1]", ("nodes", 1), ""),
        (
            "$.spec.workflows[0].nodes[1].script.runtime.command",
            ("nodes", 1, "script", "runtime", "command"),
            "",
        ),
        ("$.spec.workflows[0]['nodes'][1][\"script\"]", ("nodes", 1, "script"), ""),
        ("$.spec.workflows[0].nodes[1].script.gone", ("nodes", 1, "script"), ""),
        ("$.spec.workflows[0].nodes[0].name", ("nodes",), "live"),
        ("$.spec.workflows[0].nodes[9]", ("nodes",), ""),
        ("$.spec.workflows[0].dependencies[0].depends[0].output", ("nodes", 1, "dependsOn"), ""),
        ("$.spec.workflows[0].dependencies[1]", (), "live"),
        ("$.spec.workflows[7]", (), ""),
        ("$.elsewhere", (), ""),
        ("no path at all", (), ""),
    ],
)
def test_path_leads_to_the_same_thing_in_the_file(
    path: str, pointer: tuple[str | int, ...], beyond: str
) -> None:
    """Nodes are found by name, edges at the node that waits, the unknown at what is around it."""
    place = complaints.place(f"0x5: wrong at {path}, it seems", SENT, WRITTEN, NAMES)
    assert (place.pointer, place.beyond) == (("spec", "workflows", 0, *pointer), beyond)


def test_path_leads_into_a_flat_manual_workflow() -> None:
    """What is sent is nested, the file may keep its nodes directly under `spec`."""
    workflow = WRITTEN["spec"]["workflows"][0]
    flat = {"kind": "ManualWorkflow", "spec": {"nodes": workflow["nodes"]}}
    place = complaints.place("at $.spec.workflows[0].nodes[1].script", SENT, flat, NAMES)
    assert place.pointer == ("spec", "nodes", 1, "script")


STEPS = st.one_of(
    st.sampled_from(
        [
            ".spec",
            ".workflows",
            ".nodes",
            ".dependencies",
            ".depends",
            ".script",
            "[0]",
            "[1]",
            "[7]",
        ]
    ),
    st.text(alphabet=".[]'\"$0a-é", max_size=6),
)


@given(st.lists(STEPS, max_size=8))
def test_no_text_of_the_service_is_too_odd(steps: list[str]) -> None:
    """Whatever the text says, there is a place that exists in the file."""
    text = f"$.spec.workflows[0]{''.join(steps)}"
    found: object = WRITTEN
    for step in complaints.place(text, SENT, WRITTEN, NAMES).pointer:
        found = found[step]  # type: ignore[index]
    assert isinstance(found, dict | list | str)
