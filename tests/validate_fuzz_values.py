"""What made-up projects are made from: a configuration, odd values, keys, and tokens of YAML and JSON."""

from typing import Any

CONFIG = b"""\
manifests: [flows/**/*.yaml, flows/**/*.json]
targets:
  local: {emulator: local.db, project: 10001, projectIdentifier: shop_dev, vars: {a: 1, b: "x"}}
  other: {region: cn-shanghai, project: "7", vars: {a: true}, default: true}
"""

SETTINGS: dict[str, Any] = {
    "manifests": ["flows/*.json"],
    "rules": {"DW101": "error", "DW106": "off"},
    "scope": ["a"],
    "targets": {
        "local": {
            "emulator": "local.db",
            "project": 10001,
            "projectIdentifier": "shop_dev",
            "vars": {"a": 1, "b": "x", "c": True},
            "overrides": {"a/b": {"owner": "1", "trigger": {"cron": "00 00 04 * * ?"}}},
            "limits": {"settle": 1, "days": 3},
            "rate": 2.5,
        },
        "real": {"region": "cn-shanghai", "project": "7", "default": True, "publish": True},
    },
}

# fmt: off
ODD: tuple[Any, ...] = (
    "", " ", "null", "~", "no", "010", "1:30", "1.10", "0x1F", ".nan", "-.inf", "1e999",
    "2001-99-99", "\0", "\x1b[2J", "\x9b31m", "\u202eabc", "\u200b", "\ufeff", "e\u0301",
    "\u0430bc", "数据", "\U0001f600", "\ud800", "\x85", "\u2028", "a\nb", "a\r\nb", "\t", "x" * 300,
    "*a", "&a", "!!int x", "<<", "- ", "? ", "${spec.a}", "${spec.zz}", "${projectIdentifier}",
    "${script.b}", "${env:HOME}", "${", "$[yyyymmdd]", "../../etc/passwd", "/etc/passwd", "C:\\x",
    "file://x", "~/x", "con", "a.", "a//b", ".", "s.sql", "up/s.sql", "00 00 03 * * ?",
    "* * * * * *", "0 0 31 2 ? *", "a" * 50, "0 " * 40, "LTAI" + "0" * 16, "(a+)+$",
    0, -1, 1, 64, 2**31, 2**63, -(2**63), 10**19, 1.5, -0.0, 1e300, True, False, None,
    [], {}, [[]], [None], {"": ""}, [{}], {"a": {"b": {"c": []}}}, ["a", "a"], {"a\0": 1},
)
"""Values in the place of others: what other readers, terminals, shells and paths take differently."""
# fmt: on

# fmt: off
KEYS = (
    "version", "kind", "spec", "workflows", "nodes", "name", "script", "path", "content", "file",
    "runtime", "command", "trigger", "type", "cron", "dependsOn", "dependencies", "nodeId",
    "depends", "output", "outputs", "nodeOutputs", "data", "artifactType", "parameters",
    "strategy", "deployer", "metadata", "flow", "do-while", "for-each", "while", "branch", "$ref",
    "__proto__", "", "\0", "no",
)
# fmt: on

# fmt: off
TOKENS = (
    b"{", b"}", b"[", b"]", b":", b": ", b",", b"- ", b"? ", b"\n", b"\n  ", b"\t", b"\r", b"|\n",
    b">-\n", b"&a ", b"*a", b"!!str ", b"!!python/name:os.system ", b"!x ", b"<<: ",
    b"%YAML 1.1\n", b"---\n", b"...\n", b"#", b'"', b"'", b"\\", b'"\\ud800"', b'"\\x00"',
    b"\\u0000", b"\xef\xbb\xbf", b"\xff\xfe", b"\0", b"\xff", b"\xc3", b"\xe2\x80\xae",
    b"\x1b[2J", b"\x7f", b"\x85", b"9" * 30, b"1e400", b"NaN", b"null", b"true", b"no",
    b"kind: CycleWorkflow\n", b"spec:\n", b'{"a":', b"/*", b"//", b"[" * 70, b"- " * 70,
)
# fmt: on
