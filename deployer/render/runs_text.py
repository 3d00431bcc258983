"""Instances, and what became of a run, as text for people."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from deployer.days import day_of, moment, run_day
from deployer.render.paint import Paint, plain
from deployer.render.visible import visible
from deployer.runs import Instance, Result, RunReport, Stopped, TaskInstance

_COLOURS = {"Success": "green", "Failure": "red", "Running": "cyan"}


def report(told: RunReport, paint: Paint = plain) -> str:
    """What a run is made of, and how it ended so far as it was watched."""
    lines = [*_calls(told), *_results(told.results, paint)]
    if told.results:
        lines.append(paint("bold", counts(told.results)))
    return "".join(f"{line}\n" for line in lines)


def results(told: Sequence[Result], paint: Paint = plain) -> str:
    """How instances ended, and the counts."""
    return "\n".join([*_results(told, paint), paint("bold", counts(told))]) + "\n"


def counts(told: Iterable[Result]) -> str:
    """How many instances ended how."""
    number = Counter(result.words for result in told)
    return ", ".join(f"{count} {words}" for words, count in sorted(number.items(), reverse=True))


def _calls(told: RunReport) -> Iterator[str]:
    for call in told.calls:
        how = "made before" if call.found else "made"
        count = len(call.instances)
        yield f"{how}: {visible(call.name)}, {count} instance{'' if count == 1 else 's'}"
    if len(told.calls) < told.planned:
        yield f"known to be made: {len(told.calls)} of {told.planned} calls"
    if told.instances and len(told.results) < len(told.instances):
        watched = {result.instance.id for result in told.results}
        left = [identity for identity in told.instances if identity not in watched]
        yield f"next: `deployer instances watch {' '.join(map(visible, left))}`"


def _results(told: Iterable[Result], paint: Paint) -> Iterator[str]:
    for result in told:
        instance = result.instance
        day = day_of(instance.biz_date)
        state = paint(_COLOURS.get(instance.status, "yellow"), result.words)
        yield f"{day} (runs on {run_day(day)})  {state}  instance {instance.id}"
        if result.idle and not result.nothing_ran:
            yield f"    nothing ran in {', '.join(map(visible, result.idle))}"
        yield from _logs(result, paint)


def _logs(result: Result, paint: Paint) -> Iterator[str]:
    for task, log in result.logs.items():
        yield f"    {paint('red', visible(task))} failed; the end of its log:"
        yield from (f"      | {visible(line)}" for line in log.splitlines())


def stopped(told: Mapping[str, Stopped]) -> str:
    """What became of requests to stop instances, a line each."""
    return "".join(f"instance {visible(i)}: {visible(how.words)}\n" for i, how in told.items())


# --- instances ------------------------------------------------------------------------------------


def table(instances: Sequence[Instance], paint: Paint = plain) -> str:
    """Instances as a table, one line each."""
    heads = ("Id", "Business date", "Type", "Status", "Started", "Finished", "Name")
    rows = [heads, *(_row(instance) for instance in instances)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    first, *others = [_aligned(row, widths) for row in rows]
    return "\n".join([paint("bold", first), *others]) + "\n"


def _row(instance: Instance) -> tuple[str, ...]:
    day = day_of(instance.biz_date).isoformat()
    texts = (instance.id, day, instance.type, instance.status)
    return (
        *map(visible, texts),
        _at(instance.started),
        _at(instance.finished),
        visible(instance.name),
    )


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()


def _at(ms: int | None) -> str:
    return "-" if ms is None else moment(ms)


def shown(result: Result, paint: Paint = plain) -> str:
    """One instance with all that is known of it, and its tasks."""
    instance = result.instance
    day = day_of(instance.biz_date)
    facts = {
        "name": instance.name,
        "type": instance.type,
        "status": result.words,
        "business date": f"{day}, runs on {run_day(day)}",
        "environment": instance.env,
        "owner": instance.owner,
        "parameters": instance.parameters,
        "tags": ", ".join(f"{key}:{value}" for key, value in instance.tags.items()),
        "created": _at(instance.created),
        "started": _at(instance.started),
        "finished": _at(instance.finished),
    }
    lines = [paint("bold", f"instance {visible(instance.id)}")]
    lines += [f"  {name}: {visible(text)}" for name, text in facts.items() if text]
    lines += [_task(task, result, paint) for task in result.tasks]
    lines += _logs(result, paint)
    return "\n".join(lines) + "\n"


def _task(task: TaskInstance, result: Result, paint: Paint) -> str:
    state = paint(_COLOURS.get(task.status, "yellow"), visible(task.status))
    idle = ", but nothing ran" if task.name in result.idle else ""
    times = f"{_at(task.started)} to {_at(task.finished)}"
    return f"  task {visible(task.name)}: {state}{idle}, {times}"
