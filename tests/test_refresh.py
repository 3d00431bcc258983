"""What a plan takes from the cache is what it would have read: whatever moves in between, or breaks."""

import json
import os
import sqlite3
import stat
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deployer import pipeline
from deployer import refresh as module
from deployer.apply import exit_code
from deployer.cache import FOLDER, Cache
from deployer.cli.connect import EMULATOR_KEY
from deployer.emulator import Switches
from deployer.model import Plan, Target
from deployer.refresh import LONGEST, SETTLED, Recollection
from deployer.transport.credentials import Credentials
from tests.cli_kit import CLEAN, Project, Shell
from tests.faults import Bench, refused, story, workflow
from tests.flow_documents import changed, shell, with_node
from tests.flows import RICH
from tests.publish_kit import loaded
from tests.strategies import IDENTIFIER, Document

LISTS = 2
"""Pages of the lists of workflows: one for each kind."""

DAILY = with_node(workflow("daily", "load", "report"), "report", dependsOn=["load"])
HOURLY = workflow("hourly", "fetch", "sum")
BOTH = (DAILY, HOURLY)
FIXED = replace(Credentials(*EMULATOR_KEY), provider="test")
LATER = SETTLED + 60.0


class Memory:
    """Plans that remember, below a folder of their own."""

    def __init__(self, one: Bench, root: Path, seal: Credentials = FIXED) -> None:
        self.bench, self.cache = one, Cache(root, seal.seal)

    async def plan(self, *documents: Document, where: Target | None = None) -> tuple[Plan, int]:
        """The plan, and the calls that it took."""
        one, before = self.bench, len(self.bench.line.calls)
        recall = Recollection(self.cache, where or one.target, one.connection.remote.client.now)
        held = loaded(one, *documents)
        made = await pipeline.plan(held, one.target, one.connection.remote, recall=recall)
        return made, len(one.line.calls) - before

    async def warm(self, *documents: Document) -> None:
        """What is wanted is there, has rested, and was read."""
        await self.bench.bring(*documents)
        self.bench.clock.advance(LATER)
        await self.plan(*documents)


def remembering(
    tmp_path: Path, tell: Callable[[Memory], Awaitable[None]], switches: Switches | None = None
) -> None:
    """A story on a bench with a cache."""
    story(lambda one: tell(Memory(one, tmp_path)), switches=switches)


def entries(root: Path) -> list[Path]:
    """The files of the cache."""
    return sorted(root.joinpath(*FOLDER).glob("*"))


# --- how many calls --------------------------------------------------------------------------------


def test_warm_plan_reads_lists_only(tmp_path: Path) -> None:
    """Cold: the lists and each workflow; warm: the lists and the list of nodes."""

    async def tell(memory: Memory) -> None:
        many = [workflow(f"flow{n}", f"a{n}", f"b{n}") for n in range(5)]
        await memory.bench.bring(*many)
        memory.bench.clock.advance(LATER)
        cold, first = await memory.plan(*many)
        warm, second = await memory.plan(*many)
        assert (first, second) == (LISTS + len(many), LISTS + 1)
        assert replace(warm, api_calls=0) == replace(cold, api_calls=0)
        assert memory.bench.line.count("ListNodes") == 1

    remembering(tmp_path, tell)


def test_changed_manifests_cost_no_call(tmp_path: Path) -> None:
    """What is kept is the live document, so that a change of the manifest is planned from it."""

    async def tell(memory: Memory) -> None:
        await memory.warm(*BOTH)
        made, calls = await memory.plan(with_node(DAILY, "load", priority=7), HOURLY)
        assert calls == LISTS + 1
        assert [each.action for each in made.changes] == ["update", "unchanged"]

    remembering(tmp_path, tell)


def test_only_what_moved_is_read(tmp_path: Path) -> None:
    """One of three workflows was edited: one is read."""

    async def tell(memory: Memory) -> None:
        three = (*BOTH, workflow("weekly", "tidy"))
        await memory.warm(*three)
        await node_script(memory.bench)
        assert (await memory.plan(*three))[1] == LISTS + 1 + 1
        assert (await memory.plan(*three))[1] == LISTS + 1 + 1, "it moved just before it was read"
        memory.bench.clock.advance(LATER)
        await memory.plan(*three)
        assert (await memory.plan(*three))[1] == LISTS + 1

    remembering(tmp_path, tell)


