"""The pages for whoever is woken: all alike, and true to the rules."""

import re
from pathlib import Path

import pytest

from tests.rules.promql import faults
from tests.rules.ruleset import ALERTS, RECORDED, ROOT, rules

PAGES = sorted((ROOT / "deploy" / "docs" / "runbooks").glob("*.md"))
HEADINGS = ["What it means", "Look first", "Causes, and what to do", "When it resolves", "Change or silence it"]
THRESHOLDS = {
    rule["labels"]["alert"]: rule["expr"].removeprefix("vector(").removesuffix(")")
    for rule in rules()
    if rule.get("record") == "aom:threshold"
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_answers_the_same_questions(page: Path):
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {page.stem}\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    assert all(part.strip() for part in re.split(r"^## .+$", text, flags=re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_query_of_a_page_can_be_pasted(page: Path):
    queries = re.findall(r"```promql\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert queries
    assert [fault for query in queries for fault in faults(query, RECORDED)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_names_the_threshold_of_its_alert_and_its_value(page: Path):
    text = page.read_text(encoding="utf-8").partition("## Change or silence it")[2]
    assert set(re.findall(r'aom:threshold\{alert="(\w+)"\}', text)) == {page.stem} & THRESHOLDS.keys()
    if page.stem in THRESHOLDS:
        assert re.search(rf"\b{re.escape(THRESHOLDS[page.stem])}\b", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_names_no_alert_that_does_not_exist(page: Path):
    assert set(re.findall(r"`(AOM\w+)`", page.read_text(encoding="utf-8"))) <= ALERTS.keys()
