"""`--select` and `--exclude`: what a term means, what it does not, and what a plan says is left out."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.errors import UsageError
from deployer.model import Workflow
from deployer.reading.changed_files import changed_since
from deployer.reading.git import Git
from deployer.selection import Selection, Term, chosen
from tests.cli_kit import CLEAN, Project, Shell


def flow(path: str, file: str, makes: str = "", waits: str = "", script: str = "") -> Workflow:
    """A workflow with one node."""
    node = {"outputs": {"nodeOutputs": {makes: {"data": makes}}}} if makes else {}
    edges = {"{{n}}": {"depends": {waits: {"output": waits}}}} if waits else {}
    return Workflow(
        path=path,
        name=path.rpartition("/")[2],
        kind="CycleWorkflow",
        spec={"nodes": {"n": node}, "dependencies": edges},
        file=file,
        scripts={"n": script} if script else {},
    )


THERE = (
    flow("shop/raw", "flows/raw.yaml", makes="a", script="flows/land.sh"),
    flow("shop/clean", "flows/clean.yaml", makes="b", waits="a"),
    flow("shop/eu/sum", "flows/eu/sum.yaml", waits="b"),
    flow("web/raw", "flows/web.yaml"),
)
CHANGED = {"main": frozenset(["flows/land.sh", "README.md"]), "same": frozenset[str]()}


def paths(select: list[str], exclude: list[str] | None = None) -> list[str]:
    """What is meant, in order."""
    selection = Selection.parse(select, exclude or [])
    return sorted(chosen(selection, THERE, CHANGED, "deployer.yaml").paths)


@pytest.mark.parametrize(
    ("term", "meant"),
    [
        ("shop/raw", ["shop/raw"]),
        ("/shop/raw/", ["shop/raw"]),
        ("shop", ["shop/clean", "shop/eu/sum", "shop/raw"]),
        ("shop/eu", ["shop/eu/sum"]),
        ("*/raw", ["shop/raw", "web/raw"]),
        ("shop/*m", ["shop/eu/sum"]),
        ("s?op/raw", ["shop/raw"]),
        ("name:r*", ["shop/raw", "web/raw"]),
        ("file:flows/eu", ["shop/eu/sum"]),
        ("file:*.sh", ["shop/raw"]),
        ("file:flows/web.yaml", ["web/raw"]),
        ("changed:main", ["shop/raw"]),
        ("changed:same", []),
        ("shop/raw+", ["shop/clean", "shop/eu/sum", "shop/raw"]),
        ("changed:main+", ["shop/clean", "shop/eu/sum", "shop/raw"]),
        ("name:clean+", ["shop/clean", "shop/eu/sum"]),
        ("web/raw+", ["web/raw"]),
    ],
)
def test_what_a_term_means(term: str, meant: list[str]) -> None:
    """Paths, folders, globs, names, files, revisions, and what waits for them."""
    assert meant == paths([term])


def test_terms_add_up_and_exclusion_takes_away() -> None:
    """Order does not matter; what is excluded is out, however it was selected."""
    assert paths(["web", "shop/raw"]) == ["shop/raw", "web/raw"]
    assert paths(["shop/raw", "web"], ["name:raw"]) == []
    assert paths([], ["shop/clean+"]) == ["shop/raw", "web/raw"]


def test_nothing_asked_for_is_everything() -> None:
    """Without flags nothing is left out, and nothing is said."""
    found = chosen(Selection.parse([]), THERE, {})
    assert (len(found.paths), found.left_out, found.text) == (4, (), "")


def test_what_is_left_out_is_named() -> None:
    """The flags can be copied back into a shell, and every path is in one of the two sets."""
    found = chosen(Selection.parse(["shop/*"], ["name:sum"]), THERE, {})
    assert found.text == "--select 'shop/*' --exclude name:sum"
    assert found.left_out == ("shop/eu/sum", "web/raw")


def test_changed_configuration_concerns_everything() -> None:
    """Overrides and values of placeholders are in deployer.yaml."""
    selection = Selection.parse(["changed:x"])
    found = chosen(selection, THERE, {"x": frozenset(["deployer.yaml"])}, "deployer.yaml")
    assert found.left_out == ()


@pytest.mark.parametrize(
    ("term", "words"),
    [
        ("nmae:raw", "did you mean `name:`?"),
        ("tag:nightly", "`tag:` of `tag:nightly` is no way to select"),
        ("path:shop", "`path:` of `path:shop` is no way to select"),
        ("", "`` selects nothing"),
        ("+", "`+` selects nothing"),
        ("+shop/raw", "`+` stands at the end"),
        ("name:", "`name:` selects nothing"),
    ],
)
def test_unknown_grammar(term: str, words: str) -> None:
    """A term that means nothing is a mistake with the nearest one named."""
    with pytest.raises(UsageError) as caught:
        Term.parse(term)
    assert words in f"{caught.value.what}; {caught.value.why}; {caught.value.hint}"


@pytest.mark.parametrize(
    ("term", "words"),
    [
        ("shop/row", "did you mean `shop/raw`?"),
        ("name:cleen", "did you mean `name:clean`?"),
        ("file:flows/lend.sh", "did you mean `file:flows/land.sh`?"),
        ("zzz", "there are `shop/clean`, `shop/eu/sum`, `shop/raw`, `web/raw`"),
        ("SHOP/raw", "selects no workflow"),
    ],
)
@pytest.mark.parametrize("flag", ["select", "exclude"])
def test_term_that_matches_nothing(term: str, words: str, flag: str) -> None:
    """A mistyped term neither writes everything nor nothing: it is refused."""
    with pytest.raises(UsageError) as caught:
        paths([term]) if flag == "select" else paths([], [term])
    assert words in f"{caught.value.what}; {caught.value.why}; {caught.value.hint}"


@given(st.text("shopraw/*?[]!-:+ ", max_size=12) | st.text(max_size=12))
def test_any_text_is_a_term_or_a_mistake(text: str) -> None:
    """No text ends in anything but a term or a UsageError, and a term is told as it was written."""
    try:
        selection = Selection.parse([text])
        files = dict.fromkeys(selection.revisions, frozenset[str]())
        assert chosen(selection, THERE, files).paths <= {each.path for each in THERE}
    except UsageError:
        return
    (term,) = selection.select
    assert term.text == text
    assert term.kind in ("path", "name", "file", "changed")


@given(st.lists(st.sampled_from(["shop", "shop/raw+", "name:*", "web", "changed:main"])))
def test_chosen_and_left_out_are_all_there_is(terms: list[str]) -> None:
    """Nothing is lost between the two, and selecting and excluding the same is nothing."""
    selection = Selection.parse(terms)
    found = chosen(selection, THERE, CHANGED)
    assert found.paths | set(found.left_out) == {each.path for each in THERE}
    assert not found.paths & set(found.left_out)
    if terms:
        assert not chosen(Selection.parse(terms, terms), THERE, CHANGED).paths


# --- on the command line --------------------------------------------------------------------------


@pytest.fixture
def deployer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A project with two workflows, one of which waits for the other."""
    project = Project(tmp_path)
    project.write("flows/clean.yaml", CLEAN)
    return Shell(project, monkeypatch, capsys)