def test_list_of_nodes_is_asked_where_it_pays(tmp_path: Path) -> None:
    """With more pages of nodes than workflows to save, one page is read, and the workflows."""

    async def tell(memory: Memory) -> None:
        crowd = [workflow(f"w{n}", *(f"n{n}_{i}" for i in range(110))) for n in range(2)]
        await memory.warm(*crowd, workflow("other", *(f"o{i}" for i in range(110))))
        assert (await memory.plan(*crowd))[1] == LISTS + 1 + 2
        assert (await memory.plan(crowd[0]))[1] == LISTS + 1, "one workflow is simply read"

    remembering(tmp_path, tell)


def test_listing_nodes_may_be_forbidden(tmp_path: Path) -> None:
    """Who may not list nodes reads each workflow."""

    async def tell(memory: Memory) -> None:
        await memory.warm(*BOTH)
        memory.bench.line.next("ListNodes", refused(403, "Forbidden.Access"))
        made, calls = await memory.plan(*BOTH)
        assert calls == LISTS + 1 + 2
        assert [each.action for each in made.changes] == ["unchanged", "unchanged"]

    remembering(tmp_path, tell)


def test_nodes_that_no_list_shows_are_read(tmp_path: Path) -> None:
    """What is inside of a loop is not listed, and so not known to be unmoved."""

    async def tell(memory: Memory) -> None:
        await memory.warm(RICH, *BOTH)
        before = memory.bench.line.count("GetWorkflowDefinition")
        await memory.plan(RICH, *BOTH)
        assert memory.bench.line.count("GetWorkflowDefinition") == before + 1

    remembering(tmp_path, tell)


# --- whatever moves --------------------------------------------------------------------------------


def act(one: Bench, action: str, **params: Any) -> None:
    """Something a person does in the console."""
    assert one.app is not None
    one.app.control.act("person", action, {"ProjectId": int(one.target.project), **params})


async def ids(one: Bench) -> dict[str, str]:
    """The ids of the daily workflow and its nodes."""
    return dict((await one.read("team/daily"))[0].ids)


async def update(one: Bench, **fields: Any) -> None:
    """A person changes fields of a node."""
    known = await ids(one)
    script = {"path": "team/daily/load", **shell("load")["script"]}
    node = {"name": "load", "script": script, **fields}
    depends = fields.pop("depends", None)
    node.pop("depends", None)
    flow = {} if depends is None else {"flow": [{"nodeId": known["load"], "depends": depends}]}
    spec = {"version": "1.1.0", "kind": "Node", "spec": {"nodes": [node], **flow}}
    act(one, "UpdateNode", Id=known["load"], Spec=json.dumps(spec))


async def node_script(one: Bench) -> None:
    """A script."""
    await update(one, script={"path": "team/daily/load", **shell("load", "echo new")["script"]})


async def node_field(one: Bench) -> None:
    """A field of a node that no list shows."""
    await update(one, recurrence="Pause")


async def node_waits(one: Bench) -> None:
    """What a node waits for, and nothing else of it."""
    await update(one, depends=[{"type": "Normal", "output": f"{IDENTIFIER}.elsewhere"}])


async def imported(one: Bench, edit: Callable[[Any], None]) -> None:
    """A person imports the workflow with something changed in it."""
    _, document = await one.read("team/daily")
    edit(document["spec"])
    await one.write(document)


async def import_script(one: Bench) -> None:
    """A script, by an import."""

    def edit(spec: Any) -> None:
        spec["workflows"][0]["nodes"][1]["script"]["content"] = "echo imported"

    await imported(one, edit)


async def import_waits(one: Bench) -> None:
    """Only an edge, by an import."""

    def edit(spec: Any) -> None:
        for holder in (spec, spec["workflows"][0]):
            for key in {"flow", "dependencies"} & set(holder):
                holder[key] = [{**edge, "depends": []} for edge in holder[key]]

    await imported(one, edit)


