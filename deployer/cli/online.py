"""`deployer validate --online`: what the service says against the changes of the manifests."""

from collections.abc import Collection

from deployer import pipeline
from deployer.apply import beyond
from deployer.cli.connect import connected, run
from deployer.cli.options import one_of
from deployer.cli.words import say
from deployer.model import Problem, Settings
from deployer.online import Service, ask, require_proof


def asked(settings: Settings, files: Collection[str]) -> tuple[Problem, ...]:
    """What the service says against the manifests in `files`, as the chosen target sees them.

    Errors in other manifests are told in its place, because no plan is made from them. Raises
    RefusedBySafety before any call unless the endpoint is known to honour dry runs, and what
    `one_of`, `pipeline.plan` and `connected` raise.
    """
    target = one_of(settings)
    loaded = pipeline.load(settings, target)
    if loaded.errors:  # in files that were not named: those that were are sound
        say("the service was not asked: there are errors in manifests that were not named")
        return tuple(problem for problem in loaded.problems if problem.severity == "error")

    async def main() -> tuple[Problem, ...]:
        async with connected(target) as connection:
            require_proof(target, connection.honours_dry_run)
            made = await pipeline.plan(loaded, target, connection.remote)
            service = Service(connection.remote, connection.sleep, connection.clock)
            wanted = [each for each in made.pending if each.file in files and not beyond(each)]
            found = await ask(made, wanted, loaded.subjects, service)
        things = f"{len(wanted)} change{'' if len(wanted) == 1 else 's'}"
        say(f"asked the service about {things} for target {target.name}, {target.place}")
        return found

    return run(main())