def git(folder: Path, *command: str) -> None:
    """A command of git that works."""
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *command], cwd=folder, check=True, capture_output=True)


def committed(folder: Path) -> None:
    """The folder as a repository with one commit."""
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "all")


def test_plan_and_apply_of_a_part(deployer: Shell) -> None:
    """Only what is selected is planned and written; what is left out is said every time."""
    shown = deployer("plan", "--select", "shop/raw")
    assert "Only a part: --select shop/raw; left out: shop/clean" in shown.out
    assert "shop/clean" not in shown.out.replace("left out: shop/clean", "")
    deployer("apply", "--auto-approve", "--exclude", "name:clean")
    rest = json.loads(deployer("plan", "--format", "json").out)
    assert [each["address"] for each in rest["resource_changes"]] == ["shop/clean"]
    assert (rest["selection"], rest["left_out"]) == ("", [])


def test_json_names_what_is_left_out(deployer: Shell) -> None:
    """Other programs can tell a part from the whole."""
    plan = json.loads(deployer("plan", "--select", "shop/clean", "--format", "json").out)
    assert (plan["selection"], plan["left_out"]) == ("--select shop/clean", ["shop/raw"])


def test_a_selection_of_everything_is_no_part(deployer: Shell) -> None:
    """It says that nothing is left out."""
    text = deployer("plan", "--select", "shop").out
    assert "Selected: --select shop; nothing is left out" in text
    comment = deployer("plan", "--select", "shop", "--format", "markdown").out
    assert "All of the workflows are selected: `--select shop`" in comment


def test_downstream_on_the_command_line(deployer: Shell) -> None:
    """`+` reaches the workflow that waits."""
    plan = json.loads(deployer("plan", "--select", "shop/raw+", "--format", "json").out)
    assert [each["address"] for each in plan["resource_changes"]] == ["shop/raw", "shop/clean"]


def test_what_is_left_out_is_not_read(deployer: Shell) -> None:
    """A part costs the calls of a part."""
    deployer("apply", "--auto-approve")
    whole = json.loads(deployer("plan", "--format", "json").out)["api_calls"]
    part = json.loads(deployer("plan", "--select", "shop/raw", "--format", "json").out)["api_calls"]
    assert part == whole - 1


