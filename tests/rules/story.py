"""Stories about series, told to promtool: what they are worth over time, and when an alert fires for which of them.

Time begins at 0. Samples come every 40 seconds, which divides no window, so that all versions see the same. Everything
is synthetic; the label sets are those of the demonstration.
"""

import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.rules.ruleset import ALERTS, GROUPS

STEP = 40
SELDOM = 300
CLOSELY = frozenset(
    {
        "AOMWorkflowExecutionStuck",
        "AOMWorkflowNodeStuck",
        "AOMWorkflowNoRecentSuccess",
        "AOMWorkflowWaitingForApproval",
    }
)
"""Alerts whose stories turn on a minute; the others are evaluated at every other sample, as that is what costs."""
TARGET = {"job": "aom-collector", "instance": "collector:11513"}
PROJECT = {"project": "demo", **TARGET}
WORKFLOW = {"workflow_id": "wf-backup-nightly", "workflow": "夜间数据库备份", **PROJECT}
NODE = {"node": "dump-orders", **WORKFLOW}
ADDRESS = "http://collector:11513/"
FILTERED = f"{ADDRESS}?project=demo&workflow=wf-backup-nightly"

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Series:
    """One series: its name, its labels, and its samples in promtool's notation."""

    name: str
    labels: Labels
    values: str

    @property
    def written(self) -> str:
        """As promtool reads it."""
        return f"{self.name}{_braces(self.labels)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What happens (`says`), to which series, and at which moments an alert fires for which label sets.

    A moment is a promtool duration. `description`: what the alert says where it first fires.
    """

    says: str
    series: tuple[Series, ...]
    fires: Mapping[str, tuple[Labels, ...]]
    description: str = ""
    more: Mapping[str, str] = field(default_factory=dict)

    def test(self, alert: str, variants: Iterable[str] = ()) -> dict[str, Any]:
        """As a test of promtool's about an alert and variants of it."""
        severity = ALERTS[alert]["labels"]["severity"]
        made: dict[str, Any] = {
            "name": self.says,
            "interval": f"{STEP}s",
            "input_series": [{"series": each.written, "values": each.values} for each in self.series],
            "promql_expr_test": [
                {
                    "expr": f'ALERTS{{alertname="{name}",alertstate="firing"}}',
                    "eval_time": moment,
                    "exp_samples": [{"labels": f"ALERTS{_braces({**firing, **each})}", "value": 1} for each in sets],
                }
                for name in (alert, *variants)
                for firing in ({"alertname": name, "alertstate": "firing", "severity": severity},)
                for moment, sets in self.fires.items()
            ],
        }
        if self.description:
            made["alert_rule_test"] = [self._told(alert, severity)]
        return made

    def _told(self, alert: str, severity: str) -> dict[str, Any]:
        moment, sets = next((moment, sets) for moment, sets in self.fires.items() if sets)
        said = {
            "summary": ALERTS[alert]["annotations"]["summary"],
            "description": self.description,
            "runbook_url": f"/user/runbooks/{alert}.md",
            **self.more,
        }
        labels = {"severity": severity, **sets[0]}
        return {
            "eval_time": moment,
            "alertname": alert,
            "exp_alerts": [{"exp_labels": labels, "exp_annotations": said}],
        }


def _braces(labels: Labels) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in sorted(labels.items())) + "}"


def told(
    tool: str, rules: str, alert: str, stories: Iterable[Story], folder: Path, *, variants: Iterable[str] = ()
) -> str | None:
    """Tell stories about an alert to a promtool, with these rules; what it holds against them, None: nothing."""
    (folder / "rules.yaml").write_text(rules, encoding="utf-8")
    tests = [story.test(alert, variants) for story in stories]
    # Stories that last for days are looked at less often.
    long = any(len(moment) > len("999m") for story in stories for moment in story.fires)
    often = SELDOM if long else STEP if alert in CLOSELY else 2 * STEP
    file = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": f"{often}s",
        # Without it promtool takes the groups in any order, and an alert may look at what was recorded one step before.
        "group_eval_order": [*(group["name"] for group in GROUPS), "alerts"],
        "tests": tests,
    }
    # JSON is YAML, and much quicker to write.
    (folder / "tests.yaml").write_text(json.dumps(file, ensure_ascii=False), encoding="utf-8")
    done = subprocess.run(
        [tool, "test", "rules", str(folder / "tests.yaml")], capture_output=True, text=True, check=False
    )
    return None if done.returncode == 0 else done.stdout + done.stderr


def over(minutes: float, value: str) -> str:
    """Samples of one value for so many minutes."""
    return f"{value}x{round(minutes * 60 / STEP) - 1}"


def nothing(minutes: float) -> str:
    """No samples for so many minutes, as when the collector is down."""
    return f"stale _x{round(minutes * 60 / STEP) - 2}"
