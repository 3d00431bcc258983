"""What tests of pulling share: a folder to pull into, and the plan for what it then holds."""

from collections.abc import Sequence
from pathlib import Path

from deployer import pipeline
from deployer.load import Loaded, load
from deployer.model import Plan, Pull, Settings, Target
from deployer.pull import pull
from deployer.reading.manifest_files import manifest_files
from deployer.reading.project_writer import write
from deployer.remote.workspace import Remote

Left = tuple[str, str, list[tuple[str, object, object]], list[str]]


class Folder:
    """A project folder without a deployer.yaml, for one target."""

    def __init__(self, root: Path, target: Target, scope: Sequence[str] = ()) -> None:
        self.root = root
        self.target = target
        self.settings = Settings(root, None, ("flows/**/*.yaml",), {}, scope=tuple(scope))

    def loaded(self) -> Loaded:
        """What the folder holds."""
        if not manifest_files(self.settings):
            return Loaded((), (), {})
        return load(self.settings, self.target)

    async def pull(self, remote: Remote, *select: str) -> Pull:
        """Pull, and write what was pulled."""
        found = await pull(self.settings, self.loaded(), self.target, remote, select)
        for edit in found.edits:
            write(self.root, edit.file, edit.after, new=edit.before is None)
        return found

    async def plan(self, remote: Remote) -> Plan:
        """The plan for what the folder holds."""
        return await pipeline.plan(self.loaded(), self.target, remote)

    async def left(self, remote: Remote) -> list[Left]:
        """What a plan would do or say about nodes."""
        return [
            (
                change.address,
                change.action,
                [(field.path, field.before, field.after) for field in change.fields],
                [node.name for node in change.nodes],
            )
            for change in (await self.plan(remote)).changes
            if change.action != "unchanged" or change.nodes
        ]

    def files(self) -> dict[str, bytes]:
        """Every file and what is in it."""
        return {
            file.relative_to(self.root).as_posix(): file.read_bytes()
            for file in sorted(self.root.rglob("*"))
            if file.is_file()
        }
