"""The emulator as a process: bad connections, a process that is killed, flags of the command."""

import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.emulator_kit import PROJECT, A, Fields, flow, node
from tests.served_kit import Served, command

NODES = [node(f"n{number}") for number in range(20)]
DOCUMENT = flow(*NODES, id=A)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One emulator with its control plane, for tests that clear what they planned."""
    with Served(tmp_path_factory.mktemp("served"), "--control") as found:
        yield found


# --- bad connections ------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["before", "after"])
def test_connection_is_reset(served: Served, moment: str) -> None:
    """On a socket a reset is `Connection reset by peer`, whatever the call has done."""
    served.control("faults", {"kind": "reset", "nth": 1, "moment": moment})
    with pytest.raises(httpx.ReadError, match="reset"):
        served.raw("GetProject", Id=PROJECT)
    served.control("faults/clear", {})
    assert served.raw("GetProject", Id=PROJECT).status_code == 200


def test_body_is_cut(served: Served) -> None:
    """On a socket a truncated answer ends before the length that it promised."""
    served.control("faults", {"kind": "truncated", "nth": 1, "moment": "after"})
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        served.raw("GetProject", Id=PROJECT)
    served.control("faults/clear", {})
    assert served.raw("GetProject", Id=PROJECT).status_code == 200


def test_no_answer_comes(served: Served) -> None:
    """A silent connection is for the client to give up; others are answered meanwhile."""
    served.control("faults", {"kind": "hang", "action": "GetProject", "nth": 1})
    served.client.timeout = httpx.Timeout(5, read=0.2)
    with pytest.raises(httpx.ReadTimeout):
        served.raw("GetProject", Id=PROJECT)
    served.client.timeout = httpx.Timeout(5)
    served.control("faults/clear", {})
    assert served.raw("GetProject", Id=PROJECT).status_code == 200


def test_control_plane_answers_to_its_own_host_only(served: Served) -> None:
    """A name that resolves to this machine does not open the control plane (S-61)."""
    found = [
        served.client.get("/_control/effects", headers={"host": host}).status_code
        for host in ("example.com", "localhost.example.com:80", "127.0.0.1")
    ]
    assert found == [403, 403, 200]


# --- a process that is killed ---------------------------------------------------------------------


def state_of(db: Path) -> tuple[int, int, int, str]:
    """Nodes and lines of the log, broken references, and what SQLite says of the file."""
    with closing(sqlite3.connect(db)) as file:
        return (
            file.execute("SELECT count(*) FROM node").fetchone()[0],
            file.execute("SELECT count(*) FROM effect").fetchone()[0],
            len(file.execute("PRAGMA foreign_key_check").fetchall()),
            file.execute("PRAGMA integrity_check").fetchone()[0],
        )


def status(served: Served, job: Fields) -> str:
    found: Fields = served.call("GetJobStatus", JobId=job["Id"])["JobStatus"]
    return str(found["Status"])


@pytest.mark.parametrize("statement", [1, 12, 40, 100, 150])
def test_killed_while_an_import_is_applied(tmp_path: Path, statement: int) -> None:
    """Killed in the middle of a transaction: nothing of it is there, and a restart carries it out.

    The job stands as running until then, and says of itself what is true.
    """
    with Served(tmp_path, "--control", "--set", "job_seconds=0") as served:
        served.control(
            "faults",
            {"kind": "die", "action": "GetJobStatus", "moment": "within", "statement": statement},
        )
        job = served.start(DOCUMENT)
        with pytest.raises(httpx.TransportError):
            status(served, job)
        assert served.ended() == -signal.SIGKILL
    assert state_of(tmp_path / "work.db") == (0, 0, 0, "ok")
    with Served(tmp_path, "--control") as served:
        # It has struck, so it is not met again although that transaction was lost.
        assert [entry["struck"] for entry in served.control("faults")["faults"]] == [1]
        served.control("faults/clear", {})
        assert status(served, job) == "Success"
        answer = served.call("ListNodes", ProjectId=PROJECT, ContainerId=A)
        assert answer["PagingInfo"]["TotalCount"] == "20"
        assert len(served.control("effects")["effects"]) == 21


@pytest.mark.parametrize(("moment", "stored"), [("before", False), ("after", True)])
def test_killed_around_an_import_call(tmp_path: Path, moment: str, stored: bool) -> None:
    """A call that got no answer has left its whole job, or none."""
    with Served(tmp_path, "--control") as served:
        served.control(
            "faults",
            {"kind": "die", "action": "ImportWorkflowDefinition", "nth": 1, "moment": moment},
        )
        with pytest.raises(httpx.TransportError):
            served.start(DOCUMENT)
        served.ended()
    with Served(tmp_path, "--control") as served:
        served.control("clock", {"advance": 60})
        response = served.raw("GetWorkflowDefinition", Id=A)
        assert (response.status_code == 200) == stored
        assert len(served.control("effects")["effects"]) == (21 if stored else 0)


def test_killed_while_a_job_is_pending(tmp_path: Path) -> None:
    """A job that is not due survives `kill -9`, is carried out when it is, and tells both."""
    with Served(tmp_path, "--control", "--set", "job_seconds=3600") as served:
        job = served.start(DOCUMENT)
        assert status(served, job) == "Running"
        served.kill()
    assert state_of(tmp_path / "work.db") == (0, 0, 0, "ok")
    with Served(tmp_path, "--control") as served:
        assert status(served, job) == "Running"
        served.control("clock", {"advance": 3600})
        assert status(served, job) == "Success"
        served.kill()
    with Served(tmp_path, "--control") as served:
        # Time that was moved is a fact of the file, too.
        assert status(served, job) == "Success"
    assert state_of(tmp_path / "work.db") == (20, 21, 0, "ok")


# --- flags ----------------------------------------------------------------------------------------


def test_flags_are_switches_that_the_file_remembers(tmp_path: Path) -> None:
    """`--set` and `--latency` change what they name, for later processes as well."""
    flags = ("--set", "import_missing_nodes=delete", "--set", "stage_seconds=1.5")
    with Served(tmp_path, *flags, "--latency", "3") as served:
        assert served.client.get("/_control/switches").status_code == 404
        assert served.stop() == ("", "", 0)
    with Served(tmp_path, "--control", "--set", "qps=50") as served:
        found = served.control("switches")
    names = ("import_missing_nodes", "stage_seconds", "latency_ms", "qps", "job_seconds")
    assert [found[name] for name in names] == ["delete", "1.5", "3", "50", "auto"]


def test_database_in_memory(tmp_path: Path) -> None:
    """`--db :memory:` works and leaves nothing behind."""
    with Served(tmp_path, db=":memory:") as served:
        assert served.raw("GetProject", Id=PROJECT).status_code == 200
        assert served.stop() == ("", "", 0)
    assert [path.name for path in tmp_path.iterdir()] == ["ready"]


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("unheard_of=1", "import_missing_nodes"),
        ("name_conflict=maybe", "fail, duplicate, update_by_path"),
        ("job_seconds=soon", "auto or a number"),
        ("name_conflict", "--set import_missing_nodes=delete"),
    ],
)
def test_unknown_switch_is_wrong_usage(tmp_path: Path, flag: str, said: str) -> None:
    """A wrong switch ends with 64, lists what there is, and makes no file."""
    db = tmp_path / "work.db"
    process = command("emulator", "serve", "--db", db, "--project", "1", "--set", flag)
    output, errors = process.communicate(timeout=20)
    assert (process.returncode, output, said in errors) == (64, "", True), errors
    assert not db.exists()
