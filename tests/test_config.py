"""`deployer.yaml` is found, checked and turned into settings; mistakes have a place and a cure."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from deployer import config
from deployer.errors import UsageError
from deployer.model import Settings, Target, Window

TWO = """\
targets:
  dev: {emulator: state/dev.db, project: 12345678901234567}
  prod: {region: cn-shanghai, project: "0042", projectIdentifier: shop}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path.resolve()


def load(root: Path, text: str, target: str | None = None, **environ: str) -> Settings:
    (root / "deployer.yaml").write_text(text)
    return config.settings(root, target, environ)


def fault(root: Path, text: str, target: str | None = None, **environ: str) -> UsageError:
    with pytest.raises(UsageError) as raised:
        load(root, text, target, **environ)
    assert raised.value.exit_code == 64
    assert raised.value.where
    assert raised.value.hint
    return raised.value


def placed(error: UsageError) -> tuple[str, str]:
    return error.what, error.where.rpartition("deployer.yaml:")[2]


# --- reading --------------------------------------------------------------------------------------


def test_everything_is_read(root: Path) -> None:
    """Each key has its field."""
    text = """
manifests: ["flows/**/*.yaml"]
scope: [Business Flow/shop]
rules: {DW201: "off"}
targets:
  dev:
    endpoint: http://127.0.0.1:8080
    project: 7
    projectIdentifier: shop
    vars: {n: 5, yes_: true, text: "5"}
    overrides: {a/b: {owner: me}}
    publish: true
    limits: {settle: 1.5, deletedNodes: 3, apiCallsPerDay: 100}
    rate: 40
    connections: 4
    instanceMetadata: true
"""
    dev = Target(
        name="dev",
        project="7",
        project_identifier="shop",
        endpoint="http://127.0.0.1:8080",
        vars={"n": 5, "yes_": True, "text": "5"},
        overrides={"a/b": {"owner": "me"}},
        publish=True,
        limits={"settle": 1.5, "deletedNodes": 3, "apiCallsPerDay": 100},
        rate=40,
        settle=1.5,
        connections=4,
        instance_metadata=True,
        root=root,
    )
    assert replace(load(root, text), warnings=()) == Settings(
        root=root,
        config=root / "deployer.yaml",
        manifests=("flows/**/*.yaml",),
        targets={"dev": dev},
        target=dev,
        scope=("Business Flow/shop",),
        rules={"DW201": "off"},
    )


def test_left_out_has_defaults(root: Path) -> None:
    """The least that can be said is a place and a project."""
    found = load(root, "targets: {dev: {region: cn-beijing, project: a}}")
    assert found.manifests == config.DEFAULT_MANIFESTS
    assert found.target == Target("dev", "a", "", region="cn-beijing", root=root)


@pytest.mark.parametrize("project", ["9223372036854775807", "'007'", "0042", "1_000"])
def test_project_ids_lose_no_digit(root: Path, project: str) -> None:
    """An id is text, whichever way it is written."""
    target = load(root, f"targets: {{a: {{region: x, project: {project}}}}}").target
    assert target is not None
    assert target.project == project.strip("'")


def test_emulator_is_relative_to_the_file(root: Path) -> None:
    """The database lies where the configuration says, wherever the command is run."""
    (root / "deployer.yaml").write_text(TWO)
    (root / "flows" / "deep").mkdir(parents=True)
    target = config.settings(root / "flows" / "deep", "dev", {}).target
    assert target is not None
    assert target.emulator == root / "state" / "dev.db"


def test_surprising_scalars_are_warnings(root: Path) -> None:
    """A value that other readers take differently is told with its place."""
    found = load(root, "targets:\n  a: {region: x, project: a, vars: {v: 1.10}}").warnings
    assert [(each.rule, str(each.location), each.message) for each in found] == [
        ("DW006", "deployer.yaml:2:40", "`1.10` is read as the number 1.1")
    ]


def test_nearest_file_upward_is_taken(root: Path) -> None:
    """The search starts where the command runs and ends at the first file found."""
    (root / "a" / "b").mkdir(parents=True)
    (root / "deployer.yaml").write_text(TWO)
    assert config.load(root / "a" / "b").root == root
    (root / "a" / "deployer.yaml").write_text("{}")
    assert config.load(root / "a" / "b").root == root / "a"


