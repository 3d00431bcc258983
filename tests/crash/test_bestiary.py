"""The programme itself on trial: deployers that are wrong in one thing each, and every one is caught."""

import pytest

from deployer.errors import DeployerError
from tests.crash.beasts import BESTIARY, CHECKS, Beast


def test_how_many_there_are() -> None:
    """As many beasts as were promised, each under a name of its own."""
    assert len({beast.name for beast in BESTIARY}) == len(BESTIARY) >= 20


@pytest.mark.parametrize("check", CHECKS)
def test_the_right_deployer_passes(check: str) -> None:
    """No check sees a problem where there is none, or catching would mean nothing."""
    assert CHECKS[check]() == []


@pytest.mark.parametrize("beast", BESTIARY, ids=lambda beast: beast.name)
def test_a_beast_is_caught(beast: Beast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every check of its line sees a problem."""
    beast.make(monkeypatch)
    assert [check for check in beast.caught_by if not _sees(check)] == []


def _sees(check: str) -> bool:
    """Whether a check tells a problem, or cannot even be set up with such a deployer."""
    try:
        return bool(CHECKS[check]())
    except DeployerError:
        return True