async def import_own_waits(one: Bench) -> None:
    """Only what the workflow itself waits for, by an import."""
    identity = (await ids(one))["."]
    depends = [{"type": "Normal", "output": f"{IDENTIFIER}.elsewhere"}]

    def edit(spec: Any) -> None:
        spec["flow"] = [{"nodeId": identity, "depends": depends}]

    await imported(one, edit)


async def import_cron(one: Bench) -> None:
    """Only the schedule, by an import."""

    def edit(spec: Any) -> None:
        spec["workflows"][0]["trigger"]["cron"] = "00 30 05 * * ?"

    await imported(one, edit)


async def node_added(one: Bench) -> None:
    """A node more."""
    script = {**shell("theirs")["script"], "path": "team/daily/theirs"}
    spec = {
        "version": "1.1.0",
        "kind": "Node",
        "spec": {"nodes": [{"name": "t", "script": script}]},
    }
    spec["spec"]["nodes"][0]["name"] = "theirs"  # type: ignore[index]
    owner = (await ids(one))["."]
    act(one, "CreateNode", ContainerId=owner, Scene="DataworksProject", Spec=json.dumps(spec))


async def node_deleted(one: Bench) -> None:
    """A node less."""
    act(one, "DeleteNode", Id=(await ids(one))["report"])


async def node_renamed(one: Bench) -> None:
    """Another name of a node."""
    act(one, "RenameNode", Id=(await ids(one))["report"], Name="rapport")


async def workflow_renamed(one: Bench) -> None:
    """Another name of the workflow."""
    act(one, "RenameWorkflowDefinition", Id=(await ids(one))["."], Name="weekly")


async def workflow_moved(one: Bench) -> None:
    """Another folder."""
    act(one, "MoveWorkflowDefinition", Id=(await ids(one))["."], Path="elsewhere")


async def workflow_replaced(one: Bench) -> None:
    """Deleted, and another one made at the same path."""
    act(one, "DeleteWorkflowDefinition", Id=(await ids(one))["."])
    await one.bring(workflow("daily", "load"))


EDITS = (
    node_script,
    node_field,
    node_waits,
    import_script,
    import_waits,
    import_own_waits,
    import_cron,
    node_added,
    node_deleted,
    node_renamed,
    workflow_renamed,
    workflow_moved,
    workflow_replaced,
)


@pytest.mark.parametrize("modify_time", ["yes", "no"])
@pytest.mark.parametrize("edit", EDITS)
def test_every_edit_is_seen(
    edit: Callable[[Bench], Awaitable[None]], modify_time: str, tmp_path: Path
) -> None:
    """U-07: the plan with a cache is that without one, whether or not ModifyTime moves with a node."""

    async def tell(memory: Memory) -> None:
        await memory.warm(*BOTH)
        before, calls = await memory.plan(*BOTH)
        assert calls == LISTS + 1
        memory.bench.clock.advance(60.0)
        await edit(memory.bench)
        seen, _ = await memory.plan(*BOTH)
        truth = await memory.bench.plan(*BOTH)
        # Beside the cost, they differ in what the kit allows.
        assert replace(seen, api_calls=0) == replace(truth, api_calls=0, flags=())
        assert seen.changes != before.changes

    switches = Switches(modify_time_on_node_edit=modify_time)
    remembering(tmp_path, tell, switches)


# --- what nobody can see ----------------------------------------------------------------------------


async def hidden_edit(one: Bench) -> None:
    """An edit that moves nothing that a list shows: no service is known to have it."""
    assert one.app is not None
    with one.app.engine.store.transaction() as db:
        held = db.execute("SELECT id, modified FROM node").fetchall()
        flows = db.execute("SELECT id, modified FROM workflow").fetchall()
    await node_script(one)
    with one.app.engine.store.transaction() as db:
        for table, rows in (("node", held), ("workflow", flows)):
            for row in rows:
                db.execute(f"UPDATE {table} SET modified = ? WHERE id = ?", (row[1], row[0]))


