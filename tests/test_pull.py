"""`deployer pull`: what becomes of files, what stays as people wrote it, and what is refused."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli_kit import CLEAN, CONFIG, Project, Shell

HAND_MADE = """\
# Lands what the shops send.
version: "1.1.0"
kind: CycleWorkflow
spec:
  workflows:
    - script: {path: shop/raw}   # the path comes first here
      name: raw
      trigger: {type: Scheduler, cron: "00 00 03 * * ?"}
      nodes:
        # the first one
        - name: land
          script:
            runtime: {command: DIDE_SHELL}
            file: land.sh
            parameters: &day
              - name: bizdate   # of yesterday
                value: '$[yyyymmdd-1]'
          description: ${spec.words}

        - name: check
          dependsOn: [land]
          priority: 3  # urgent
          script:
            runtime: {command: DIDE_SHELL}
            content: echo check
            parameters: *day
"""
WORDS = CONFIG.replace("default: true", "default: true, vars: {words: Lands files, bucket: b-dev}")
LAND = "echo one\ncp ${script.bucket}\necho two\n"


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A project whose two workflows are in the workspace."""
    project = Project(tmp_path)
    project.write("deployer.yaml", WORDS)
    project.write("flows/raw.yaml", HAND_MADE)
    project.write("flows/land.sh", LAND)
    project.write("flows/clean.yaml", CLEAN)
    shell = Shell(project, monkeypatch, capsys)
    assert shell("apply", "--auto-approve").code == 0
    return shell


def text(shell: Shell, name: str) -> str:
    return (shell.project.root / name).read_text("utf-8")


def drift(shell: Shell, *changes: tuple[str, str, str]) -> None:
    """Somebody changes the workspace: the files are changed, applied, and put back."""
    root = shell.project.root
    before = {file: file.read_bytes() for file in root.rglob("flows/*") if file.is_file()}
    for name, old, new in changes:
        shell.project.change(name, old, new)
    assert shell("apply", "--auto-approve").code == 0
    for file, data in before.items():
        file.write_bytes(data)


def empty(shell: Shell) -> bool:
    return shell("plan", "--detailed-exitcode").code == 0


# --- new files ------------------------------------------------------------------------------------


def test_an_empty_folder_is_filled(shell: Shell) -> None:
    """Manifests and scripts where the glob finds them; then the plan is empty."""
    for file in shell.project.root.glob("flows/*"):
        file.unlink()
    ended = shell("pull")
    assert (ended.code, ended.out.splitlines()) == (
        0,
        [
            "+ create flows/clean.yaml  (shop/clean)",
            "+ create flows/clean/tidy.sh  (shop/clean)",
            "+ create flows/raw.yaml  (shop/raw)",
            "+ create flows/raw/land.sh  (shop/raw)",
            "+ create flows/raw/check.sh  (shop/raw)",
            "5 files created, 0 updated; 0 workflows unchanged",
        ],
    )
    assert "TriggerWorkflow" in ended.err
    assert "description: ${spec.words}" in text(shell, "flows/raw.yaml")
    assert "dependsOn: [shop_dev.land]" not in text(shell, "flows/clean.yaml")
    assert '"${projectIdentifier}.land"' in text(shell, "flows/clean.yaml")
    assert empty(shell)


def test_pulling_twice_writes_the_same_bytes(shell: Shell) -> None:
    """From nothing, and over what is there."""
    taken = []
    for _ in range(2):
        for file in shell.project.root.rglob("flows/**/*"):
            if file.is_file():
                file.unlink()
        assert shell("pull").code == 0
        taken.append({f.name: f.read_bytes() for f in shell.project.root.rglob("flows/**/*.*")})
        assert shell("pull").out == "0 files created, 0 updated; 2 workflows unchanged\n"
    assert taken[0] == taken[1]


