"""What is read for one target: sound manifests, every problem, overrides and `deployer.only`."""

from collections import Counter
from pathlib import Path

import pytest

from deployer import config
from deployer.errors import UsageError
from deployer.load import SYMBOLIC, Loaded, load
from deployer.model import Problem
from deployer.reading import yaml_reader
from deployer.reading.builder import NextEvent
from tests.cli_kit import CLEAN, CONFIG, RAW, Project


def overriding(override: str) -> str:
    """The configuration with an override for the target."""
    return CONFIG.replace("default: true}", f"overrides: {{{override}}}}}")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with two workflows."""
    made = Project(tmp_path)
    made.write("flows/clean.yaml", CLEAN)
    return made


def loaded(project: Project, name: str = "local") -> Loaded:
    """What the target of that name sees."""
    settings = config.settings(project.root, name, {})
    assert settings.target is not None
    return load(settings, settings.target)


def found(problems: tuple[Problem, ...]) -> list[tuple[str, str]]:
    """Rules and places."""
    return [(problem.rule, str(problem.location)) for problem in problems]


def test_sound_manifests(project: Project) -> None:
    """Every manifest is a subject, and the script files of each are known."""
    result = loaded(project)
    assert [subject.path for subject in result.subjects] == ["shop/clean", "shop/raw"]
    assert result.sources == {
        "flows/clean.yaml": frozenset(),
        "flows/raw.yaml": frozenset({"flows/land.sh"}),
    }
    assert (result.files, result.errors, result.problems) == (2, False, ())


def test_all_problems_of_all_files(project: Project) -> None:
    """A broken file hides neither its own other problems nor those of other files."""
    project.change("flows/raw.yaml", "nodes:", "nodse:")
    project.change("flows/raw.yaml", "trigger:", "triger:")
    project.change("flows/clean.yaml", "kind: CycleWorkflow", "kind: Node")
    result = loaded(project)
    assert (result.subjects, result.errors) == ((), True)
    assert sorted(found(result.problems)) == [
        ("DW003", "flows/clean.yaml:2:7"),
        ("DW010", "flows/raw.yaml:7:7"),
        ("DW010", "flows/raw.yaml:8:7"),
    ]


def test_a_misspelt_kind_is_guessed(project: Project) -> None:
    """At its value, with the kind that was meant."""
    project.change("flows/clean.yaml", "kind: CycleWorkflow", "kind: CycleWorkfow")
    (problem,) = loaded(project).problems
    told = (str(problem.location), problem.pointer, problem.hint)
    assert told == ("flows/clean.yaml:2:7", "/kind", "did you mean `CycleWorkflow`?")


def test_a_kind_of_something_else_is_not_guessed(project: Project) -> None:
    """A document of FlowSpec that is no workflow is no slip."""
    project.change("flows/clean.yaml", "kind: CycleWorkflow", "kind: TemporaryWorkflow")
    (problem,) = loaded(project).problems
    assert problem.hint.startswith("manifests are FlowSpec documents of kind CycleWorkflow, ")


def test_a_document_without_workflows_is_told_at_its_body(project: Project) -> None:
    """Its kind is right: that is not where to look."""
    project.write("flows/clean.yaml", 'version: "1.1.0"\nkind: CycleWorkflow\nspec:\n  name: a\n')
    (problem,) = loaded(project).problems
    assert (problem.rule, str(problem.location)) == ("DW003", "flows/clean.yaml:4:3")


def test_a_target_that_does_not_exist_is_told(project: Project) -> None:
    """A workflow for a misspelt target would be deployed nowhere, without a word."""
    project.change("flows/raw.yaml", "kind:", "deployer: {only: [local, locla]}\nkind:")
    (problem,) = loaded(project).problems
    told = (problem.rule, str(problem.location), problem.message, problem.hint)
    assert told == ("DW012", "flows/raw.yaml:2:26", "no target `locla`", "did you mean `local`?")


def test_configuration_remarks_are_problems(project: Project) -> None:
    """What is odd in deployer.yaml is told with the rest."""
    project.write("deployer.yaml", CONFIG.replace("default: true}", "vars: {flag: yes}}"))
    result = loaded(project)
    assert [(each.severity, each.location.file) for each in result.problems] == [
        ("warning", "deployer.yaml")
    ]
    assert not result.errors


def test_without_a_target(project: Project) -> None:
    """Placeholders stay as they are, and stand for any value."""
    project.change("flows/raw.yaml", "- name: land", "- name: land\n          priority: ${spec.p}")
    result = load(config.load(project.root), SYMBOLIC)
    assert {problem.severity for problem in result.problems} <= {"info"}
    assert len(result.subjects) == 2


def test_only_for_some_targets(project: Project) -> None:
    """`deployer.only` names the targets a workflow is deployed to; it is checked for all."""
    two = CONFIG + "  prod: {emulator: prod.db, project: 2, projectIdentifier: shop}\n"
    project.write("deployer.yaml", two)
    project.change("flows/raw.yaml", "kind:", "deployer: {only: [prod]}\nkind:")
    project.change("flows/clean.yaml", "dependsOn: [shop_dev.land]", "dependsOn: []")
    assert [subject.path for subject in loaded(project).subjects] == ["shop/clean"]
    assert [subject.path for subject in loaded(project, "prod").subjects] == [
        "shop/clean",
        "shop/raw",
    ]
    project.change("flows/raw.yaml", "nodes:", "nodse:")
    assert loaded(project).errors


# --- overrides ------------------------------------------------------------------------------------


def test_override_that_fits(project: Project) -> None:
    """What it changes is what the target gets."""
    project.write("deployer.yaml", overriding("shop/raw: {description: here}"))
    result = loaded(project)
    assert result.problems == ()
    assert [subject.workflow.get("description") for subject in result.subjects] == [None, "here"]


def test_override_that_matches_nothing(project: Project) -> None:
    """A path that no manifest has is a mistake, with the nearest one offered."""
    project.write("deployer.yaml", overriding("shop/rwa: {description: here}"))
    (problem,) = loaded(project).problems
    assert (problem.rule, problem.severity) == ("DW011", "error")
    assert str(problem.location).startswith("deployer.yaml:3:")
    assert problem.message == "no manifest has the path `shop/rwa`"
    assert problem.hint == "did you mean `shop/raw`?"


def test_override_is_not_blamed_for_broken_manifests(project: Project) -> None:
    """While a manifest cannot be read, nobody knows which paths there are."""
    project.write("deployer.yaml", overriding("shop/raw: {description: here}"))
    project.write("flows/raw.yaml", "nodes: [")
    assert {rule for rule, _ in found(loaded(project).problems)} == {"DW002"}


@pytest.mark.parametrize(
    "override", ["shop/raw: {descripton: x}", "shop/raw: {nodes: 7}", "shop/raw: {name: 7}"]
)
def test_override_that_breaks_a_manifest(project: Project, override: str) -> None:
    """The schema holds for what comes out; the place is that of the override."""
    project.write("deployer.yaml", overriding(override))
    problems = loaded(project).problems
    assert {problem.rule for problem in problems} == {"DW011"}
    assert str(problems[0].location).startswith("deployer.yaml:3:")
    assert "flows/raw.yaml" in problems[0].message


# --- how often files are read ---------------------------------------------------------------------

UNHEARD_OF = """\
        - name: {name}
          script: {{runtime: {{command: {command}}}, content: echo}}
