"""What the recording rules come to, from series as they are scraped. All of it is synthetic."""

import subprocess
from pathlib import Path

import pytest
import yaml

from tests.rules.ruleset import FILE
from tests.rules.story import PROJECT, STEP, WORKFLOW, over
from tests.rules.tools import VERSIONS

NAMES = 'project="demo",workflow_id="wf-backup-nightly",workflow="夜间数据库备份"'
RUNS = {"success": 6, "fail": 2, "timeout": 1, "approvalFailed": 1, "cancel": 40, "unknown": 40}
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")


def braces(**labels: str) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"


def series() -> dict[str, str]:
    """Four in ten of what succeeded or failed have failed, a tenth of the looks too; successes took up to an hour."""
    found = {}
    for status, count in RUNS.items():
        found[f"aom_workflow_executions_total{braces(status=status, **WORKFLOW)}"] = f"0+{count}x120"
        found[f"aom_workflow_node_runs_total{braces(status=status, node='n', **WORKFLOW)}"] = f"0+{count}x120"
    for outcome, count in {"failed": 1, "changed": 4, "unchanged": 5}.items():
        found[f"aom_collector_polls_total{braces(outcome=outcome, **PROJECT)}"] = f"0+{count}x120"
    for le, count in {"1800": "0", "3600": "100", "+Inf": "100"}.items():
        labels = braces(status="success", le=le, **WORKFLOW)
        found[f"aom_workflow_execution_duration_seconds_bucket{labels}"] = over(80, count)
    return found


def wanted() -> dict[str, tuple[str, float]]:
    """From an expression, rounded so that no rounding of the machine's shows, to its labels and value."""
    found = {
        "workflow:aom_workflow_executions_failed:ratio_rate1d": (NAMES, 0.4),
        "node:aom_workflow_node_runs_failed:ratio_rate1h": (f'{NAMES},node="n"', 0.4),
        "workflow:aom_workflow_execution_duration_seconds:p95": (NAMES, 3510),
    }
    for window in WINDOWS:
        found[f"project:aom_workflow_executions_failed:ratio_rate{window}"] = ('project="demo"', 0.4)
        found[f"project:aom_collector_polls_failed:ratio_rate{window}"] = ('project="demo"', 0.1)
    return found


@pytest.mark.parametrize("tool", VERSIONS)
def test_the_ratios_and_the_usual_duration_are_what_the_totals_say(tool: str, tmp_path: Path):
    expected = [
        {
            "expr": f"round({name}, 0.0001)",
            "eval_time": "76m",
            "exp_samples": [{"labels": f"{{{labels}}}", "value": value}],
        }
        for name, (labels, value) in wanted().items()
    ]
    known = {"fail", "approvalFailed", "timeout"}
    expected.append(
        {
            "expr": "aom:failed_status",
            "eval_time": "76m",
            "exp_samples": [{"labels": f'aom:failed_status{{status="{each}"}}', "value": 1} for each in sorted(known)],
        }
    )
    test = {
        "interval": f"{STEP}s",
        "input_series": [{"series": name, "values": values} for name, values in series().items()],
        "promql_expr_test": expected,
    }
    file = {"rule_files": [str(FILE)], "evaluation_interval": f"{STEP}s", "tests": [test]}
    (tmp_path / "tests.yaml").write_text(yaml.safe_dump(file, allow_unicode=True), encoding="utf-8")
    done = subprocess.run([tool, "test", "rules", tmp_path / "tests.yaml"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
