"""What can be told of the set-up without the network: the project, git, file modes, the proxy."""

import re
import stat
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from deployer.checks import Check, problem
from deployer.errors import DeployerError
from deployer.load import load
from deployer.model import Settings, Target
from deployer.reading.git import HARDENED, Git, GitFailed
from deployer.reading.manifest_files import manifest_files
from deployer.scope import refuse_outside

_PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
_HOST = re.compile(r"(?:[a-z0-9+]+://)?(?:[^/]*@)?([^/@]+)/*", re.IGNORECASE)
_CREDENTIAL_FILES = (".aliyun/config.json", ".alibabacloud/credentials")
_CREDENTIAL_VARIABLES = ("ALIBABA_CLOUD_CREDENTIALS_FILE", "ALIBABA_CLOUD_OIDC_TOKEN_FILE")


def checks(settings: Settings, target: Target, environ: Mapping[str, str]) -> Iterator[Check]:
    """Everything that this machine tells of a target of a project."""
    yield Check("configuration", "ok", f"{settings.config}, target {target.name}: {target.place}")
    yield _manifests(settings, target)
    yield from _git(settings, target, environ)
    yield from _modes(settings, environ)
    yield _proxy(target, environ)


# --- the project ----------------------------------------------------------------------------------


def _manifests(settings: Settings, target: Target) -> Check:
    try:
        loaded = load(settings, target)
        refuse_outside(
            ((each.path, each.manifest.file) for each in loaded.subjects), settings.scope
        )
    except DeployerError as failure:
        return problem("scope", failure)
    if loaded.errors:
        text = "there are errors in the manifests"
        return Check("scope", "problem", text, "run `deployer validate`", 1)
    number = len(loaded.subjects)
    count = f"{number} workflow{'' if number == 1 else 's'}"
    if not settings.scope:
        return Check("scope", "ok", f"{count}; without `scope:` nothing else is looked at")
    return Check("scope", "ok", f"{count}, all in {', '.join(settings.scope)}")


# --- git ------------------------------------------------------------------------------------------


def _git(settings: Settings, target: Target, environ: Mapping[str, str]) -> Iterator[Check]:
    if not _inside_git(settings.root, environ):
        text = "no git repository around the project, or no git"
        yield Check("git", "problem", text, "run `git init`: git is where the state is kept", 1)
        return
    exposed = [name for name in _own(settings, target) if not _ignored(settings.root, name)]
    if exposed:
        text = f"not ignored: {', '.join(exposed)}"
        yield Check("git", "problem", text, "name them in `.gitignore`; `deployer init` does", 1)
    else:
        yield Check("git", "ok", "a repository, and what is not for it is ignored")


def _own(settings: Settings, target: Target) -> Iterator[str]:
    """What deployer keeps in the project and nobody commits."""
    if (settings.root / ".deployer").exists():
        yield ".deployer/"
    if target.emulator and target.emulator.is_relative_to(settings.root):
        yield target.emulator.relative_to(settings.root).as_posix()


def _inside_git(root: Path, environ: Mapping[str, str]) -> bool:
    try:
        return Git(root, environ).text("rev-parse", "--is-inside-work-tree") == "true"
    except GitFailed:
        return False


def _ignored(root: Path, name: str) -> bool:
    # The one command that knows no literal paths; these are none that could mean something else.
    calls = [part for part in HARDENED if part != "--literal-pathspecs"]
    asked = [*calls, "check-ignore", "--quiet", "--", name]
    return subprocess.run(asked, cwd=root, capture_output=True, check=False).returncode == 0


# --- file modes -----------------------------------------------------------------------------------


def _modes(settings: Settings, environ: Mapping[str, str]) -> Iterator[Check]:
    open_files = [str(file) for file in _credential_files(environ) if _mode(file) & 0o077]
    writable = [str(file) for file in _project_files(settings) if _mode(file) & stat.S_IWOTH]
    if open_files:
        text = f"others may read credentials: {', '.join(open_files)}"
        yield Check("file modes", "problem", text, "chmod 600", 6)
    if writable:
        text = f"everybody may write: {', '.join(writable)}"
        yield Check("file modes", "problem", text, "chmod o-w", 3)
    if not open_files and not writable:
        yield Check(
            "file modes", "ok", "only who should may read credentials and write the project"
        )


def _credential_files(environ: Mapping[str, str]) -> Iterator[Path]:
    home = environ.get("HOME")
    yield from (Path(home) / name for name in _CREDENTIAL_FILES if home)
    yield from (Path(environ[name]) for name in _CREDENTIAL_VARIABLES if environ.get(name))


def _project_files(settings: Settings) -> Iterator[Path]:
    yield settings.root
    if settings.config:
        yield settings.config
    yield from manifest_files(settings)


def _mode(file: Path) -> int:
    """The permissions; none where there is no such file, or none that can be looked at."""
    try:
        return stat.S_IMODE(file.stat().st_mode)
    except OSError:
        return 0


# --- the proxy ------------------------------------------------------------------------------------


def _proxy(target: Target, environ: Mapping[str, str]) -> Check:
    said = next((name for name in _PROXIES if environ.get(name)), "")
    if not said:
        return Check("proxy", "ok", "none is set")
    if not target.region:
        return Check("proxy", "ok", f"{said} is set, and not used for this target")
    host = _HOST.fullmatch(environ[said].strip())
    if not host:
        cure = "write it as in `http://proxy.example.com:3128`"
        return Check("proxy", "problem", f"{said} is no address of a proxy", cure, 64)
    # Never the whole value: a name and a password may stand in it.
    return Check("proxy", "ok", f"{said}: calls go through {host[1]}")