"""


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each text was handed to the YAML parser, from now on."""
    count: Counter[str] = Counter()
    events = yaml_reader._events

    def counted(text: str) -> NextEvent:
        count[text] += 1
        return events(text)

    monkeypatch.setattr(yaml_reader, "_events", counted)
    return count


def times(project: Project, parsed: Counter[str]) -> dict[str, int]:
    """How often each file of the project was parsed."""
    files = [project.root / "deployer.yaml", *sorted((project.root / "flows").glob("*.yaml"))]
    return {file.name: parsed[file.read_text(encoding="utf-8")] for file in files}


def test_sound_files_are_parsed_once(project: Project, parsed: Counter[str]) -> None:
    """Nothing is looked up where there is nothing to be said."""
    assert loaded(project).problems == ()
    assert times(project, parsed) == {"deployer.yaml": 1, "clean.yaml": 1, "raw.yaml": 1}


def test_places_of_all_findings_are_one_pass(project: Project, parsed: Counter[str]) -> None:
    """Rules of one file, rules across files and silences without use: one more pass for all of them."""
    nodes = "".join(UNHEARD_OF.format(name=f"n{each}", command=f"X{each}") for each in range(9))
    silence = "deployer:\n  silence: [{rule: DW142, reason: x}, {rule: NONE, reason: x}]\n"
    for file, text in (("flows/clean.yaml", CLEAN), ("flows/raw.yaml", RAW)):
        project.write(file, f"{text}{nodes}{silence}")
    rules = Counter(problem.rule for problem in loaded(project).problems)
    assert rules == {"DW108": 18, "DW103": 9, "DW139": 4}
    assert times(project, parsed) == {"deployer.yaml": 1, "clean.yaml": 2, "raw.yaml": 2}


def test_places_of_all_violations_are_one_pass(project: Project, parsed: Counter[str]) -> None:
    """What the schema refuses is looked up together, and so are overrides of nobody."""
    project.change("flows/raw.yaml", "nodes:", "nodse:")
    project.change("flows/raw.yaml", "trigger:", "triger:")
    assert len(loaded(project).problems) > 1
    assert times(project, parsed) == {"deployer.yaml": 1, "clean.yaml": 1, "raw.yaml": 2}


def test_places_of_all_overrides_are_one_pass(project: Project, parsed: Counter[str]) -> None:
    """Overrides of workflows that do not exist are looked up in deployer.yaml together."""
    project.write("deployer.yaml", overriding("a: {name: x}, b: {name: x}, c: {name: x}"))
    assert [rule for rule, _ in found(loaded(project).problems)] == ["DW011"] * 3
    assert times(project, parsed) == {"deployer.yaml": 2, "clean.yaml": 1, "raw.yaml": 1}


# --- nothing to read ------------------------------------------------------------------------------


def test_no_manifest_at_all(project: Project) -> None:
    """It is an error of usage, wherever it comes from."""
    for file in ("raw", "clean"):
        (project.root / f"flows/{file}.yaml").unlink()
    with pytest.raises(UsageError, match="there are no manifests to read"):
        loaded(project)
    (project.root / "deployer.yaml").unlink()
    with pytest.raises(UsageError, match="there are no manifests to read"):
        load(config.load(project.root), SYMBOLIC, [project.root / "flows"])


@pytest.mark.parametrize("broken", ["kind: A\nkind: B", "deployer: {ignore: [${spec.none}]}"])
@pytest.mark.parametrize("name", ["land.sh", '"land.sh"', "'./land.sh'"])
def test_scripts_of_a_manifest_that_cannot_be_read(
    project: Project, broken: str, name: str
) -> None:
    """Whoever commits only the script is told of the manifest."""
    project.change("flows/raw.yaml", "file: land.sh", f"file: {name}")
    project.change("flows/raw.yaml", "kind: CycleWorkflow", broken)
    assert loaded(project).sources["flows/raw.yaml"] == {"flows/land.sh"}
