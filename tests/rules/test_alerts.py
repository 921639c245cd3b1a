"""Every alert fires when it should, keeps quiet when it should, and resolves; and each of its conditions matters."""

import subprocess
from pathlib import Path

import pytest
import yaml

from tests.rules import collector_stories, workflow_stories
from tests.rules.promql import weaker
from tests.rules.ruleset import ALERTS, FILE, with_alerts
from tests.rules.story import told
from tests.rules.tools import NEWER, PROMTOOL, VERSIONS, needs_newer, needs_promtool

STORIES = workflow_stories.STORIES | collector_stories.STORIES


@needs_newer
@pytest.mark.optional_part
@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_fires_and_resolves_with_a_newer_version_too(alert: str, tmp_path: Path):
    said = told(NEWER, with_alerts(ALERTS[alert]), alert, STORIES[alert], tmp_path)
    assert said is None, said


@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_has_stories_in_which_it_fires_keeps_quiet_and_resolves(alert: str):
    fires = [list(map(bool, story.fires.values())) for story in STORIES[alert]]
    assert any(moments[0] is False and True in moments for moments in fires), "quiet first, then it fires"
    assert any(True in moments and moments[-1] is False for moments in fires), "in the end it resolves"
    assert any(story.description for story in STORIES[alert]), "what it says is looked at"


def test_there_is_no_story_without_an_alert():
    assert STORIES.keys() == ALERTS.keys()


@needs_promtool
@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_fires_and_resolves_and_no_condition_of_it_can_be_left_out_unnoticed(alert: str, tmp_path: Path):
    rule, given = ALERTS[alert], {series.name for story in STORIES[alert] for series in story.series}
    weaker_rules = [{**rule, "expr": changed} for changed in weaker(rule["expr"])]
    if "for" in rule:
        weaker_rules.append({name: value for name, value in rule.items() if name != "for"})
    # All of them at once, each under a name of its own: promtool opens a database for every story.
    named = {f"{alert}{number}": {**weak, "alert": f"{alert}{number}"} for number, weak in enumerate(weaker_rules)}
    rules = with_alerts(rule, *named.values(), given=given)
    said = told(PROMTOOL, rules, alert, STORIES[alert], tmp_path, variants=tuple(named)) or ""
    assert f'alertname="{alert}"' not in said
    assert f"alertname: {alert}," not in said
    assert named
    assert {name: weak["expr"] for name, weak in named.items() if f'alertname="{name}"' not in said} == {}


@pytest.mark.parametrize("tool", VERSIONS)
def test_promtool_has_nothing_to_say_against_the_file(tool: str):
    done = subprocess.run(
        [tool, "check", "rules", "--lint=all", "--lint-fatal", str(FILE)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_a_changed_threshold_changes_its_alert(tmp_path: Path):
    rules = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    alert = "AOMWorkflowFailingRepeatedly"
    (threshold,) = (rule for rule in rules["groups"][0]["rules"] if rule["labels"].get("alert") == alert)
    threshold["expr"] = "vector(4)"
    said = told(PROMTOOL, yaml.safe_dump(rules), alert, STORIES[alert], tmp_path)
    assert said is not None
    assert alert in said
