"""What holds for every rule: how it is called, what it says, and that it names nothing that does not exist."""

import re
from pathlib import Path

import pytest

from collector.model import ACTIVE, FAILED, Status
from tests.rules.promql import faults, named
from tests.rules.ruleset import ALERTS, FILE, GROUPS, RECORDED, ROOT, rules

SEVERITIES = {"critical", "warning", "info"}
RUNBOOKS = ROOT / "deploy" / "docs" / "runbooks"
OF_WORKFLOW = (
    "http://{{ $labels.instance }}/?project={{ $labels.project | urlquery }}"
    "&workflow={{ $labels.workflow_id | urlquery }}"
)
OF_PROJECT = "http://{{ $labels.instance }}/?project={{ $labels.project | urlquery }}"
OF_COLLECTOR = "http://{{ $labels.instance }}/"


def statuses(expression: str) -> list[set[str]]:
    """The lists of statuses that an expression's matchers hold."""
    matchers = (matcher for selector in named(expression).selectors for matcher in selector.matchers)
    return [set(value.split("|")) for label, operator, value in matchers if label == "status" and operator == "=~"]


@pytest.mark.parametrize("rule", list(rules()), ids=lambda rule: rule.get("alert") or rule["record"])
def test_every_rule_names_only_what_the_catalogs_and_the_recordings_know(rule: dict):
    assert faults(rule["expr"], RECORDED) == []


def test_what_nobody_knows_is_found():
    expression = 'sum by (nodes) (rate(aom_workflow_run_total{status="fial"}[5m])) / aom_workflow_info{node="n"}'
    assert faults(expression, RECORDED) == [
        "nothing groups by 'nodes'",
        "no metric is called 'aom_workflow_run_total'",
        "aom_workflow_info has no label 'node'",
    ]
    assert faults('aom_workflow_executions_total{status="fial"}', RECORDED) == ["status is never 'fial'"]


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_says_what_a_person_needs(alert: str):
    rule = ALERTS[alert]
    said = dict(rule["annotations"])
    assert re.fullmatch(r"AOM(Workflow|Collector)([A-Z][a-z]+)+", alert)
    assert rule["labels"].keys() == {"severity"}
    assert rule["labels"]["severity"] in SEVERITIES
    assert re.fullmatch(r"[A-Z][^{}]+\.", said.pop("summary"))
    assert "$labels." in said["description"]
    assert said.pop("description").endswith(".")
    assert said.pop("runbook_url") == f"{{{{ $externalURL }}}}/user/runbooks/{alert}.md"
    assert said in ({}, *({"status_url": link} for link in (OF_WORKFLOW, OF_PROJECT, OF_COLLECTOR)))


@pytest.mark.parametrize("alert", [alert for alert, rule in ALERTS.items() if "workflow_id" in str(rule)])
def test_an_alert_about_a_workflow_names_it_and_leads_to_it(alert: str):
    said = ALERTS[alert]["annotations"]
    assert {"$labels.project", "$labels.workflow ", "$labels.workflow_id"} <= set(
        re.findall(r"\$labels\.(?:project|workflow_id|workflow )", said["description"])
    )
    assert said["status_url"] == OF_WORKFLOW


def test_every_alert_has_a_page_for_whoever_is_woken_and_no_page_lacks_its_alert():
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == ALERTS.keys()


@pytest.mark.parametrize("rule", list(rules()), ids=lambda rule: rule.get("alert") or rule["record"])
def test_failures_are_the_same_statuses_everywhere(rule: dict):
    failed = {str(status) for status in FAILED}
    active = {str(status) for status in ACTIVE}
    for listed in statuses(rule["expr"]):
        assert listed in (failed, failed | {str(Status.SUCCESS)}) or listed <= active


def test_the_failed_statuses_are_recorded_once_for_all_panels():
    recorded = [rule["labels"]["status"] for rule in rules() if rule.get("record") == "aom:failed_status"]
    assert sorted(recorded) == sorted(map(str, FAILED))


def test_every_threshold_belongs_to_an_alert_that_uses_it_and_is_recorded_before_all_else():
    recorded = [rule["labels"]["alert"] for rule in GROUPS[0]["rules"] if rule["record"] == "aom:threshold"]
    used = {alert: set(re.findall(r'aom:threshold\{alert="(\w+)"\}', rule["expr"])) for alert, rule in ALERTS.items()}
    assert used == {alert: {alert} if alert in recorded else set() for alert in ALERTS}
    assert len(recorded) == len(set(recorded))
    budgets = [rule["labels"]["slo"] for rule in GROUPS[0]["rules"] if rule["record"] == "aom:error_budget"]
    assert sorted(budgets) == sorted(
        {slo for rule in ALERTS.values() for slo in re.findall(r'error_budget\{slo="(\w+)"', rule["expr"])}
    )


def test_no_group_asks_for_what_the_oldest_version_does_not_know():
    assert {key for group in GROUPS for key in group} <= {"name", "interval", "rules"}


def test_the_file_is_named_as_the_configuration_beside_it_names_it():
    assert f"- {FILE.name}" in (FILE.parent / "prometheus.yml").read_text(encoding="utf-8")
    assert Path(FILE.name).suffixes == [".rules", ".yaml"]