def test_stale_plan_is_harmless(tmp_path: Path) -> None:
    """What the lists hide is not in the plan; apply reads before it writes, and refuses."""

    async def tell(memory: Memory) -> None:
        one, wanted = memory.bench, with_node(DAILY, "report", priority=4)
        await memory.warm(*BOTH)
        await hidden_edit(one)
        stale, _ = await memory.plan(wanted, HOURLY)
        assert [field.path for field in stale.changes[0].fields] == ["nodes[report].priority"]
        imports = one.imports
        report = await one.carry_out(stale)
        assert (exit_code(report), one.imports) == (4, imports)
        (outcome,) = report.outcomes
        assert "was changed" in outcome.error
        assert not outcome.written

    remembering(tmp_path, tell)


def test_refresh_and_time_show_what_lists_hide(tmp_path: Path) -> None:
    """`--refresh` and what apply plans read everything, and no entry serves for more than a day."""

    async def tell(memory: Memory) -> None:
        await memory.warm(*BOTH)
        await hidden_edit(memory.bench)
        assert (await memory.plan(*BOTH))[0].pending == []
        assert len((await memory.bench.plan(*BOTH)).pending) == 1
        memory.bench.clock.advance(LONGEST + 1.0)
        made, calls = await memory.plan(*BOTH)
        assert (len(made.pending), calls) == (1, LISTS + 2)

    remembering(tmp_path, tell)


# --- files --------------------------------------------------------------------------------------------


def test_sound_entries_only(tmp_path: Path) -> None:
    """An entry that is cut anywhere, or has one bit flipped anywhere, is not there."""
    cache = Cache(tmp_path, FIXED.seal)
    cache.put("key", b"some bytes\nof two lines")
    (file,) = entries(tmp_path)
    whole = file.read_bytes()
    assert cache.get("key") == b"some bytes\nof two lines"
    for end in range(len(whole)):
        file.write_bytes(whole[:end])
        assert cache.get("key") is None
    for bit in range(len(whole) * 8):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        file.write_bytes(flipped)
        assert cache.get("key") is None


def test_entries_are_bound_to_key_and_credentials(tmp_path: Path) -> None:
    """An entry under another name, or made without the credentials, as in a commit, is not there."""
    cache = Cache(tmp_path, FIXED.seal)
    cache.put("key", b"data")
    cache.put("other", b"other data")
    one, other = entries(tmp_path)
    one.write_bytes(other.read_bytes())
    other.unlink()
    assert [cache.get("key"), cache.get("other")] == [None, None]
    cache.put("key", b"data")
    theirs = Credentials(FIXED.access_key_id, "another-secret")
    assert Cache(tmp_path, theirs.seal).get("key") is None


def test_files_are_private(tmp_path: Path) -> None:
    """0600 in folders of 0700, whatever the umask, and whatever the folders were before."""
    (tmp_path / FOLDER[0]).mkdir(0o755)
    for umask in (0, 0o277):
        before = os.umask(umask)
        try:
            Cache(tmp_path, FIXED.seal).put(f"key {umask}", b"data")
        finally:
            os.umask(before)
    kept = entries(tmp_path)
    modes = {stat.S_IMODE(each.stat().st_mode) for each in kept}
    folders = {stat.S_IMODE(each.stat().st_mode) for each in (kept[0].parent, kept[0].parents[1])}
    assert (len(kept), modes, folders) == (2, {0o600}, {0o700})


@pytest.mark.parametrize("part", range(len(FOLDER)))
def test_links_are_not_followed(part: int, tmp_path: Path) -> None:
    """A checkout in which the folder is a link elsewhere gets no cache, and nothing there changes."""
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir()
    (outside / "file").touch()
    link = root.joinpath(*FOLDER[: part + 1])
    link.parent.mkdir(parents=True)
    link.symlink_to(outside)
    cache = Cache(root, FIXED.seal)
    cache.put("key", b"data")
    cache.sweep(1e12)
    assert cache.get("key") is None
    assert [each.name for each in outside.iterdir()] == ["file"]


def test_old_entries_are_swept(tmp_path: Path) -> None:
    """What a week did not renew goes; what is newer stays."""
    cache = Cache(tmp_path, FIXED.seal)
    cache.put("old", b"data")
    (old,) = entries(tmp_path)
    os.utime(old, (1_000, 1_000))
    cache.put("new", b"data")
    cache.sweep(old.stat().st_mtime + 8 * 24 * 3600)
    assert (cache.get("old"), cache.get("new")) == (None, b"data")


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """No cache, no error: a file stands where the folder would be."""

    async def tell(memory: Memory) -> None:
        await memory.warm(*BOTH)
        assert (await memory.plan(*BOTH))[1] == LISTS + 2

    (tmp_path / FOLDER[0]).touch()
    remembering(tmp_path, tell)