@pytest.mark.parametrize(
    ("select", "pulled"),
    [("shop", 2), ("shop/raw", 1), ("shop/r*", 1), ("*", 2), ("shop/", 2)],
)
def test_folders_paths_and_globs_select(shell: Shell, select: str, pulled: int) -> None:
    """As the workspace spells them."""
    for file in shell.project.root.glob("flows/*"):
        file.unlink()
    made = json.loads(shell("pull", select, "--format", "json").out)
    assert len([each for each in made["files"] if each["file"].endswith(".yaml")]) == pulled


def test_nothing_selected_is_a_mistake(shell: Shell) -> None:
    """Rather than a success that did nothing."""
    ended = shell("pull", "shopping")
    assert (ended.code, ended.err.splitlines()[0]) == (64, "error: no workflow is chosen")


def test_only_what_is_in_scope_is_pulled(shell: Shell) -> None:
    """Other teams' workflows are none of this repository's business."""
    for file in shell.project.root.glob("flows/*"):
        file.unlink()
    shell.project.write("deployer.yaml", "scope: [elsewhere]\n" + WORDS)
    assert shell("pull").out == "0 files created, 0 updated; 0 workflows unchanged\n"


def test_a_workflow_that_moved_does_not_break_the_others(shell: Shell) -> None:
    """Its manifest has the old path: a second one of the same name would end every later command."""
    shell.project.change("flows/clean.yaml", "shop/clean", "moved/clean")
    before = shell("plan").out
    ended = shell("pull")
    assert ended.code == 1
    assert "error: `shop/clean` was not pulled: it cannot stand beside" in ended.err
    assert "flows/clean.yaml:5:13: DW137 workflow `clean` is also in" in ended.err
    assert "`moved/clean` is in a manifest and not in the workspace" in ended.err
    assert (shell("plan").out, ended.out.splitlines()[0][:15]) == (before, "0 files created")


def test_one_wrong_workflow_does_not_stop_the_others(shell: Shell) -> None:
    """Those that can be written down are, and the exit code says that not all were."""
    (shell.project.root / "flows/raw.yaml").unlink()
    shell.project.change("flows/clean.yaml", "shop/clean", "moved/clean")
    ended = shell("pull")
    assert (ended.code, ended.out.splitlines()[0]) == (
        1,
        "+ create flows/raw.yaml  (shop/raw)",
    )


def test_a_place_that_cannot_be_written_costs_one_workflow(shell: Shell) -> None:
    """Something else lies where its scripts would; the check says the same, and nothing is half done."""
    for file in shell.project.root.glob("flows/*"):
        file.unlink()
    shell.project.write("flows/clean", "not a folder")
    assert "`flows/clean/tidy.sh` cannot be written" in shell("pull", "--check").err
    ended = shell("pull")
    assert (ended.code, ended.out.splitlines()[-1][:15]) == (1, "3 files created")
    assert not (shell.project.root / "flows/clean.yaml").exists()


def test_a_manifest_of_another_target_is_left_alone(shell: Shell) -> None:
    """Its path is taken, though not for this target."""
    shell.project.write("flows/clean.yaml", "deployer: {only: [prod]}\n" + CLEAN)
    ended = shell("pull")
    assert "`shop/clean` is in a manifest that is for other targets only" in ended.err
    assert ended.out == "0 files created, 0 updated; 1 workflow unchanged\n"


# --- existing files -------------------------------------------------------------------------------


def test_comments_order_and_quotes_survive(shell: Shell) -> None:
    """Only the value that differs is another one."""
    drift(
        shell,
        ("flows/raw.yaml", "priority: 3", "priority: 7"),
        ("flows/raw.yaml", "00 03", "30 04"),
    )
    assert shell("pull").out.splitlines()[0] == "~ update flows/raw.yaml  (shop/raw)"
    expected = HAND_MADE.replace("priority: 3", "priority: 7").replace("00 03", "30 04")
    assert text(shell, "flows/raw.yaml") == expected
    assert empty(shell)


