"""`deployer init`: what it writes works at once, and nothing that is there is lost."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from deployer import starter
from deployer.starter import Answers
from tests.cli_kit import ROOT, Ended, Project, Shell

WRITTEN = [
    "deployer.yaml",
    "workflows/first_workflow.yaml",
    "workflows/scripts/prepare.sh",
    ".pre-commit-config.yaml",
    ".github/workflows/deployer.yml",
    ".github/workflows/deployer-drift.yml",
    ".gitignore",
]


class Empty(Project):
    """A folder in which nothing is yet."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def files(self) -> dict[str, bytes]:
        """The bytes of every file, by its path."""
        return {
            file.relative_to(self.root).as_posix(): file.read_bytes()
            for file in self.root.rglob("*")
            if file.is_file()
        }


@pytest.fixture
def folder(tmp_path: Path) -> Empty:
    """An empty folder."""
    return Empty(tmp_path)


@pytest.fixture
def deployer(
    folder: Empty, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """Runs `deployer` in the folder, in this process."""
    return Shell(folder, monkeypatch, capsys)


def refused(ended: Ended, *texts: str) -> None:
    """It ended as wrong usage, and said these things."""
    assert ended.code == 64, ended
    assert [text for text in (*texts, "nothing was written") if text not in ended.err] == []


# --- what is written works ------------------------------------------------------------------------


def test_from_an_empty_folder_to_no_changes(deployer: Shell) -> None:
    """What init writes is valid without a warning, and is applied as it stands."""
    assert deployer("init").code == 0
    checked = deployer("validate", "--strict")
    assert (checked.code, checked.out) == (0, "1 manifest checked: no problems\n")
    assert deployer("plan", "--detailed-exitcode").code == 2
    assert deployer("apply", "--auto-approve").code == 0
    assert deployer("plan", "--detailed-exitcode").code == 0


def test_files_are_told(deployer: Shell, folder: Empty) -> None:
    """Standard output names the files, one a line, and they are all there is."""
    told = deployer("init").out
    assert told.splitlines() == [f"+ {name}" for name in WRITTEN]
    assert sorted(folder.files()) == sorted(WRITTEN)


def test_a_real_workspace_becomes_a_second_target(deployer: Shell) -> None:
    """With a region the target `prod` is written; `local` stays the default."""
    flags = ("--region", "cn-shanghai", "--project", "12345", "--project-identifier", "sales")
    assert deployer("init", *flags).code == 0
    config = yaml.safe_load(Path("deployer.yaml").read_text(encoding="utf-8"))
    assert config["targets"]["prod"] == {
        "region": "cn-shanghai",
        "project": 12345,
        "projectIdentifier": "sales",
    }
    assert config["targets"]["local"]["default"] is True
    assert deployer("validate", "--strict").code == 0


def test_folder_is_owned_and_used(deployer: Shell) -> None:
    """The folder, Chinese or not, is in `scope` and in the path of the first workflow."""
    assert deployer("init", "--folder", "销售/daily").code == 0
    assert "+ create 销售/daily/first_workflow" in deployer("plan").out


def test_other_forge(deployer: Shell, folder: Empty) -> None:
    """`--ci gitlab` writes its one file and none of GitHub's; `none` writes neither."""
    deployer("init", "--ci", "gitlab", "--no-hook")
    assert sorted(folder.files()) == [
        ".gitignore",
        ".gitlab-ci.yml",
        "deployer.yaml",
        "workflows/first_workflow.yaml",
        "workflows/scripts/prepare.sh",
    ]


@pytest.mark.parametrize("kind", starter.CI)
def test_every_text_is_whole(kind: str) -> None:
    """No mark of a template is left, and every YAML file is YAML."""
    for name, text in starter.new_files(
        Answers(ci=kind, region="cn-shanghai", project="1")
    ).items():
        assert "@@" not in text, name
        assert not name.endswith((".yaml", ".yml")) or yaml.safe_load(text), name


def test_commented_target_is_one(deployer: Shell) -> None:
    """Whoever removes the signs of the commented target has a second target."""
    deployer("init")
    file = Path("deployer.yaml")
    head, sign, tail = file.read_text(encoding="utf-8").partition("  # prod:")
    file.write_text(head + (sign + tail).replace("  # ", "  "), encoding="utf-8")
    assert deployer("validate", "--strict", "-t", "prod").code == 0


def test_hook_is_one_of_pre_commit(deployer: Shell) -> None:
    """pre-commit itself accepts the file."""
    deployer("init")
    words = [sys.executable, "-m", "pre_commit", "validate-config", ".pre-commit-config.yaml"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


# --- what is there stays --------------------------------------------------------------------------


def test_second_time_nothing_changes(deployer: Shell, folder: Empty) -> None:
    """Equal files are no obstacle and are not written again."""
    deployer("init")
    before = folder.files()
    again = deployer("init")
    assert (again.code, again.out, folder.files()) == (0, "No changes\n", before)


def test_missing_file_is_written_again(deployer: Shell, folder: Empty) -> None:
    """A file that was deleted comes back; the others stay."""
    deployer("init")
    (folder.root / "workflows/scripts/prepare.sh").unlink()
    assert deployer("init").out == "+ workflows/scripts/prepare.sh\n"


@pytest.mark.parametrize("name", [each for each in WRITTEN if each != ".gitignore"])
def test_file_that_says_something_else_is_left(deployer: Shell, folder: Empty, name: str) -> None:
    """One such file, and nothing is written; it is named."""
    folder.write(name, "mine\n")
    refused(deployer("init"), name, "--no-hook")
    assert folder.files() == {name: b"mine\n"}


def test_link_is_not_written_through(deployer: Shell, folder: Empty, tmp_path: Path) -> None:
    """A folder that is a link leads nowhere."""
    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    elsewhere.mkdir()
    (folder.root / "workflows").symlink_to(elsewhere)
    refused(deployer("init"), "link")
    assert list(elsewhere.iterdir()) == []
    assert folder.files() == {}


def test_gitignore_is_added_to(deployer: Shell, folder: Empty) -> None:
    """What `.gitignore` held stays as it was, byte for byte; only missing lines follow."""
    (folder.root / ".gitignore").write_bytes(b"*.pyc\n.deployer/\n\xff")
    deployer("init")
    after = folder.files()[".gitignore"]
    assert after.startswith(b"*.pyc\n.deployer/\n\xff\n")
    lines = after.splitlines()
    assert (lines.count(b".deployer/"), lines.count(b"local.db")) == (1, 1)
    assert deployer("init").out == "No changes\n"


def test_not_inside_another_project(deployer: Shell, folder: Empty) -> None:
    """The commands would find two projects: the one around it is named."""
    folder.write("deployer.yaml", "targets: {}\n")
    inner = folder.root / "inner"
    inner.mkdir()
    deployer.patch.chdir(inner)
    refused(deployer("init"), "inside another project", "deployer.yaml")
    assert list(inner.iterdir()) == []


# --- flags and questions --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--region", "cn-nowhere", "--project", "1"], "unknown region `cn-nowhere`"),
        (["--region", "cn-shanghai"], "the project id is missing"),
        (["--region", "cn-shanghai", "--project", "1e3"], "not a number: 1e3"),
        (["--project", "12345"], "no region"),
        (["--folder", "../up"], "not a folder of a workspace: ../up"),
        (["--folder", "/"], "not a folder of a workspace: /"),
        (["--project-identifier", "a b"], "not a name of a workspace: a b"),
    ],
)
def test_wrong_flag(deployer: Shell, folder: Empty, flags: list[str], said: str) -> None:
    """A flag that cannot be meant is refused before anything is written."""
    ended = deployer("init", *flags)
    assert (ended.code, said in ended.err, folder.files()) == (64, True, {}), ended