def test_cache_may_be_deleted(tmp_path: Path) -> None:
    """Without it the plan is the same, and it is made again."""

    async def tell(memory: Memory) -> None:
        await memory.warm(*BOTH)
        before, _ = await memory.plan(*BOTH)
        for file in entries(tmp_path):
            file.unlink()
        after, calls = await memory.plan(*BOTH)
        assert calls == LISTS + 2
        assert replace(after, api_calls=0) == replace(before, api_calls=0)
        assert len(entries(tmp_path)) == 2

    remembering(tmp_path, tell)


def test_entries_are_of_one_place_and_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another endpoint, project or version of the program reads anew."""

    async def tell(memory: Memory) -> None:
        await memory.warm(*BOTH)
        here = memory.bench.target
        for other in (replace(here, endpoint="http://localhost"), replace(here, project="20002")):
            assert (await memory.plan(*BOTH, where=other))[1] == LISTS + 2
        assert (await memory.plan(*BOTH))[1] == LISTS + 1
        monkeypatch.setattr(module, "__version__", "0.0.0+other")
        assert (await memory.plan(*BOTH))[1] == LISTS + 2

    remembering(tmp_path, tell)


def test_secrets_are_not_kept(tmp_path: Path) -> None:
    """A workflow with a sensitive value, or a key in a script, is read each time and never on disk."""
    env = {"container": {"env": [{"name": "TOKEN", "value": "hush-hush-4711"}]}}
    script = shell("a")["script"]
    sensitive = {**script, "runtime": {**script["runtime"], **env}}
    secret = with_node(workflow("secret", "a"), "a", script=sensitive)
    key = changed(workflow("key"), nodes=[shell("b", "echo " + "LTAI" + "0" * 16)])

    async def tell(memory: Memory) -> None:
        await memory.warm(secret, key, *BOTH)
        assert (await memory.plan(secret, key, *BOTH))[1] == LISTS + 1 + 2
        held = b"".join(file.read_bytes() for file in entries(tmp_path))
        assert [word for word in (b"hush", b"LTAI") if word in held] == []
        assert len(entries(tmp_path)) == 2

    remembering(tmp_path, tell)


@pytest.mark.parametrize("before", ["", "cd /tmp\n", "\t", "\N{HORIZONTAL ELLIPSIS}"])
def test_a_key_is_seen_wherever_it_begins(tmp_path: Path, before: str) -> None:
    """At the beginning of a line, too, before which an answer has the letter of an escape."""
    key = changed(workflow("key"), nodes=[shell("b", before + "LTAI" + "0" * 16)])

    async def tell(memory: Memory) -> None:
        await memory.warm(key, *BOTH)
        assert [file for file in entries(tmp_path) if b"LTAI" in file.read_bytes()] == []

    remembering(tmp_path, tell)


# --- the command line ---------------------------------------------------------------------------------


def test_plan_says_what_it_did_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`plan` remembers and says so, `plan --refresh` and `apply` do not."""
    project = Project(tmp_path)
    project.write("flows/clean.yaml", CLEAN)
    shell = Shell(project, monkeypatch, capsys)
    assert shell("apply", "--auto-approve").code == 0
    with sqlite3.connect(tmp_path / "data" / "local.db") as db:
        for table in ("workflow", "node"):  # as if it had been an hour ago
            db.execute(f"UPDATE {table} SET modified = modified - 3600000")
    db.close()
    assert shell("plan").code == 0
    told = [shell(*command) for command in (["plan"], ["plan", "--refresh"], ["apply"])]
    assert [each.code for each in told] == [0, 0, 0]
    assert told[0].err == (
        "2 workflows not read again, unmoved by the lists; `--refresh` reads all\n"
    )
    assert [each.err for each in told[1:]] == ["", ""]
    assert len(entries(tmp_path)) == 2