SPACED = """\
version: "1.1.0"
kind: CycleWorkflow
spec:
    # four blanks
    workflows:
    -   script: { path: shop/clean, }   # path first
        name:   clean
        trigger: { type: Scheduler,  cron: "00 00 04 * * ?" }
        nodes:
        -   name: tidy
            script: &unused
                runtime: {command: DIDE_SHELL}
                content: echo tidy   # says so
            datasource:   # where
                {name: x,
                 type: odps}
            priority: 1   # low
            dependsOn: [ shop_dev.land ]
"""


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_lines_that_say_the_same_stay_byte_for_byte(shell: Shell, line_end: str) -> None:
    """However a file is spaced and indented, and whatever ends its lines."""
    file = shell.project.root / "flows/clean.yaml"
    written = SPACED.replace("\n", line_end).encode()
    file.write_bytes(written)
    drift(shell, ("flows/clean.yaml", "priority: 1", "priority: 7"))
    file.write_bytes(written)
    assert shell("pull").code == 0
    assert file.read_bytes() == written.replace(b"priority: 1", b"priority: 7")
    assert empty(shell)


def test_an_alias_is_not_changed_for_others(shell: Shell) -> None:
    """One of two nodes that share a list gets a list of its own."""
    drift(shell, ("flows/raw.yaml", "parameters: *day", "parameters: [{name: bizdate, value: x}]"))
    assert shell("pull").code == 0
    after = text(shell, "flows/raw.yaml")
    assert "- name: bizdate   # of yesterday\n                value: '$[yyyymmdd-1]'" in after
    assert after.count("value: 'x'") == 1
    assert empty(shell)


def test_placeholders_of_a_script_survive(shell: Shell) -> None:
    """A line that did not change keeps its placeholder; the manifest is not touched."""
    drift(shell, ("flows/land.sh", "echo two", "echo three"))
    assert shell("pull").out.splitlines()[0] == "~ update flows/land.sh  (shop/raw)"
    assert text(shell, "flows/land.sh") == LAND.replace("two", "three")
    assert text(shell, "flows/raw.yaml") == HAND_MADE
    assert empty(shell)


def test_edges_are_changed_where_they_stand(shell: Shell) -> None:
    """A dependency that somebody removed, and one that somebody drew."""
    drift(
        shell,
        ("flows/raw.yaml", "dependsOn: [land]", "dependsOn: [shop_dev.tidy]"),
        ("flows/clean.yaml", "dependsOn: [shop_dev.land]", "dependsOn: []"),
    )
    assert shell("pull").code == 0
    assert "dependsOn" not in text(shell, "flows/clean.yaml")
    assert 'dependsOn: ["${projectIdentifier}.tidy"]' in text(shell, "flows/raw.yaml")
    assert empty(shell)


def test_a_node_made_in_the_console_is_adopted(shell: Shell) -> None:
    """With its script in a file; the plan says nothing of it any more."""
    script = "script: {runtime: {command: DIDE_SHELL}, content: echo extra}"
    new = f"\n        - name: extra\n          dependsOn: [check]\n          {script}\n"
    drift(
        shell,
        (
            "flows/raw.yaml",
            "            parameters: *day\n",
            f"            parameters: *day\n{new}",
        ),
    )
    assert "extra" in shell("plan").out
    assert shell("pull").code == 0
    assert text(shell, "flows/raw.yaml").startswith(HAND_MADE)
    assert text(shell, "flows/raw/extra.sh") == "echo extra\n"
    assert "extra" not in shell("plan").out


def test_a_manifest_in_json_stays_json(shell: Shell) -> None:
    """And gets the live value."""
    import yaml

    shell.project.write(
        "deployer.yaml", WORDS.replace("[flows/*.yaml]", "[flows/*.yaml, flows/*.json]")
    )
    (shell.project.root / "flows/clean.yaml").unlink()
    shell.project.write("flows/clean.json", json.dumps(yaml.safe_load(CLEAN)))
    drift(shell, ("flows/clean.json", "echo tidy", "echo other"))
    assert shell("pull").code == 0
    node = json.loads(text(shell, "flows/clean.json"))["spec"]["workflows"][0]["nodes"][0]
    assert node["script"]["content"] == "echo other"
    assert empty(shell)


