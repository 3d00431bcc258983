"""What all tests share: the corpus, a home folder of their own, how long hypothesis searches."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.pairs import rows

ROOT = Path(__file__).resolve().parent.parent

pytest.register_assert_rewrite("tests.workflow_kit")

# Examples that are the same in every run: a failure of `make test` is never a matter of luck.
settings.register_profile(
    "default",
    max_examples=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "soak",
    max_examples=1000,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def _sample() -> str:
    """The default row and others that change from day to day."""
    count, sample = len(rows()) - 1, 6
    first = time.gmtime().tm_yday * sample
    return ",".join(map(str, [0, *sorted((first + n) % count + 1 for n in range(sample))]))


# Said once and passed on: the workers of a run must not choose for themselves.
os.environ.setdefault("ROWS", _sample())


def pytest_report_header() -> str:
    """Which rows of switches the flows run under: `ROWS=…` repeats them."""
    return f"switches: {len(rows())} rows cover all pairs, the flows run under ROWS={os.environ['ROWS']}"


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update`: what is printed now is what is expected from now on."""
    parser.addoption("--update", action="store_true", help="rewrite the files in tests/goldens")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compares a text with the file of that name in tests/goldens."""

    def check(name: str, text: str) -> None:
        file = ROOT / "tests" / "goldens" / name
        if request.config.getoption("--update"):
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert text == file.read_text(encoding="utf-8")

    return check


@pytest.fixture(scope="session", autouse=True)
def _away_from_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test sees the settings or the credentials of whoever runs it, or writes for the CI that does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        for name in os.environ:
            if name.startswith(("ALIBABA_", "DEPLOYER_", "GITHUB_", "CI_")):
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of FlowSpec documents that nobody here wrote (see CONTRIBUTING.md)."""
    said = os.environ.get("CORPUS", "")
    folder = Path(said) if said else ROOT.parent / "shared" / "corpus"
    if said != "none" and (folder / "manifest.json").is_file():
        return folder
    missing = "there is no corpus: CORPUS names the folder with its manifest.json"
    if os.environ.get("CI") == "true" and said != "none":
        pytest.fail(f"{missing}; CORPUS=none says that it is meant")
    pytest.skip(missing)
