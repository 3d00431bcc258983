"""Pages of a list: the parameters every list operation has, and their limits."""

from dataclasses import dataclass

from deployer.emulator.failures import invalid
from deployer.emulator.operations import Param, Params, query

PARAMS: tuple[Param, ...] = (query("PageNumber", "integer"), query("PageSize", "integer"))
_DEFAULT, _MAX = 10, 100


@dataclass(frozen=True, slots=True)
class Page:
    """The page that a call asks for, counted from 1."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        """How many items come before the page."""
        return (self.number - 1) * self.size


def page(params: Params, largest: int = _MAX) -> Page:
    """Return the page asked for; raises ApiError beyond the limits (our pick: refused, not cut)."""
    number, size = params.get("PageNumber", 1), params.get("PageSize", _DEFAULT)
    if not 1 <= number <= 2**31:
        raise invalid("PageNumber")
    if not 1 <= size <= largest:
        raise invalid("PageSize")
    return Page(number, size)
