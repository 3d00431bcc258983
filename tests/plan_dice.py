"""Plans thrown with dice: a thousand of them cost what a search for examples spends on fifty."""

from random import Random
from typing import Any, get_args

from deployer.model import (
    Action,
    Change,
    Danger,
    Downstream,
    FieldChange,
    FieldClass,
    Location,
    NodeAction,
    NodeChange,
    Origin,
    Plan,
    Problem,
    Publication,
    Runs,
    Schedule,
    Severity,
)
from tests.plan_strategies import HOSTILE


class Dice:
    """Throws the values of the model, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def plan(self) -> Plan:
        """A plan of up to five workflows, whatever they are."""
        addresses = dict.fromkeys(self.text() for _ in range(self._random.randrange(6)))
        return Plan(
            target=self.text(),
            project=self.text(),
            changes=tuple(self.change(address) for address in addresses),
            diagnostics=self._few(self.problem),
            place=self.text(),
            base=self.text(),
            commit=self.text(),
            dangers=self._few(self.danger),
            selection=self.text(),
            left_out=self._few(self.text),
            orphans=self._few(self.text),
            outside=self._random.randrange(3),
        )

    def change(self, address: str) -> Change:
        """One line of a plan; its action and what is said of it need not fit together."""
        return Change(
            address,
            self._one(Action),
            self.text(),
            self.text(),
            self._random.randrange(3),
            fields=self._few(self.field),
            nodes=self._few(self.node),
            refused=self._maybe(self.text()),
            moved_from=self._maybe(self.text()),
            dangers=self._few(self.danger),
            schedule=Schedule(self.runs(), None, self._few(self.text)) if self._coin() else None,
            downstream=Downstream(self._few(self.text), self._few(self.text)),
            publish=self._coin(),
            publication=self._one(Publication),
        )

    def field(self) -> FieldChange:
        """A difference between any two values."""
        return FieldChange(
            f"nodes[{self.text()}].x",
            self.value(),
            self.value(),
            file=self.text(),
            origin=self._one(Origin),
            field_class=self._one(FieldClass),
            reason=self.text(),
        )

    def node(self) -> NodeChange:
        """What happens to a node."""
        return NodeChange(self.text(), self._one(NodeAction), reason=self.text())

    def danger(self) -> Danger:
        """Something to see."""
        return Danger(self.text(), self.text(), self.text(), self.text(), self._coin())

    def problem(self) -> Problem:
        """A finding."""
        return Problem("DW006", self._one(Severity), self.text(), Location(self.text(), 3, 9))

    def runs(self) -> Runs:
        """When a trigger fires."""
        return Runs(self.text(), self.text(), self._few(self.text), 7.0)

    def text(self) -> str:
        """A text that means something to somebody."""
        return self._random.choice(HOSTILE)

    def value(self) -> Any:
        """A value of any type, often a script."""
        script = "\n".join(self.text() for _ in range(4))
        return self._random.choice([None, 7, True, [1], {"a": self.text()}, self.text(), script])

    def _one(self, literal: Any) -> Any:
        return self._random.choice(get_args(literal))

    def _few(self, throw: Any) -> tuple[Any, ...]:
        return tuple(throw() for _ in range(self._random.randrange(3)))

    def _maybe(self, text: str) -> str:
        return text if self._coin() else ""

    def _coin(self) -> bool:
        return self._random.random() < 0.5