def test_quotes_and_the_comment_below_a_text_stay(shell: Shell) -> None:
    """A value gets the quotes of the one before it; a comment on a line of its own keeps that line."""
    head = "      trigger: {type: Scheduler, cron: "
    words = "      description: >-\n        Some\n        words\n      # how often\n"
    shell.project.change(
        "flows/clean.yaml", f'{head}"00 00 04 * * ?"', f"{words}{head}'00 00 04 * * ?'"
    )
    drift(shell, ("flows/clean.yaml", "00 04", "30 05"), ("flows/clean.yaml", "Some", "Other: "))
    assert shell("pull").code == 0
    expected = f"""\
      description: "Other:  words"
      # how often
{head}'00 30 05 * * ?'"""
    assert expected in text(shell, "flows/clean.yaml")
    assert empty(shell)


def test_a_script_of_another_target_is_not_changed(shell: Shell) -> None:
    """A manifest for another target names the same file: the node gets a file of its own."""
    other = (
        CLEAN.replace("clean", "other").replace("tidy", "tidy2").replace("content: echo", "file:")
    )
    shell.project.write(
        "flows/other.yaml",
        "deployer: {only: [prod]}\n" + other.replace("file: tidy2", "file: land.sh"),
    )
    drift(shell, ("flows/land.sh", "echo two", "echo three"))
    assert shell("pull").code == 0
    assert text(shell, "flows/land.sh") == LAND
    assert "echo three" in text(shell, "flows/raw/land.sh")
    assert empty(shell)


def test_a_script_that_was_emptied_is_pulled(shell: Shell) -> None:
    """The node names no file any more; the file stays, as nothing is deleted here."""
    drift(shell, ("flows/land.sh", LAND, ""))
    assert shell("pull").code == 0
    assert "file: land.sh" not in text(shell, "flows/raw.yaml")
    assert text(shell, "flows/land.sh") == LAND
    assert empty(shell)


def test_values_that_a_plan_masks_are_named(shell: Shell) -> None:
    """Once, when they come into a file: they may be secrets; the values themselves are not shown."""
    env = "container: {image: i, env: [{name: TOKEN, value: hush}]}"
    drift(shell, ("flows/clean.yaml", "command: DIDE_SHELL", f"command: DIDE_SHELL, {env}"))
    ended = shell("pull")
    place = "nodes[tidy].script.runtime.container.env[TOKEN].value"
    assert f"note: `shop/clean`: `{place}`: written as it is, though a plan masks it" in ended.err
    assert "hush" not in ended.out + ended.err
    (shell.project.root / "flows/clean.yaml").unlink()
    assert place in shell("pull").err
    assert shell("pull").err == ""


def test_a_note_on_what_no_list_shows_is_for_new_manifests(shell: Shell) -> None:
    """A new script of a known workflow says nothing about other workflows."""
    new = "        - name: x\n          script: {runtime: {command: DIDE_SHELL}, content: echo}\n"
    drift(shell, ("flows/clean.yaml", "      nodes:\n", f"      nodes:\n{new}"))
    ended = shell("pull", "shop/clean")
    assert ended.out.splitlines()[1] == "+ create flows/clean/x.sh  (shop/clean)"
    assert ended.err == ""


@pytest.mark.parametrize("indent", [None, 4, "\t"])
def test_a_manifest_in_json_keeps_its_form(shell: Shell, indent: int | str | None) -> None:
    """Its indentation, or the one line that it is."""
    import yaml

    shell.project.write(
        "deployer.yaml", WORDS.replace("[flows/*.yaml]", "[flows/*.yaml, flows/*.json]")
    )
    (shell.project.root / "flows/clean.yaml").unlink()
    written = json.dumps(yaml.safe_load(CLEAN), indent=indent)
    shell.project.write("flows/clean.json", written)
    drift(shell, ("flows/clean.json", "echo tidy", "echo other"))
    assert shell("pull").code == 0
    assert text(shell, "flows/clean.json").rstrip() == written.replace("echo tidy", "echo other")


