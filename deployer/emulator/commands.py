"""The node types the service knows well: numeric code and language (docs/service.md B-44)."""

from typing import NamedTuple


class Command(NamedTuple):
    """What the service adds to a script of this type; an empty language adds none."""

    code: int
    language: str = ""


COMMANDS = {
    "DIDE_SHELL": Command(6, "shell-script"),
    "SHELL": Command(2, "shell-script"),
    "DI": Command(23, "json"),
    "ODPS_SQL": Command(10, "odps-sql"),
    "ODPS_SCRIPT": Command(24, "odps-script"),
    "ODPS_SPARK": Command(225),
    "ODPS_MR": Command(11),
    "PYODPS": Command(221, "python2"),
    "PYODPS3": Command(1221, "python3"),
    "PYTHON": Command(1322, "python3"),
    "HOLOGRES_SQL": Command(1093, "hologres-sql"),
    "EMR_HIVE": Command(227, "hive-sql"),
    "EMR_SPARK_SQL": Command(229, "spark-sql"),
    "EMR_SHELL": Command(257, "shell-script"),
    "MYSQL": Command(1303),
    "POSTGRESQL": Command(1302),
    "CLICK_SQL": Command(1301, "clickhouse-sql"),
    "VIRTUAL": Command(99),
    "PARAM_HUB": Command(1115),
    "CONTROLLER_ASSIGNMENT": Command(1100),
    "CONTROLLER_BRANCH": Command(1101),
    "CONTROLLER_JOIN": Command(1102),
    "CONTROLLER_CYCLE": Command(1103),
    "CONTROLLER_CYCLE_START": Command(1104),
    "CONTROLLER_CYCLE_END": Command(1105),
    "CONTROLLER_TRAVERSE": Command(1106),
    "CONTROLLER_TRAVERSE_START": Command(1107),
    "CONTROLLER_TRAVERSE_END": Command(1108),
    "SUB_PROCESS": Command(1122),
    "SCHEDULER_TRIGGER": Command(1114, "plaintext"),
}

LANGUAGES = {"shell": "shell-script", "odps": "odps-sql", "di": "json", "python": "python3"}
"""Languages that the service answers under another name."""
