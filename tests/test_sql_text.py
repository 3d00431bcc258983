"""Which differences between two SQL texts mean nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.sql_text import LONGEST, same_meaning

BASE = "SELECT a, b\nFROM t\nWHERE ds = '${bizdate}';\n"


@pytest.mark.parametrize(
    "other",
    [
        "-- who reads this\nSELECT a, b FROM t WHERE ds = '${bizdate}';",
        "SELECT a, b /* both */ FROM t\n\n\nWHERE ds='${bizdate}' ; -- end",
        "SELECT\n\ta,\n\tb\nFROM\tt\r\nWHERE ds = '${bizdate}';",
        "-- 注释 \U0001f642\nSELECT a,b FROM t WHERE ds = '${bizdate}';",
    ],
)
def test_comments_and_white_space_mean_nothing(other: str) -> None:
    """However a statement is laid out, it says the same."""
    assert same_meaning(BASE, other, "hive")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (BASE, BASE.replace("a, b", "a, c")),
        (BASE, BASE.replace("${bizdate}", "${gmtdate}")),
        ("select ${a}_x from t", "select ${a} _x from t"),
        ("select t_$[yyyymmdd-1]", "select t_$[yyyymmdd-2]"),
        ("select {{ a }} from t", "select {{ b }} from t"),
        ("select @@{a.b} from t", "select @@{a.c} from t"),
        ("select 'a  b'", "select 'a b'"),
        ("select 'a -- b'", "select 'a -- c'"),
        ("select `a b` from t", "select `a  b` from t"),
        ("select /*+ MAPJOIN(a) */ 1 from a", "select /*+ MAPJOIN(b) */ 1 from a"),
        ("select /*+ MAPJOIN(a) */ 1 from a", "select 1 from a"),
        ("select 1;\n--@extra_input=p.t", "select 1;\n--@extra_input=p.u"),
        ("set a=-Xmx1g --add-opens=x;\nselect 1;", "set a=-Xmx1g --add-opens=y;\nselect 1;"),
        ("set a=1", "set a=2"),
        ("select 1", "select 1; select 2"),
        ("select 1", ""),
    ],
)
def test_what_is_read_counts(before: str, after: str) -> None:
    """Words, texts, placeholders, hints, settings, and comments that the service reads."""
    assert not same_meaning(before, after, "hive")
    assert not same_meaning(after, before, "spark")


@pytest.mark.parametrize("text", ["select 'open", "select /* open", "select `open", "-- all", " "])
def test_what_is_no_sql_counts(text: str) -> None:
    """Where nothing can be told apart, every difference is one."""
    assert not same_meaning(text, f"{text}\n", "hive")


def test_long_texts_are_not_read() -> None:
    """The work is bounded."""
    assert not same_meaning("select 1", "select 1" + " " * LONGEST, "hive")


def test_deep_nesting_is_no_trouble() -> None:
    """No tree is built, so no depth is too much."""
    deep = "select " + "(" * 20_000 + "1" + ")" * 20_000
    assert same_meaning(deep, deep.replace("1", " 1 -- one\n"), "hive")


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_is_taken(before: str, after: str) -> None:
    """Whatever is written, there is an answer, the same in both directions."""
    assert same_meaning(before, after, "hive") == same_meaning(after, before, "hive")