def test_what_a_target_overrides_stays_out_of_the_manifest(shell: Shell) -> None:
    """The manifest is for all targets; the drift is said."""
    override = "overrides: {shop/raw: {nodes: [{name: check, priority: 5}]}}, vars"
    shell.project.write("deployer.yaml", WORDS.replace("vars", override))
    ended = shell("pull")
    assert text(shell, "flows/raw.yaml") == HAND_MADE
    assert "not pulled, as deployer.yaml overrides it for target `local`" in ended.err
    assert "`nodes[check].priority`" in ended.err


def test_a_manifest_that_is_not_live_is_left(shell: Shell) -> None:
    """Nothing is deleted here; the check does not call it equal."""
    shell.project.write("flows/new.yaml", CLEAN.replace("clean", "new").replace("tidy", "tidy2"))
    ended = shell("pull", "--check")
    assert (ended.code, ended.out) == (2, "")
    assert "`shop/new` is in a manifest and not in the workspace" in ended.err


# --- check, and work that could be lost -----------------------------------------------------------


def git(shell: Shell, *command: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=n", "-c", "user.email=n@example.com", *command],
        cwd=shell.project.root,
        check=True,
        capture_output=True,
    )


def test_a_check_prints_a_patch_and_writes_nothing(shell: Shell) -> None:
    """Exit 2; the patch applied is the pull."""
    drift(
        shell, ("flows/raw.yaml", "priority: 3", "priority: 7"), ("flows/land.sh", "two", "three")
    )
    (shell.project.root / "flows/clean.yaml").unlink()
    before = text(shell, "flows/raw.yaml"), text(shell, "flows/land.sh")
    ended = shell("pull", "--check")
    assert ended.code == 2
    assert (text(shell, "flows/raw.yaml"), text(shell, "flows/land.sh")) == before
    shell.project.write("drift.patch", ended.out)
    git(shell, "init", "-q")
    git(shell, "apply", "drift.patch")
    assert shell("pull", "--check").code == 0
    assert empty(shell)


def test_uncommitted_work_is_not_overwritten(shell: Shell) -> None:
    """Once it is committed, git holds it, and the pull goes on."""
    drift(shell, ("flows/raw.yaml", "priority: 3", "priority: 7"))
    git(shell, "init", "-q")
    ended = shell("pull")
    assert (ended.code, ended.err.splitlines()[:2]) == (
        3,
        [
            "error: files with uncommitted changes would be overwritten",
            "  where: flows/raw.yaml",
        ],
    )
    assert text(shell, "flows/raw.yaml") == HAND_MADE
    git(shell, "add", "-A")
    git(shell, "commit", "-qm", "all")
    assert shell("pull").code == 0


def test_a_wrong_manifest_ends_the_pull(shell: Shell) -> None:
    """Nobody knows which workflow it is for."""
    shell.project.change("flows/clean.yaml", "kind: CycleWorkflow", "kind: Workflow")
    assert shell("pull").code == 1


def test_what_a_manifest_cannot_say_is_an_error(shell: Shell) -> None:
    """A script that holds the placeholder of the project as text would be filled in."""
    drift(shell, ("flows/clean.yaml", "echo tidy", "echo tidy"))
    root = shell.project.root
    control = root / "flows/clean.yaml"
    control.unlink()
    from deployer.emulator import create_app

    app = create_app(
        root / "data/local.db",
        project="10001",
        project_identifier="shop_dev",
        credentials=("a", "b"),
    )
    document = {
        "version": "1.1.0",
        "kind": "CycleWorkflow",
        "spec": {
            "workflows": [
                {
                    "name": "odd",
                    "script": {"path": "shop/odd", "runtime": {"command": "WORKFLOW"}},
                    "nodes": [
                        {
                            "name": "n",
                            "script": {
                                "path": "shop/odd/n",
                                "runtime": {"command": "DIDE_SHELL"},
                                "content": "echo ${projectIdentifier}",
                            },
                        }
                    ],
                }
            ]
        },
    }
    app.control.save("person", 10001, document)
    app.close()
    ended = shell("pull", "shop/odd")
    assert ended.code == 1
    assert "`shop/odd` was not pulled: a manifest cannot say `nodes[n].script.content`" in ended.err
    assert not (root / "flows/odd.yaml").exists()