def test_no_file_means_no_targets(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Manifests can be checked without any configuration."""
    monkeypatch.setattr(config, "FILE_NAME", "nobody-has-this.yaml")
    assert config.settings(root, None, {}) == Settings(root, None, (), {})


# --- choosing -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "named", "environ", "expected"),
    [
        (TWO, "dev", {"DEPLOYER_TARGET": "prod"}, "dev"),
        (TWO, None, {"DEPLOYER_TARGET": "prod"}, "prod"),
        (TWO + "  test: {region: x, project: a, default: true}", None, {}, "test"),
        ("targets: {only: {region: x, project: a}}", None, {}, "only"),
        ("targets: {}", None, {}, None),
        ("{}", None, {"DEPLOYER_TARGET": ""}, None),
    ],
)
def test_target_choice(
    root: Path, text: str, named: str | None, environ: dict[str, str], expected: str | None
) -> None:
    """Named, else from the environment, else the only one, else the default, else none."""
    target = load(root, text, named, **environ).target
    assert (target and target.name) == expected


def test_several_targets_need_a_choice(root: Path) -> None:
    """Nobody guesses which workspace is meant."""
    error = fault(root, TWO)
    assert placed(error) == ("no target chosen", "1:1")
    assert error.why == "there are several: `dev`, `prod`"
    assert config.load(root).target is None


def test_unknown_target_has_a_near_miss(root: Path) -> None:
    """A slip of the pen is answered with the name that was meant."""
    assert fault(root, TWO, "pord").hint == "did you mean `prod`? targets are `dev`, `prod`"
    assert fault(root, TWO, "zzz").hint == "targets are `dev`, `prod`"
    assert fault(root, TWO, DEPLOYER_TARGET="pord").what == "no target `pord`"
    assert fault(root, "targets: {}", "dev").hint == "add it under `targets`"


def test_named_target_without_a_file(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A target needs a configuration."""
    monkeypatch.setattr(config, "FILE_NAME", "nobody-has-this.yaml")
    with pytest.raises(UsageError) as raised:
        config.settings(root, "dev", {})
    assert "`nobody-has-this.yaml` in this folder or above it: write one" in raised.value.hint


# --- mistakes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "what", "place", "hint"),
    [
        ("manifest: []", "unknown key `manifest`", "1:1", "did you mean `manifests`?"),
        ("targets:\n  a:\n    region: x\n    project: a\n    overides: {}",
         "unknown key `overides`", "5:5", "did you mean `overrides`?"),
        ("targets: {a: {region: x}}", "", "1:14", ""),
        ("targets: {a: {project: a}}",
         "target `a`: none of `region`, `endpoint`, `emulator` given", "1:11",
         "add one of them: it says where the workspace is"),
        ("targets: {a: {project: a, region: x, emulator: x.db}}",
         "target `a`: `region`, `emulator` given together", "1:11", "keep exactly one of them"),
        ("targets:\n  a: {project: a, emulator: .deployer/x.db}",
         "the emulator's database lies inside `.deployer/`", "2:29",
         "it is a workspace, not a cache that may be deleted: choose another folder"),
        ("targets: {a: {project: a, emulator: x/../.deployer/y/x.db}}",
         "the emulator's database lies inside `.deployer/`", "1:37",
         "it is a workspace, not a cache that may be deleted: choose another folder"),
        ("targets: {a: {project: 1e3, region: x}}",
         "expected a project id, found a fraction", "1:24", "quote the id"),
        ("targets: {a: {project: a, region: x, vars: {b: '${spec.c}'}}}",
         "the value of `b` holds a placeholder itself", "1:48",
         "values are not replaced twice: write it out"),
        ("targets: {a: &a {project: a, region: x, default: true}, b: *a}",
         "`a`, `b` are both the default target", "1:60", "keep one of them"),
        ("# LTAI5tExampleExample\n{}", "looks like an AccessKey", "1:3",
         "remove it and disable the key: credentials come from the environment, a profile or a role"),
        ("", "expected a mapping, found nothing", "1:1", "the file must be one YAML mapping"),
        ("a: 1\na: 2", "key given twice (lines 1 and 2): `a`", "2:1", "keep one of them"),
    ],
)  # fmt: skip
def test_mistakes_have_a_place_and_a_cure(
    root: Path, text: str, what: str, place: str, hint: str
) -> None:
    """What is wrong, where, and what to do."""
    error = fault(root, text)
    assert placed(error)[1] == place
    if hint:
        assert (error.what, error.hint) == (what, hint)


