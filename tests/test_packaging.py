"""What users install: the wheel has everything it needs, and so does a checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from deployer import __version__

ROOT = Path(__file__).resolve().parent.parent
QUICKSTART = ROOT / "examples" / "quickstart"
INFO = f"deployer-{__version__}.dist-info"
SCHEMAS = ("config", "manifest", "plan", "run", "saved-plan")
SHIPPED = {*(f"{name}.schema.json" for name in SCHEMAS), "node-types.json"}


def run(*arguments: str | Path, cwd: Path, path: Path) -> subprocess.CompletedProcess[str]:
    """A Python process that sees `path` before whatever is installed."""
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    built = run(
        "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT, cwd=out, path=out
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = out.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the wheel's content as pip lays it out, and nothing else."""
    target = tmp_path_factory.mktemp("installed")
    pip = ("-m", "pip", "--disable-pip-version-check", "install", "--no-index", "--no-deps")
    result = run(*pip, "--target", target, wheel, cwd=target, path=target)
    assert result.returncode == 0, result.stdout + result.stderr
    return target


def test_wheel_holds_the_schemas_and_nothing_but_the_package(wheel: Path) -> None:
    """The schemas travel inside the package; tests, examples and documents stay at home."""
    names = zipfile.ZipFile(wheel).namelist()
    shipped = {name for name in names if name.startswith("deployer/schemas/")}
    assert shipped == {f"deployer/schemas/{name}" for name in SHIPPED}
    assert {name.split("/")[0] for name in names} == {"deployer", INFO}


def test_wheel_names_its_licence(wheel: Path) -> None:
    """The licence text is part of what is installed, and the metadata says which one it is."""
    archive = zipfile.ZipFile(wheel)
    metadata = archive.read(f"{INFO}/METADATA").decode()
    assert "License-Expression: Apache-2.0" in metadata.splitlines()
    licence = archive.read(f"{INFO}/licenses/LICENSE").decode()
    assert licence == (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_installed_schemas_are_the_ones_of_the_checkout(installed: Path) -> None:
    """An installed package answers from its own schemas, equal to those in git."""
    for file in SHIPPED:
        inside = (installed / "deployer" / "schemas" / file).read_text(encoding="utf-8")
        assert inside == (ROOT / "schemas" / file).read_text(encoding="utf-8")


def test_installed_package_is_the_one_that_is_tested(installed: Path, tmp_path: Path) -> None:
    """A process that sees the folder imports the program from there, not from the checkout."""
    where = run("-c", "import deployer; print(deployer.__file__)", cwd=tmp_path, path=installed)
    assert Path(where.stdout.strip()) == installed / "deployer" / "__init__.py"


@pytest.mark.parametrize("command", [["--help"], ["validate"], ["plan"]])
def test_installed_command_works(installed: Path, tmp_path: Path, command: list[str]) -> None:
    """The installed console script reads, checks and plans the quickstart on its emulator."""
    copy_quickstart(tmp_path)
    done = run(installed / "bin" / "deployer", *command, cwd=tmp_path, path=installed)
    assert (done.returncode, done.stderr if done.returncode else "") == (0, "")


def test_installed_command_begins_a_project(installed: Path, tmp_path: Path) -> None:
    """The texts of `init` travel inside the package too, and what they make is valid."""
    for command in ("init", "validate"):
        done = run(installed / "bin" / "deployer", command, cwd=tmp_path, path=installed)
        assert (done.returncode, done.stderr if done.returncode else "") == (0, "")


@pytest.mark.parametrize("command", [["--help"], ["validate"], ["plan"]])
def test_checkout_works_uninstalled(tmp_path: Path, command: list[str]) -> None:
    """Straight from a checkout, which is what an editable install is, the same commands work."""
    copy_quickstart(tmp_path)
    call = "import sys; from deployer.__main__ import main; sys.exit(main())"
    done = run("-c", call, *command, cwd=tmp_path, path=ROOT)
    assert (done.returncode, done.stderr if done.returncode else "") == (0, "")


def copy_quickstart(to: Path) -> None:
    """The quickstart as git has it, without a database that a demo has left behind."""
    for file in QUICKSTART.rglob("*"):
        if file.is_file() and ".db" not in file.name:
            copy = to / file.relative_to(QUICKSTART)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