def test_questions_on_a_terminal(folder: Empty) -> None:
    """What no flag says is asked for; a wrong answer is asked for again."""
    answers = "cn-shanghai\nabc\n12345\nsales\nsales/daily\ngitlab\nn\n"
    ended = folder.on_terminal("init", answer=answers)
    assert ended.code == 0, ended.out
    assert "not a number: abc" in ended.out
    config = yaml.safe_load((folder.root / "deployer.yaml").read_text(encoding="utf-8"))
    assert config["scope"] == ["sales/daily"]
    assert config["targets"]["prod"]["project"] == 12345
    names = set(folder.files())
    assert (".gitlab-ci.yml" in names, ".pre-commit-config.yaml" in names) == (True, False)


def test_nothing_is_asked_with_yes(folder: Empty) -> None:
    """`--yes` takes the defaults on a terminal too."""
    ended = folder.on_terminal("init", "--yes")
    assert (ended.code, "+ deployer.yaml" in ended.out) == (0, True)


def test_ci_files_are_those_of_the_examples() -> None:
    """What is shown as an example is what is written, to the byte."""
    for names in starter.CI.values():
        for name in names:
            example, template = ROOT / "examples" / name, ROOT / "deployer" / "templates" / name
            assert not example.exists() or example.read_bytes() == template.read_bytes(), name
