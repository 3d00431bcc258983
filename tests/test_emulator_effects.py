"""The effect log: who changed what and when; one seed and one clock give the same history."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from deployer.emulator import Effect, Fault, Switches
from deployer.emulator.effects import digest
from tests.emulator_kit import PROJECT, START, A, B, Fields, Service, at, flow, node, waits

MS = int(START * 1000)


def told(effects: list[Effect]) -> list[tuple[str, str, str]]:
    return [(effect.kind, effect.object, effect.id) for effect in effects]


def test_import_is_logged_when_it_is_done() -> None:
    """A job's changes carry the time of the job and the request that asked for it."""
    with Service(job_seconds=5) as service:
        answer = service.call(
            "ImportWorkflowDefinition",
            ProjectId=PROJECT,
            Spec=json.dumps(flow(node("a", id=B), id=A)),
        )
        assert service.control.effects() == []
        service.clock.now += 60
        service.job(answer["AsyncJob"])
        first, second = service.control.effects()
    assert told([first, second]) == [("create", "workflow", A), ("create", "node", B)]
    assert (first.time, first.caller) == (MS + 5000, "emulator")
    assert (first.request_id, first.action) == (answer["RequestId"], "ImportWorkflowDefinition")
    assert (first.container, second.container) == ("", A)
    assert (first.before, len(first.after), first.sequence) == ("", 16, 1)


def changes(change: Callable[[Service], object]) -> list[tuple[str, str, str]]:
    with Service() as service:
        service.load(flow(node("a", id=B), node("b"), id=A))
        before = len(service.control.effects())
        change(service)
        return told(service.control.effects(before))


def test_only_what_changed_is_logged() -> None:
    """Of an update the nodes that differ are logged, and the workflow always."""

    def same(service: Service) -> None:
        service.load(service.document(A))

    def script(service: Service) -> None:
        document = service.document(A)
        by_id = {item["id"]: item for item in document["spec"]["workflows"][0]["nodes"]}
        by_id[B]["script"]["content"] = "echo other"
        service.load(document)

    def upstream(service: Service) -> None:
        document = service.document(A)
        document["spec"]["workflows"][0]["dependencies"] = [waits(B, "elsewhere.out")]
        service.load(document)

    assert changes(same) == [("update", "workflow", A)]
    assert changes(script) == [("update", "workflow", A), ("update", "node", B)]
    assert changes(upstream) == [("update", "workflow", A), ("update", "node", B)]


def test_write_without_a_change_shows_equal_digests() -> None:
    """Sending back what was read leaves a line whose digests are equal."""
    with Service() as service:
        service.load(flow(id=A))
        service.load(service.document(A))
        create, update = service.control.effects()
    assert create.after == update.before == update.after


@pytest.mark.parametrize(
    ("action", "params", "kinds"),
    [
        ("RenameWorkflowDefinition", {"Name": "x"}, [("move", "workflow", A)]),
        ("MoveWorkflowDefinition", {"Path": "x/y"}, [("move", "workflow", A)]),
        ("UpdateWorkflowDefinition", {"Spec": json.dumps(flow())}, [("update", "workflow", A)]),
    ],
)
def test_changes_of_a_workflow(
    action: str, params: dict[str, str], kinds: list[tuple[str, str, str]]
) -> None:
    """Move, Rename and Update leave one line; nodes that go along have not moved themselves."""
    assert changes(lambda s: s.call(action, Id=A, ProjectId=PROJECT, **params)) == kinds


def test_deletion_is_logged_with_its_nodes() -> None:
    """A deleted workflow leaves a line for itself and for every node that went with it."""
    found = changes(lambda s: s.call("DeleteWorkflowDefinition", Id=A, ProjectId=PROJECT))
    assert [(kind, what) for kind, what, _ in found] == [
        ("delete", "workflow"),
        ("delete", "node"),
        ("delete", "node"),
    ]


