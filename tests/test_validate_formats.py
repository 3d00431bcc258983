"""`deployer validate` with its flags: forms, what fails, colours, and what is loaded for each."""

import re
import subprocess
from pathlib import Path

import pytest

from deployer.render.problems import FORMATS
from tests.cli_kit import CONFIG, ESCAPE, ROOT, Project, Shell

KEY = "LTAI" + "5tExample7Example7"


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


@pytest.fixture
def broken(project: Project) -> Project:
    """The same with an error."""
    project.change("flows/raw.yaml", "nodes:", "nodse:")
    return project


@pytest.fixture
def doubtful(project: Project) -> Project:
    """The same with a warning."""
    project.write("deployer.yaml", CONFIG.replace("default: true}", "vars: {flag: yes}}"))
    return project


# --- forms ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMATS)
def test_forms_are_offered(deployer: Shell, broken: Project, form: str) -> None:
    """Each ends with the same exit code, and names the file."""
    ended = deployer("validate", "--format", form)
    assert ended.code == 1
    assert "flows/raw.yaml" in ended.out


@pytest.mark.parametrize("form", ["sarif", "junit", "gitlab"])
def test_files_for_programs_leave_a_summary_in_the_log(
    deployer: Shell, broken: Project, form: str
) -> None:
    """Standard output goes to a file; who reads the log sees how it went."""
    assert deployer("validate", "--format", form).err == "1 manifest checked: 1 error\n"


def test_text_shows_the_source(deployer: Shell, broken: Project) -> None:
    """The line, a caret below the column, the hint, the counts."""
    assert deployer("validate").out.splitlines() == [
        "flows/raw.yaml:8:7: error DW010: unknown key `nodse`",
        "    8 |       nodse:",
        "      |       ^",
        "    hint: did you mean `nodes`?",
        "1 manifest checked: 1 error",
    ]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("file", ["flows/raw.yaml", "flows/land.sh"])
def test_key_is_in_no_output(deployer: Shell, project: Project, form: str, file: str) -> None:
    """The finding says where it is, not what it is."""
    old = "name: raw" if file.endswith("yaml") else "echo one"
    project.change(file, old, f"{old} {KEY} and-its-other-half")
    ended = deployer("validate", "--format", form)
    assert ended.code == 1
    assert "DW007" in ended.out
    assert re.findall(f"{KEY}|other-half", ended.out + ended.err) == []


@pytest.mark.parametrize("form", ["sarif", "junit", "github", "gitlab"])
def test_services_get_paths_of_the_repository(
    deployer: Shell, broken: Project, form: str, tmp_path: Path
) -> None:
    """Also where the project is a folder of it."""
    (tmp_path.parent / ".git").mkdir()
    try:
        ended = deployer("validate", "--format", form)
    finally:
        (tmp_path.parent / ".git").rmdir()
    assert f"{tmp_path.name}/flows/raw.yaml" in ended.out


def test_people_get_paths_of_the_project(deployer: Shell, broken: Project, tmp_path: Path) -> None:
    """As everywhere else in the output."""
    (tmp_path / ".git").mkdir()
    deployer.patch.chdir(tmp_path / "flows")
    assert deployer("validate").out.startswith("flows/raw.yaml:8:7: ")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "name", ["::set-env name=A::b", " \u3000::add-mask::x", "##[error]x", "a\n::b"]
)
def test_name_of_a_file_commands_nobody(
    deployer: Shell, project: Project, form: str, name: str
) -> None:
    """Who opens a pull request chooses names; the runner that checks it reads the log."""
    project.change("deployer.yaml", "[flows/*.yaml]", "['*:*.yaml', '*#*.yaml']")
    project.write(f"{name}.yaml", "version: [")
    ended = deployer("validate", "--format", form)
    assert ended.code == 1
    lines = (ended.out + ended.err).split("\n")
    obeyed = [line for line in lines if line.lstrip().startswith("::") or "##[" in line]
    expected = [line for line in lines if line.startswith("::error file=")]
    assert obeyed == (expected if form == "github" else [])
    assert (len(expected) == 1) == (form == "github")


