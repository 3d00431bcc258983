"""`validate`: all targets, and PATHS that narrow what is reported, never what is loaded."""

from pathlib import Path

import pytest

from deployer import config
from deployer.errors import UsageError
from deployer.validate import Validated, validate
from tests.cli_kit import CLEAN, CONFIG, Project, Shell

TWO = CONFIG.replace("default: true}", "vars: {days: 3}}") + (
    "  prod: {emulator: p.db, project: 2, projectIdentifier: shop_dev}\n"
)

DAYS = "- name: land\n          rerunTimes: ${spec.days}"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with two workflows."""
    made = Project(tmp_path)
    made.write("flows/clean.yaml", CLEAN)
    return made


@pytest.fixture
def deployer(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """Runs `deployer` in the project, in this process."""
    return Shell(project, monkeypatch, capsys)


def validated(project: Project, *paths: str) -> Validated:
    """What is reported for these paths."""
    return validate(config.load(project.root), [project.root / path for path in paths])


def files(found: Validated) -> list[str]:
    """The files that problems are reported of."""
    return sorted({problem.location.file for problem in found.problems})


def both_broken(project: Project) -> None:
    """One problem in each manifest."""
    project.change("flows/raw.yaml", "nodes:", "nodse:")
    project.change("flows/clean.yaml", "nodes:", "nodse:")


def test_everything_without_paths(project: Project) -> None:
    """All manifests are reported."""
    both_broken(project)
    found = validated(project)
    assert (files(found), len(found.manifests), found.skipped) == (
        ["flows/clean.yaml", "flows/raw.yaml"],
        2,
        (),
    )


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("flows/raw.yaml", ["flows/raw.yaml"]),
        ("flows", ["flows/clean.yaml", "flows/raw.yaml"]),
        (".", ["flows/clean.yaml", "flows/raw.yaml"]),
        ("deployer.yaml", ["flows/clean.yaml", "flows/raw.yaml"]),
    ],
)
def test_paths_narrow_the_report(project: Project, path: str, expected: list[str]) -> None:
    """A file, a folder, or the configuration, which means everything."""
    both_broken(project)
    found = validated(project, path)
    assert (files(found), len(found.manifests), found.skipped) == (expected, len(expected), ())


def test_script_file_means_its_manifest(project: Project) -> None:
    """A commit that changes only the script is checked too."""
    both_broken(project)
    found = validated(project, "flows/land.sh")
    assert (files(found), len(found.manifests), found.skipped) == (["flows/raw.yaml"], 1, ())


def test_problem_inside_a_script_file(project: Project) -> None:
    """A placeholder without a value is a problem of the script, reported for it."""
    project.write("flows/land.sh", "echo ${script.missing}\n")
    found = validated(project, "flows/land.sh")
    assert files(found) == ["flows/land.sh"]
    assert found.skipped == ()


def test_paths_do_not_narrow_what_is_loaded(project: Project) -> None:
    """A rule across files sees the files that are not named."""
    project.change("flows/clean.yaml", "shop/clean", "shop/raw")
    project.change("flows/clean.yaml", "- name: clean", "- name: raw")
    found = [validated(project, f"flows/{name}.yaml") for name in ("raw", "clean")]
    assert any(problem.severity == "error" for each in found for problem in each.problems)


def test_path_outside_the_globs_is_skipped(project: Project) -> None:
    """It is named on stderr, and no reason to fail."""
    project.write("notes/todo.yaml", "a: [")
    project.write("flows/other.sql", "select 1")
    found = validated(project, "notes/todo.yaml", "flows/other.sql", "flows/raw.yaml")
    assert [Path(path).name for path in found.skipped] == ["todo.yaml", "other.sql"]
    assert (found.problems, len(found.manifests)) == ((), 1)


def test_path_outside_the_project_is_skipped(project: Project, tmp_path: Path) -> None:
    """Wherever it lies."""
    assert len(validated(project, "..").skipped) == 1


def test_path_that_does_not_exist(project: Project) -> None:
    """A mistyped path is a mistake of usage."""
    with pytest.raises(UsageError, match=r"no such file: .*flows/rwa\.yaml"):
        validated(project, "flows/rwa.yaml")


def test_paths_are_the_manifests_without_a_configuration(project: Project) -> None:
    """A single file can be checked anywhere."""
    (project.root / "deployer.yaml").unlink()
    both_broken(project)
    found = validated(project, "flows/raw.yaml")
    assert (files(found), len(found.manifests)) == (["flows/raw.yaml"], 1)
    assert files(validated(project, "flows")) == ["flows/clean.yaml", "flows/raw.yaml"]


# --- targets --------------------------------------------------------------------------------------


def test_every_target_is_checked(project: Project) -> None:
    """A problem of one target only says which."""
    project.write("deployer.yaml", TWO)
    project.change("flows/raw.yaml", "- name: land", DAYS)
    (problem,) = validated(project).problems
    assert problem.message.endswith("(target `prod`)")


def test_problem_of_all_targets_is_told_once(project: Project) -> None:
    """It says nothing of targets."""
    project.write("deployer.yaml", TWO)
    project.change("flows/raw.yaml", "nodes:", "nodse:")
    (problem,) = validated(project).problems
    assert "target" not in problem.message


ELSEWHERE = TWO.replace(
    "project: 2, projectIdentifier: shop_dev", "project: 2, projectIdentifier: shop"
)
WAITS = "- name: land\n          dependsOn: [%s]"


def test_problem_of_all_targets_is_told_once_though_their_names_differ(project: Project) -> None:
    """An output is named after the project of each target: it is told as files write it."""
    project.write("deployer.yaml", ELSEWHERE)
    project.change("flows/clean.yaml", "dependsOn: [shop_dev.land]", "dependsOn: []")
    project.change("flows/raw.yaml", "- name: land", WAITS % "'${projectIdentifier}.by_hand'")
    assert [problem.message for problem in validated(project).problems] == [
        "`land` depends on `${projectIdentifier}.by_hand`, which no manifest here makes"
    ]


def test_hint_of_all_targets_is_told_as_files_write_it(project: Project) -> None:
    """What is to be written fits every target."""
    project.write("deployer.yaml", ELSEWHERE)
    project.change("flows/raw.yaml", "- name: land", "- name: landing")
    project.change("flows/clean.yaml", "shop_dev.land", "'${projectIdentifier}.lnding'")
    assert [problem.hint for problem in validated(project).problems] == [
        "did you mean `${projectIdentifier}.landing`?"
    ]


def test_output_written_with_the_name_of_one_project_is_a_problem_of_one(project: Project) -> None:
    """On the other target it is an output of another project, which nobody can look up here."""
    project.write("deployer.yaml", ELSEWHERE)
    project.change("flows/clean.yaml", "dependsOn: [shop_dev.land]", "dependsOn: []")
    project.change("flows/raw.yaml", "- name: land", WAITS % "shop.by_hand")
    told = [(problem.rule, problem.message) for problem in validated(project).problems]
    made = "`shop.by_hand` is made by no manifest here (target `local`)"
    by_hand = "`land` depends on `shop.by_hand`, which no manifest here makes (target `prod`)"
    assert sorted(told) == [("DW127", made), ("DW142", by_hand)]


def test_one_target_alone(deployer: Shell, project: Project) -> None:
    """`-t` checks that one only."""
    project.write("deployer.yaml", TWO)
    project.change("flows/raw.yaml", "- name: land", DAYS)
    assert deployer("validate", "-t", "local").code == 0
    assert deployer("validate", "-t", "prod").code == 1
    assert deployer("validate").code == 1


# --- the command ----------------------------------------------------------------------------------


def test_strict_counts_warnings(deployer: Shell, project: Project) -> None:
    """A warning fails only where that is asked for."""
    project.write("deployer.yaml", CONFIG.replace("default: true}", "vars: {flag: yes}}"))
    assert deployer("validate").code == 0
    strict = deployer("validate", "--strict")
    assert (strict.code, "1 warning" in strict.out) == (1, True)


def test_skipped_paths_are_told(deployer: Shell, project: Project) -> None:
    """On stderr: stdout is the result."""
    project.write("README.md", "text")
    ended = deployer("validate", "README.md", "flows/raw.yaml", "--format", "json")
    assert (ended.code, "README.md" in ended.out) == (0, False)
    assert ended.err == "skipped README.md: no manifest of deployer.yaml, and no script of one\n"


def test_from_a_folder_below(deployer: Shell, project: Project) -> None:
    """Paths are those of the working folder; deployer.yaml is found above."""
    both_broken(project)
    deployer.patch.chdir(project.root / "flows")
    ended = deployer("validate", "raw.yaml")
    assert (ended.code, ended.out.splitlines()[-1]) == (1, "1 manifest checked: 1 error")