def test_what_was_refused_or_undone_is_not_logged() -> None:
    """Refused calls, failed jobs and dry runs leave no line."""

    def nothing(service: Service) -> None:
        service.refusal("DeleteWorkflowDefinition", Id="1", ProjectId=PROJECT)
        service.failure(flow(node("a"), node("a")))
        service.job(service.start(flow(id=A, description="dry"), DryRun="true"))
        service.control.add_fault(Fault("status", action="DeleteWorkflowDefinition"))
        service.refusal("DeleteWorkflowDefinition", Id=A, ProjectId=PROJECT)

    assert changes(nothing) == []


def test_lost_answer_is_logged() -> None:
    """A call whose answer was lost after its effect is in the log."""

    def lost(service: Service) -> None:
        service.control.add_fault(Fault("status", moment="after"))
        service.refusal("RenameWorkflowDefinition", Id=A, ProjectId=PROJECT, Name="x")

    assert changes(lost) == [("move", "workflow", A)]


@pytest.mark.parametrize("statement", ["UPDATE effect SET caller = ''", "DELETE FROM effect"])
def test_log_is_never_rewritten(tmp_path: Path, statement: str) -> None:
    """The database itself refuses to change a line or to take one away."""
    db = tmp_path / "work.db"
    with Service(db) as service:
        service.load(flow())
        before = service.control.effects()
        other = sqlite3.connect(db)
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            other.execute(statement)
        other.close()
        assert service.control.effects() == before


def test_digest_knows_no_order_of_keys() -> None:
    """Equal JSON has an equal digest; nothing has none."""
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})
    assert digest(None) == ""


# --- determinism ----------------------------------------------------------------------------------


def history(seed: str, db: str | Path = ":memory:") -> tuple[list[Fields], list[Effect]]:
    """The same calls, among them failures, faults and time that passes."""
    switches = Switches(client_ids="replace_all")
    with Service(db, seed=seed, job_seconds=3, switches=switches, control=True) as service:
        service.control.add_fault(Fault("status", chance=0.2, seed=7))
        service.control.add_fault(Fault("late", every=5, ms=700))
        answers: list[Fields] = []

        def say(action: str, **params: str | int) -> Fields:
            answer: Fields = service.raw(action, **params).json()
            answers.append(answer)
            return answer

        for number in range(12):
            path = f"team/flow{number % 4}"
            document = at(path, node(f"a{number}"), node(f"b{number}"))
            created = say("CreateWorkflowDefinition", ProjectId=PROJECT, Spec=json.dumps(document))
            filled = at(path, node(f"a{number}"), node(f"b{number}"), id=created.get("Id", "x"))
            say("ImportWorkflowDefinition", ProjectId=PROJECT, Spec=json.dumps(filled))
            service.clock.now += 2
            if "Id" in created:
                say("GetWorkflowDefinition", Id=created["Id"], IncludeScriptContent="true")
            if number % 5 == 4:
                say("DeleteWorkflowDefinition", Id=created.get("Id", "1"), ProjectId=PROJECT)
            say("ListWorkflowDefinitions", ProjectId=PROJECT)
            say("ListNodes", ProjectId=PROJECT)
        service.control.clear_faults()
        say("ListWorkflowDefinitions", ProjectId=PROJECT)
        return answers, service.control.effects()


def test_one_seed_replays_the_same_history(tmp_path: Path) -> None:
    """The same calls give identical answers, ids, times and log, in memory and in a file."""
    first, log = history("one")
    assert len(log) > 10
    assert history("one") == (first, log)
    assert history("one", tmp_path / "work.db") == (first, log)


def test_another_seed_makes_other_ids() -> None:
    """Ids and request ids come from the seed; what happens is the same."""
    (_, one), (_, two) = history("one"), history("two")
    assert [(effect.time, effect.kind) for effect in one] == [
        (effect.time, effect.kind) for effect in two
    ]
    assert not {effect.id for effect in one} & {effect.id for effect in two}
