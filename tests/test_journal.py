"""The journal: what is in doubt, read whatever became of its bytes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.journal import DEAD_AFTER, FORGOTTEN_AFTER, History, Intent, Journal, file_name, read
from tests.records_kit import JOURNAL, forged

FACTS = {"fingerprint": "f1", "before": "f0"}


class Clock:
    """A time that a test sets."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


ALWAYS = Clock()


def journal(root: Path, run: str = "r1", now: Callable[[], float] = ALWAYS) -> Journal:
    """The journal of a target, for one run."""
    return Journal(root, "local", "10001", run, now)


def told(history: History) -> list[tuple[str, str]]:
    """What is in doubt."""
    return [(each.address, each.what) for each in history.intents]


def sample(root: Path) -> bytes:
    """The journal of a run that was killed while one of its writes was in doubt."""
    one = journal(root)
    one.begin()
    one.intend("team/daily", "creation")
    one.ended("team/daily", "creation")
    one.intend("team/日报", "import", **FACTS)
    return (root / JOURNAL).read_bytes()


# --- what is in doubt -----------------------------------------------------------------------------


def test_what_was_intended_is_in_doubt_until_it_ended(tmp_path: Path) -> None:
    """An intent is known with its time and facts, until its end is."""
    one = journal(tmp_path)
    assert one.history() == History()
    one.intend("team/daily", "import", **FACTS)
    assert one.history().intents == (Intent("team/daily", "import", 1_000.0, "r1", FACTS),)
    one.ended("team/daily", "import")
    assert told(one.history()) == []


def test_a_job_is_in_doubt_until_it_is_settled(tmp_path: Path) -> None:
    """An answer that names a job tells whom to ask, not what became of it."""
    one = journal(tmp_path)
    one.intend("team/daily", "import", **FACTS)
    one.ended("team/daily", "import", job="77")
    (intent,) = one.history().intents
    assert intent.facts == {**FACTS, "job": "77"}
    one.settled("team/daily")
    assert told(one.history()) == []


def test_another_project_is_another_story(tmp_path: Path) -> None:
    """What a target meant before it was pointed elsewhere is not resumed there."""
    journal(tmp_path).intend("team/daily", "import")
    other = Journal(tmp_path, "local", "20002", "r2", Clock())
    assert told(other.history()) == []


def test_targets_have_journals_of_their_own(tmp_path: Path) -> None:
    """No name of a target leads out of the folder, and no two lead to one file."""
    names = ["../../x", "..", "a/b", "a.b", "a%2Fb", "日", "a"]
    files = [file_name(name) for name in names]
    assert len({*files}) == len(names)
    assert [each for each in files if "/" in each or "." in each] == []
    Journal(tmp_path, "../../x", "1", "r", Clock()).begin()
    assert [each.parent for each in tmp_path.rglob("*.jsonl")] == [tmp_path / ".deployer"]


# --- putting away ---------------------------------------------------------------------------------


def test_a_journal_that_is_of_no_use_is_put_away(tmp_path: Path) -> None:
    """After a run that ended clean the next one begins anew; the old one is kept once."""
    one = journal(tmp_path)
    one.begin()
    one.end()
    journal(tmp_path, "r2").begin()
    data = (tmp_path / JOURNAL).read_bytes()
    assert (b'"run":"r2"' in data, b'"run":"r1"' in data) == (True, False)
    assert (tmp_path / ".deployer/journal-local.old.jsonl").exists()


def test_what_is_in_doubt_is_not_put_away(tmp_path: Path) -> None:
    """An intent outlives any number of runs that do not settle it, for some days."""
    clock = Clock()
    one = journal(tmp_path, "r1", clock)
    one.begin()
    one.intend("team/daily", "import")
    one.end()
    for run in ("r2", "r3"):
        journal(tmp_path, run, clock).begin()
        journal(tmp_path, run, clock).end()
        assert told(one.history()) == [("team/daily", "import")]
    clock.now += FORGOTTEN_AFTER
    journal(tmp_path, "r4", clock).begin()
    assert told(one.history()) == []


def test_a_run_at_work_keeps_its_journal(tmp_path: Path) -> None:
    """A second deployer does not put away what the first one writes to, unless that is long dead."""
    clock = Clock()
    journal(tmp_path, "r1", clock).begin()
    journal(tmp_path, "r2", clock).begin()
    assert not (tmp_path / ".deployer/journal-local.old.jsonl").exists()
    clock.now += DEAD_AFTER
    journal(tmp_path, "r3", clock).begin()
    assert (tmp_path / ".deployer/journal-local.old.jsonl").exists()


def test_two_deployers_mix_no_records(tmp_path: Path) -> None:
    """Everything that several write at once is read again."""

    def write(run: str) -> None:
        one = journal(tmp_path, run)
        for number in range(40):
            one.intend(f"team/{run}/{number}", "import", note="x" * 5_000)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, ["a", "b", "c", "d"]))
    history = journal(tmp_path).history()
    assert (len(history.intents), history.damaged) == (160, 0)


# --- damage ---------------------------------------------------------------------------------------


def test_cut_at_every_byte(tmp_path: Path) -> None:
    """What is left is read; the record that was cut is named, unless it was cut between two."""
    data = sample(tmp_path)
    whole = read(data, "10001", 0.0)
    for cut in range(len(data) + 1):
        history = read(data[:cut], "10001", 0.0)
        lines = [each for each in data[:cut].split(b"\n") if each]
        is_whole = not lines or lines[-1] in data.split(b"\n")
        assert history.damaged == (0 if is_whole else len(lines)), cut
        assert set(told(history)) <= {("team/daily", "creation"), *told(whole)}, cut


def test_one_bit_flipped_anywhere(tmp_path: Path) -> None:
    """Every flip is noticed, and nothing that was never intended is made up."""
    data = sample(tmp_path)
    known = {("team/daily", "creation"), ("team/日报", "import")}
    for place in range(len(data) * 8):
        at, bit = divmod(place, 8)
        flipped = data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
        history = read(flipped, "10001", 0.0)
        assert set(told(history)) <= known, (at, bit)
        assert history.damaged, (at, bit)


@given(st.binary(max_size=300))
def test_anything_is_read(data: bytes) -> None:
    """A journal that nobody wrote is damaged, and that is all."""
    assert told(read(data, "10001", 0.0)) == []


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"at": 1, "say": "intend", "address": 5, "project": "10001"},
        {"at": True, "say": "intend", "project": "10001"},
        {"at": "1", "say": "intend", "project": "10001"},
        {"at": 1, "say": "intend", "what": ["import"], "project": "10001"},
    ],
)
def test_a_record_that_is_none_is_damage(said: dict[str, object]) -> None:
    """A checksum does not make a record of what is no record."""
    assert read(forged(**said), "10001", 0.0).damaged == 1


def test_a_line_that_a_full_disk_cut_off_takes_no_other_with_it(tmp_path: Path) -> None:
    """What is written after half a record is read."""
    data = sample(tmp_path)
    (tmp_path / JOURNAL).write_bytes(data[:-20])
    journal(tmp_path).intend("team/other", "import")
    assert told(journal(tmp_path).history()) == [("team/other", "import")]