def test_terms_in_a_variable(deployer: Shell) -> None:
    """Blanks part them."""
    deployer.patch.setenv("DEPLOYER_SELECT", "shop/raw name:clean")
    deployer.patch.setenv("DEPLOYER_EXCLUDE", "shop/raw")
    assert json.loads(deployer("plan", "--format", "json").out)["left_out"] == ["shop/raw"]


def test_mistyped_terms(deployer: Shell) -> None:
    """Exit 64, nothing is written, and the nearest is named."""
    for term, near in [("shop/rwa", "`shop/raw`"), ("fiel:x", "`file:`")]:
        ended = deployer("apply", "--auto-approve", "--select", term)
        assert (ended.code, ended.out) == (64, "")
        assert f"did you mean {near}?" in ended.err
        assert "nothing was written" in ended.err
    assert json.loads(deployer("plan", "--format", "json").out)["summary"]["create"] == 2


def test_changed_since_a_commit(deployer: Shell) -> None:
    """Manifests and scripts count, whether edited, new or never added; nothing changed is no mistake."""
    root = deployer.project.root
    committed(root)
    none = json.loads(deployer("plan", "--select", "changed:HEAD", "--format", "json").out)
    assert (none["resource_changes"], len(none["left_out"])) == ([], 2)
    deployer.project.change("flows/land.sh", "two", "three")
    found = json.loads(deployer("plan", "--select", "changed:HEAD", "--format", "json").out)
    assert [each["address"] for each in found["resource_changes"]] == ["shop/raw"]
    deployer.project.write("flows/new.yaml", CLEAN.replace("clean", "new").replace("tidy", "dust"))
    found = json.loads(deployer("plan", "--select", "changed:HEAD", "--format", "json").out)
    assert found["left_out"] == ["shop/clean"]


def test_removals_that_are_left_out(deployer: Shell) -> None:
    """What is gone from git is selected by its former path and file, and left out like all else."""
    project = deployer.project
    deployer("apply", "--auto-approve")
    committed(project.root)
    (project.root / "flows/clean.yaml").unlink()
    flags = ("--base", "HEAD", "--prune", "--format", "json")
    gone = {"shop/clean": ["shop/raw"], "changed:HEAD": ["shop/raw"], "shop/raw": ["shop/clean"]}
    for term, left_out in gone.items():
        plan = json.loads(deployer("plan", "--select", term, *flags).out)
        assert plan["left_out"] == left_out
        assert plan["summary"]["delete"] == (term != "shop/raw")


def test_unknown_revision(deployer: Shell) -> None:
    """Exit 64 outside of a repository, for no such commit, and for what git would take as a flag."""
    assert deployer("plan", "--select", "changed:HEAD").code == 64
    committed(deployer.project.root)
    for revision in ("nowhere", "--output=x", "HEAD\n"):
        ended = deployer("plan", "--select", f"changed:{revision}")
        assert (ended.code, "git cannot tell what changed" in ended.err) == (64, True)
    assert not (deployer.project.root / "x").exists()


def test_project_in_a_folder_of_its_repository(tmp_path: Path) -> None:
    """Names are those of the project, odd ones too; deleted files count, those outside do not."""
    inner = tmp_path / "in ner"
    inner.mkdir()
    for name in ("a b.yaml", 'q"t.yaml', "數.yaml"):
        (inner / name).write_text("1")
    (tmp_path / "outside").write_text("1")
    committed(tmp_path)
    (tmp_path / "outside").write_text("2")
    (inner / "a b.yaml").unlink()
    (inner / "數.yaml").write_text("2")
    (inner / "new").write_text("2")
    found = changed_since(Git(inner, os.environ), "HEAD", ["new", 'q"t.yaml'])
    assert found == {"a b.yaml", "數.yaml", "new"}


def test_repository_cannot_run_programs(tmp_path: Path) -> None:
    """A driver for differences that the repository names is not started."""
    (tmp_path / "a.yaml").write_text("1")
    (tmp_path / ".gitattributes").write_text("*.yaml diff=x\n")
    committed(tmp_path)
    git(tmp_path, "config", "diff.x.textconv", "touch ran;cat")
    git(tmp_path, "config", "diff.external", "touch ran;true")
    git(tmp_path, "config", "core.fsmonitor", "touch ran;true")
    (tmp_path / "a.yaml").write_text("2")
    assert changed_since(Git(tmp_path, os.environ), "HEAD", ["a.yaml"]) == {"a.yaml"}
    assert not (tmp_path / "ran").exists()
