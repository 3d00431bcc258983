"""How much of a plan a comment shows: a ladder from all of it down to its dangers and counts."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Detail:
    """One rung. `missing` says what a reader does not see.

    `context` is the number of equal lines around a difference of two texts, None where texts are not
    compared; `lines` is the most that one such difference shows. `format_only` are texts of which only
    the look differs. `graphs`, `rows` and `folds` count what is drawn, what each list holds and of how
    many workflows there are details; `sections` are all but dangers and counts.
    """

    context: int | None = 3
    lines: int = 1_000
    format_only: bool = True
    graphs: int = 3
    rows: int = 1_000
    folds: int = 1_000
    sections: bool = True
    missing: str = ""


LADDER = (
    Detail(),
    Detail(context=1, graphs=1, missing="lines around the differences"),
    Detail(
        context=1,
        lines=200,
        format_only=False,
        graphs=1,
        missing="differences of format only, and most of long differences",
    ),
    Detail(
        context=0,
        lines=30,
        format_only=False,
        graphs=0,
        missing="graphs, and most of the differences of scripts",
    ),
    Detail(context=None, graphs=0, missing="graphs and the differences of scripts"),
    Detail(
        context=None,
        graphs=0,
        rows=150,
        folds=40,
        missing="graphs, the differences of scripts, and the details of many workflows",
    ),
    Detail(
        context=None,
        graphs=0,
        rows=60,
        folds=10,
        missing="graphs, the differences of scripts, the details of most workflows, and rows of lists",
    ),
    Detail(graphs=0, rows=25, folds=0, missing="graphs, all details, and most rows of the lists"),
    Detail(graphs=0, rows=8, folds=0, sections=False, missing="all but dangers and counts"),
)
"""Every rung shows dangers and counts; the last one shows nothing else and fits whatever the plan."""
