"""The emulator's database: what survives a restart or a kill, who shares it, what it refuses."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from deployer.emulator import EmulatorStoreError, Switches
from deployer.emulator.store import Store, savepoint
from tests.emulator_kit import DATA, PROJECT, Clock, Service, at, flow, node

KIT = DATA.parent
PATHS = f"import sys; sys.path[:0] = [{str(KIT.parent)!r}, {str(KIT)!r}]\n"


def test_restart_keeps_everything(tmp_path: Path) -> None:
    """A closed and reopened file answers the same, finished jobs included; folders are made."""
    db = tmp_path / "new" / "folder" / "workspace.db"
    with Service(db) as service:
        job = service.start(flow(node("a")))
        service.job(job)
        before = service.document(job["Response"])
    with Service(db) as service:
        assert service.document(job["Response"]) == before
        assert service.job(job) == ("Success", "")


def test_restart_repeats_no_id(tmp_path: Path) -> None:
    """Even with a fixed seed a reopened file gives out new ids."""
    ids = []
    for name in ("one", "two"):
        with Service(tmp_path / "workspace.db") as service:
            ids.append(service.create(at(f"team/{name}")))
    assert len(set(ids)) == 2


KILLED = """
import os, signal
from tests.emulator_kit import Service, flow, node
service = Service({db!r}, job_seconds=60)
print(service.start(flow(node("a")))["Id"], flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_kill_before_a_job_is_due(tmp_path: Path) -> None:
    """A job whose process was killed is carried out by whoever opens the file later."""
    db = tmp_path / "workspace.db"
    script = PATHS + KILLED.format(db=str(db))
    killed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (killed.returncode, killed.stderr) == (-9, "")
    job = {"Id": killed.stdout.strip()}
    clock = Clock()
    with Service(db, clock=clock) as service:
        assert (service.job(job), service.names()) == (("Running", ""), [])
        clock.now += 60
        assert (service.job(job), service.names()) == (("Success", ""), ["flow"])


def test_two_connections_see_each_other(tmp_path: Path) -> None:
    """What one process wrote, the next request of another one reads."""
    db = tmp_path / "workspace.db"
    with Service(db) as first, Service(db) as second:
        job = first.start(flow(node("a")))
        assert second.job(job) == ("Success", "")
        assert first.names() == second.names() == ["flow"]


def test_two_connections_write_at_once(tmp_path: Path) -> None:
    """Simultaneous writers wait for each other, and none of their work is lost."""
    db = tmp_path / "workspace.db"
    with Service(db) as first, Service(db) as second, ThreadPoolExecutor(4) as pool:
        made = [
            pool.submit(service.create, at(f"team/{name}{number}"))
            for number in range(10)
            for name, service in (("first", first), ("second", second))
        ]
        ids = {future.result() for future in made}
        assert (len(ids), len(first.names(PageSize=100))) == (20, 20)


def test_processes_create_one_file_at_once(tmp_path: Path) -> None:
    """Several processes may find the file missing and make it together."""
    db = str(tmp_path / "workspace.db")
    script = f"{PATHS}from emulator_kit import Service\nService({db!r}).app.close()\n"
    started = [
        subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    outcomes = [(process.communicate()[1], process.returncode) for process in started]
    assert outcomes == [("", 0)] * 4


def test_projects_share_a_file_apart(tmp_path: Path) -> None:
    """Two projects in one file do not see, nor get in the way of, each other's workflows."""
    db = tmp_path / "workspace.db"
    with Service(db) as first, Service(db, project=7) as second:
        workflow_id = first.load(flow())
        assert second.names() == []
        assert second.refusal("DeleteWorkflowDefinition", Id=workflow_id, ProjectId=7)[0] == 404
        assert "belongs to another object" in second.failure(flow(id=workflow_id))
        second.load(flow())
        assert first.refusal("ListWorkflowDefinitions", ProjectId=8)[0] == 404
        assert first.call("ListWorkflowDefinitions", ProjectId=7)["PagingInfo"]["TotalCount"] == 1


def test_memory_keeps_nothing() -> None:
    """`:memory:` is a workspace of its own each time, and no file of that name."""
    with Service() as first, Service() as second:
        first.create(flow())
        assert (second.names(), Path(":memory:").exists()) == ([], False)


def test_switches_belong_to_the_file(tmp_path: Path) -> None:
    """A file remembers its switches for whoever opens it without any."""
    db = tmp_path / "workspace.db"
    with Service(db, switches=Switches(dryrun="ignored")), Service(db) as service:
        service.job(service.start(flow(), DryRun="true"))
        assert service.names() == ["flow"]


@pytest.mark.parametrize(
    "content", [b"not a database at all, just text" * 50, b"SQLite format 3\0"]
)
def test_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    """A damaged file is an error of its own kind that names it, and stays as it is."""
    db = tmp_path / "workspace.db"
    db.write_bytes(content)
    with pytest.raises(EmulatorStoreError, match=r"workspace\.db cannot be used"):
        Service(db)
    assert db.read_bytes() == content


def test_database_of_another_program_is_refused(tmp_path: Path) -> None:
    """A file with other tables is never written to."""
    db = tmp_path / "other.db"
    other = sqlite3.connect(db)
    other.execute("CREATE TABLE thing (id)")
    other.close()
    before = db.read_bytes()
    with pytest.raises(EmulatorStoreError, match="another program"):
        Service(db)
    assert db.read_bytes() == before


def test_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    """What a later version wrote may mean something this one does not know."""
    db = tmp_path / "workspace.db"
    Service(db).app.close()
    newer = sqlite3.connect(db)
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(EmulatorStoreError, match="newer version"):
        Service(db)


def test_place_that_cannot_hold_a_file_is_refused(tmp_path: Path) -> None:
    """A folder, or a path through a file, is an error of the same kind."""
    (tmp_path / "file").write_text("")
    for db in (tmp_path, tmp_path / "file" / "workspace.db"):
        with pytest.raises(EmulatorStoreError, match="cannot be used"):
            Service(db)


def test_damage_found_later_is_an_internal_error(tmp_path: Path) -> None:
    """A table that is gone while serving is a 500, not an exception in the caller."""
    db = tmp_path / "workspace.db"
    with Service(db) as service:
        other = sqlite3.connect(db)
        other.execute("DROP TABLE nonce")
        other.close()
        assert service.refusal("GetProject", Id=PROJECT) == (500, "InternalError")


def test_project_id_is_a_number() -> None:
    """A project id that the API could not carry is refused, and the file is closed again."""
    with pytest.raises(ValueError, match="invalid literal"):
        Service(project="sales")  # type: ignore[arg-type]


def test_transaction_is_all_or_nothing() -> None:
    """An exception undoes the transaction; inside it, a savepoint undoes only its own part."""
    store = Store(":memory:")

    def insert(project: int, fails: bool) -> None:
        with store.transaction() as db:
            db.execute("INSERT INTO project VALUES (?, 'kept')", (project,))
            with suppress(KeyError), savepoint(db):
                db.execute("INSERT INTO project VALUES (?, 'undone')", (project + 1,))
                raise KeyError
            assert fails is False

    insert(1, fails=False)
    with pytest.raises(AssertionError):
        insert(11, fails=True)
    with store.transaction() as db:
        assert [tuple(row) for row in db.execute("SELECT * FROM project")] == [(1, "kept")]
    store.close()
    store.close()


def test_database_of_an_older_version_is_refused(tmp_path: Path) -> None:
    """A file without today's columns is left alone."""
    db = tmp_path / "workspace.db"
    Service(db).app.close()
    older = sqlite3.connect(db)
    older.execute("PRAGMA user_version = 1")
    older.close()
    with pytest.raises(EmulatorStoreError, match="older version"):
        Service(db)


def test_database_that_is_a_link_is_refused(tmp_path: Path) -> None:
    """A link could lead to somebody else's file (S-63)."""
    (tmp_path / "link.db").symlink_to(tmp_path / "workspace.db")
    with pytest.raises(EmulatorStoreError, match="is a link"):
        Service(tmp_path / "link.db")
    assert not (tmp_path / "workspace.db").exists()


def test_names_are_plain_text() -> None:
    """SQL in a name and wildcards in a filter mean nothing (S-62)."""
    with Service() as service:
        names = ["x'; DROP TABLE node; --", "50%", "a_b", "plain"]
        for name in names:
            service.load(at(f"team/{name}"))
        assert sorted(service.names()) == sorted(names)
        found = {text: service.names(Name=text) for text in ("%", "_", "'", "n%n", "50%")}
    assert found == {"%": ["50%"], "_": ["a_b"], "'": [names[0]], "n%n": [], "50%": ["50%"]}
