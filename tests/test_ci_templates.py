"""The workflows in examples/ci are sound, for their providers and by rules of our own."""

import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ci_template_rules import findings

ROOT = Path(__file__).resolve().parent.parent
CI = ROOT / "examples" / "ci"
GITHUB = sorted((CI / "github").glob("*.yml"))
MAIN = (CI / "github" / "deployer.yml").read_text(encoding="utf-8")
SCRIPTS = Path(sysconfig.get_path("scripts"))

BROKEN = {
    "event pull_request_target": ("  pull_request:\n", "  pull_request_target:\n"),
    "permissions of the workflow are not read alone": (
        "permissions:\n  contents: read\n\n# Named",
        "# Named",
    ),
    "plan: writes contents": (
        "      contents: read\n      id-token: write\n      pull-requests",
        "      contents: write\n      id-token: write\n      pull-requests",
    ),
    "merged: writes pull-requests without a comment": (
        "      id-token: write\n    outputs",
        "      id-token: write\n      pull-requests: write\n    outputs",
    ),
    "not pinned: - uses: actions/checkout@v5": (
        "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0",
        "actions/checkout@v5",
    ),
    "validate: checkout keeps credentials": (
        "        with:\n          persist-credentials: false\n",
        "",
    ),
    "plan: expression inside of run": (
        'run: deployer plan --target "$TARGET" --format',
        "run: deployer plan --target ${{ github.event.pull_request.title }} --format",
    ),
    "a stored secret": ("${{ github.token }}", "${{ secrets.BOT }}"),
    "workflow: a token for every step": (
        "  TARGET: prod\n",
        "  TARGET: prod\n  X: ${{ github.token }}\n",
    ),
    "apply: a role without id-token": (
        "      id-token: write\n    # One after",
        "    # One after",
    ),
    "plan: the wrong role": ("vars.DEPLOYER_PLAN_ROLE_ARN", "vars.DEPLOYER_APPLY_ROLE_ARN"),
    "apply: applies in no environment": ("    environment: production\n", ""),
    "plan: has an identity for forks": (
        " && github.event.pull_request.head.repo.full_name == github.repository",
        "",
    ),
    "apply: no group for the target": ("group: deployer-apply-prod", "group: deployer"),
    "apply: cut off by the next run": ("cancel-in-progress: false", "cancel-in-progress: true"),
    "apply: applies what nobody saw": (
        "deployer apply plan.json",
        'deployer apply --target "$TARGET" --auto-approve',
    ),
    "merged: artifact without the commit": ("name: plan-prod-${{ github.sha }}", "name: plan-prod"),
    "validate: no timeout": ("    timeout-minutes: 10\n", ""),
    "apply: ends before its command": ("timeout-minutes: 60", "timeout-minutes: 30"),
    "apply: applies without --timeout": (" --timeout 30", ""),
    "no shell by name": ("    shell: bash\n", "    shell: sh\n"),
}
"""What a mistake in the workflow is told as, and how it is made: a text and what takes its place once."""


@pytest.mark.parametrize("file", GITHUB, ids=lambda file: file.name)
def test_workflow_keeps_our_rules(file: Path) -> None:
    """None of the ways in which a workflow of CI is usually taken over or cut off."""
    assert findings(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("finding", BROKEN)
def test_rule_finds_what_is_broken(finding: str) -> None:
    """Each mistake is found, and told with its job."""
    old, new = BROKEN[finding]
    assert old in MAIN
    assert finding in findings(MAIN.replace(old, new, 1))


def test_linter_finds_nothing() -> None:
    """Syntax, contexts, types of expressions and known ways of attack, by the linter of the trade.

    Left out is that a workflow has a group of its own: the jobs that write have theirs, and one of the
    workflow would let a pull request wait for an approval on the main branch.
    """
    flags = ("--no-hints", "--no-online", "--ignore=concurrency-limits")
    assert ran(ROOT, SCRIPTS / "jactionlint", *flags, *map(str, GITHUB)) == ""


@pytest.mark.parametrize(
    ("schema", "file"),
    [("gitlab-ci", CI / "gitlab-ci.yml"), *(("github-workflows", file) for file in GITHUB)],
    ids=lambda value: getattr(value, "name", value),
)
def test_file_follows_the_schema_of_its_provider(schema: str, file: Path) -> None:
    """As editors and the provider read it."""
    flags = ("--quiet", "--builtin-schema", f"vendor.{schema}")
    assert ran(ROOT, Path(sys.executable), "-m", "check_jsonschema", *flags, str(file)) == ""


def ran(folder: Path, program: Path, *arguments: str) -> str:
    """What a checking program finds wrong; empty if it ends well."""
    done = subprocess.run(
        [str(program), *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr if done.returncode else ""


# --- GitLab ---------------------------------------------------------------------------------------

GITLAB: dict[str, Any] = yaml.safe_load((CI / "gitlab-ci.yml").read_text(encoding="utf-8"))


def test_gitlab_applies_a_saved_plan_by_hand() -> None:
    """One apply of a target at a time, of the plan of this commit, when a person says so."""
    apply = GITLAB["apply"]
    assert apply["needs"] == ["merged"]
    assert apply["rules"] == [{"if": '$CI_PIPELINE_SOURCE == "push"', "when": "manual"}]
    assert apply["script"] == ["deployer apply plan.json --timeout 30"]
    assert (apply["resource_group"], apply["environment"]) == ("deployer-apply-prod", "production")
    assert (apply["interruptible"], apply["timeout"]) == (False, "1 hour")
    assert "$CI_COMMIT_SHA" in GITLAB["merged"]["artifacts"]["name"]


def test_gitlab_shows_the_widget_and_the_quality() -> None:
    """The reports that a merge request shows, from the files that the commands write."""
    plan, validate = GITLAB["plan"], GITLAB["validate"]
    assert plan["artifacts"]["reports"] == {"terraform": "gl-terraform-report.json"}
    assert validate["artifacts"]["reports"] == {"codequality": "gl-code-quality-report.json"}
    assert "> gl-code-quality-report.json" in validate["script"][0]
    assert "--report gitlab" in plan["script"][0]


def test_gitlab_gives_no_identity_to_forks() -> None:
    """The job that any merge request runs has none, and the plan is for our own branches."""
    assert {"id_tokens", "extends"} & set(GITLAB["validate"]) == set()
    (rule,) = GITLAB["plan"]["rules"]
    assert "$CI_MERGE_REQUEST_SOURCE_PROJECT_PATH == $CI_PROJECT_PATH" in rule["if"]


def test_gitlab_writes_with_the_role_of_apply_alone() -> None:
    """Every other job that has an identity only reads."""
    roles = {
        name: job.get("variables", {}).get("ALIBABA_CLOUD_ROLE_ARN", "")
        for name, job in GITLAB.items()
        if isinstance(job, dict) and name not in ("variables", "default")
    }
    assert [name for name, role in roles.items() if "APPLY" in role] == ["apply"]
    assert "ACCESS_KEY" not in str(GITLAB)
