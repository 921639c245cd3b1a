"""What holds for every dashboard, without asking anybody."""

import re

import pytest

from deploy.grafana.__main__ import FOLDER, texts
from tests.grafana.boards import BOARDS, expressions, panels
from tests.rules.promql import faults, known, named
from tests.rules.ruleset import RECORDED

PANELS = [pytest.param(panel, id=f"{name}: {panel['title']}") for name, panel in panels()]
QUERIES = [pytest.param(expression, id=f"{name}: {title}") for name, title, expression in expressions()]
COUNTERS = re.compile(r"aom_\w+_(total|bucket|sum|count)\b")


def test_the_committed_dashboards_are_those_that_the_builders_make():
    assert {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")} == texts()


@pytest.mark.parametrize("name", BOARDS)
def test_each_dashboard_can_be_found_shared_and_not_be_changed_by_accident(name: str):
    board = BOARDS[name]
    assert board["uid"] == f"aom-{name}"
    assert board["title"]
    assert board["description"]
    assert board["tags"] == ["aom-collector"]
    assert board["editable"] is False
    assert board["timezone"] == "utc"
    assert [link["type"] for link in board["links"]] == ["dashboards"]
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


@pytest.mark.parametrize("name", BOARDS)
def test_each_dashboard_lets_one_choose_source_job_and_instance(name: str):
    variables = {variable["name"]: variable for variable in BOARDS[name]["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert variables["datasource"]["label"] == "Data source"
    for each in ("job", "instance", "project"):
        assert variables[each]["multi"] is True
        assert variables[each]["includeAll"] is True
    for variable in variables.values():
        if variable["type"] == "query":
            assert variable["refresh"] == 2, "when the time shown changes"
            assert variable["datasource"]["uid"] == "${datasource}"
            assert "auto" not in variable


@pytest.mark.parametrize("panel", PANELS)
def test_each_panel_has_a_title_a_description_a_unit_and_a_place(panel: dict):
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["datasource"]["uid"] == "${datasource}"
    assert panel["targets"]
    place = panel["gridPos"]
    assert place["x"] + place["w"] <= 24


@pytest.mark.parametrize("name", BOARDS)
def test_no_two_panels_lie_on_each_other(name: str):
    taken = [
        (x, y)
        for panel in BOARDS[name]["panels"]
        for place in (panel["gridPos"],)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(taken) == len(set(taken))


@pytest.mark.parametrize("expression", QUERIES)
def test_each_query_names_only_what_there_is(expression: str):
    assert faults(expression, RECORDED) == []


@pytest.mark.parametrize("expression", QUERIES)
def test_what_is_scraped_is_asked_of_the_chosen_job_and_instance_alone(expression: str):
    scraped = [each for each in named(expression).selectors if each.name not in RECORDED and each.name != "ALERTS"]
    for each in scraped:
        assert {"job", "instance"} <= {label for label, _, _ in each.matchers}, each.name
        project = known(RECORDED).get(each.name)
        assert not project or "project" not in project or "project" in {label for label, _, _ in each.matchers}


@pytest.mark.parametrize("expression", QUERIES)
def test_counters_stand_under_rate_or_increase_alone(expression: str):
    bare = re.sub(r"(rate|increase)\((aom_\w+)\{[^}]*\}\[[^]]+\]", "", expression)
    bare = re.sub(r"\w+:[\w:]+", "", bare)
    assert not COUNTERS.search(bare), bare


def test_no_panel_repeats_the_failed_statuses():
    assert [text for _, _, text in expressions() if "approvalFailed" in text or "timeout" in text] == []