def test_linked_folder_does_not_hide_the_local_one(root: Path) -> None:
    """A link to `.deployer/` is as bad as the folder itself."""
    (root / ".deployer").mkdir()
    (root / "state").symlink_to(".deployer")
    error = fault(root, "targets: {a: {project: a, emulator: state/x.db}}")
    assert error.what == "the emulator's database lies inside `.deployer/`"


def test_first_of_several_mistakes_is_told(root: Path) -> None:
    """The first in the file, and how many follow."""
    error = fault(root, "scope: 5\nmanifests: 7\ntargets: []")
    assert (placed(error)[1], error.why) == ("1:8", "2 more to follow")


def test_special_file_is_refused(root: Path) -> None:
    """A configuration is a regular file of the project."""
    (root / "deployer.yaml").symlink_to("/etc/hostname")
    with pytest.raises(UsageError) as raised:
        config.load(root)
    assert raised.value.what == "link leaves the project folder"


KEYS = st.sampled_from(
    (
        *("manifests", "scope", "targets", "rules", "a", "region", "emulator", "endpoint"),
        *("project", "vars", "limits", "settle", "default", "overrides", "publish", "rate"),
    )
)
VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("a$.{}/", max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3),
)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(KEYS, VALUES, max_size=3))
def test_any_mapping_is_read_or_refused(root: Path, document: dict[str, Any]) -> None:
    """No configuration ends in a traceback."""
    told = None
    try:
        load(root, json.dumps(document))
    except UsageError as error:
        told = error
    assert told is None or (told.where and told.hint)


def test_limits_of_nodes_are_obeyed(tmp_path: Path) -> None:
    """They reach the target, and nothing warns of them."""
    text = (
        "targets: {t: {emulator: x.db, project: '1', limits: {deletedNodes: 3, changedNodes: 0}}}\n"
    )
    found = load(tmp_path, text)
    assert found.warnings == ()
    assert found.targets["t"].limits == {"deletedNodes": 3, "changedNodes": 0}


def test_window_of_publishing(tmp_path: Path) -> None:
    """Both limits and the time zone are settings; `off` is never."""
    text = "targets: {{t: {{emulator: x.db, project: '1', {}}}}}\n"
    cases = {
        "publish: true": Window(),
        "limits: {publishWindow: '22:00-24:00'}": Window(79_200, 86_400, 79_200),
        "limits: {publishWindow: '21:00-22:30'}": Window(75_600, 81_000, 75_600),
        "limits: {publishWarning: '20:15'}": Window(warn=72_900),
        "limits: {publishWindow: 'off'}, timezone: Asia/Tokyo": Window(0, 0, 0, "Asia/Tokyo"),
    }
    found = {said: load(tmp_path, text.format(said)).targets["t"].window for said in cases}
    assert found == cases


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("timezone: Asia/Atlantis", "there is no time zone `Asia/Atlantis` on this machine"),
        ("limits: {publishWindow: '23:00-01:00'}", "limits of publishing: "),
        ("limits: {publishWarning: '23:45'}", "limits of publishing: "),
        ("limits: {publishWindow: '9-10'}", "expected "),
    ],
)
def test_window_that_is_none(tmp_path: Path, said: str, what: str) -> None:
    """Told with its place, before anything is published at the wrong hour."""
    text = f"targets: {{t: {{emulator: x.db, project: '1', {said}}}}}\n"
    with pytest.raises(UsageError) as told:
        load(tmp_path, text)
    assert told.value.what.startswith(what)
    assert "deployer.yaml:1:" in told.value.where