# --- what fails -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        ([], 0),
        (["--fail-on", "error"], 0),
        (["--fail-on", "warning"], 1),
        (["--fail-on", "info"], 1),
        (["--strict"], 1),
        (["--strict", "--fail-on", "error"], 1),
        (["--strict", "--fail-on", "info"], 1),
    ],
)
def test_warning_fails_where_asked_for(
    deployer: Shell, doubtful: Project, flags: list[str], code: int
) -> None:
    """The stricter of two flags counts."""
    assert deployer("validate", *flags).code == code


@pytest.mark.parametrize("severity", ["error", "warning", "info"])
def test_nothing_fails_where_nothing_is_found(
    deployer: Shell, project: Project, severity: str
) -> None:
    """However strict."""
    assert deployer("validate", "--fail-on", severity).code == 0


@pytest.mark.parametrize(
    "variable", ["DEPLOYER_FAIL_ON=warning", "DEPLOYER_STRICT=1", "DEPLOYER_FORMAT=json"]
)
def test_flags_can_be_variables(deployer: Shell, doubtful: Project, variable: str) -> None:
    """As everywhere else."""
    name, value = variable.split("=")
    deployer.patch.setenv(name, value)
    ended = deployer("validate")
    assert (ended.code, ended.out.startswith("{")) == ((0, True) if value == "json" else (1, False))


def test_unknown_severity_is_wrong_usage(deployer: Shell, project: Project) -> None:
    """It is told what there is."""
    ended = deployer("validate", "--fail-on", "never")
    assert (ended.code, "'warning'" in ended.err) == (64, True)


# --- colours --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("env", "coloured"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"CLICOLOR_FORCE": "1"}, True),
        ({"FORCE_COLOR": "0"}, False),
        ({"FORCE_COLOR": ""}, False),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": ""}, True),
    ],
)
def test_colours_in_a_log(broken: Project, env: dict[str, str], coloured: bool) -> None:
    """A log is no terminal; a variable can insist, and NO_COLOR has the last word."""
    command = broken.spawn("validate", env=env, stdout=subprocess.PIPE)
    out, _ = command.communicate()
    assert (command.returncode, bool(ESCAPE.findall(out))) == (1, coloured)


@pytest.mark.parametrize("form", [form for form in FORMATS if form != "text"])
def test_forms_for_programs_are_never_coloured(deployer: Shell, broken: Project, form: str) -> None:
    """Whatever the variables say."""
    deployer.patch.setenv("FORCE_COLOR", "1")
    assert ESCAPE.findall(deployer("validate", "--format", form).out) == []


def test_forced_colour_draws_no_bars(project: Project) -> None:
    """Colour is for logs too, what moves is for terminals only."""
    command = project.spawn(
        "apply", "--auto-approve", env={"FORCE_COLOR": "1"}, stdout=subprocess.PIPE
    )
    out, err = command.communicate()
    assert command.returncode == 0
    assert "\x1b[32m" in out
    assert "shop/raw: importing\n" in err


# --- what the page shows --------------------------------------------------------------------------

PAGE = (ROOT / "docs" / "validate.md").read_text(encoding="utf-8")
SAMPLE = re.compile(r"<!-- sample: (\w+) -->\n```\w+\n(.*?)```", re.DOTALL)


def test_page_has_a_sample_of_each_form() -> None:
    """None is left out."""
    assert [form for form, _ in SAMPLE.findall(PAGE)] == [
        "text",
        "json",
        "sarif",
        "junit",
        "github",
        "gitlab",
    ]


@pytest.mark.parametrize(("form", "sample"), SAMPLE.findall(PAGE))
def test_samples_are_real(
    deployer: Shell, doubtful: Project, broken: Project, form: str, sample: str
) -> None:
    """What docs/validate.md shows is what is printed; `…` stands for lines left out."""
    printed = deployer("validate", "--format", form).out
    pieces = [piece for piece in re.split(r"^…\n", sample, flags=re.MULTILINE) if piece]
    at = 0
    for piece in pieces:
        assert piece in printed[at:]
        at = printed.index(piece, at) + len(piece)
