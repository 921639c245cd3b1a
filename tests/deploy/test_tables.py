"""The tables of the operators' page are those of the rules, the catalogs and the dashboards."""

import re
from pathlib import Path

import pytest
import yaml

from collector.exposition.render import EXEMPLAR
from deploy.tables import README, alerts, filled, metrics, panels, readme, rules, spoken

DEPLOY = README.parent
# What lists every family by itself is no use of one.
DEFAULT_PORT = 11513
LISTS = {DEPLOY / "docs" / "metrics.md", README}


def test_the_committed_page_is_the_one_that_is_made():
    assert README.read_text(encoding="utf-8") == readme(), "run python -m deploy.tables"


def test_a_page_without_a_place_for_a_table_is_refused():
    with pytest.raises(ValueError, match="the page has no place for alerts"):
        filled("<!-- alerts -->\n", {"alerts": ""})


def test_every_family_is_used_by_an_alert_a_panel_or_a_document():
    found = rules()
    documents = "\n".join(
        path.read_text(encoding="utf-8") for path in (DEPLOY / "docs").rglob("*.md") if path not in LISTS
    )
    texts = [*(alert.expression for alert in alerts(found)), *panels().values(), documents]
    used = frozenset[str]().union(*(spoken(text, found) for text in texts))
    assert {metric.name for metric in metrics()} - used == set()


def test_every_file_that_the_page_leads_to_is_there():
    links = re.findall(r"\]\(([^)#]+)\)", README.read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (DEPLOY / link).exists()] == []


@pytest.mark.parametrize(
    "path", sorted((DEPLOY / "grafana" / "provisioning").rglob("*.yaml")), ids=lambda path: path.name
)
def test_what_grafana_is_provisioned_with_can_be_read(path: Path):
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["apiVersion"] == 1


def test_an_exemplar_leads_on_by_the_label_that_the_collector_gives_it():
    source = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yaml").read_text(encoding="utf-8"))
    (destination,) = source["datasources"][0]["jsonData"]["exemplarTraceIdDestinations"]
    assert destination["name"] == EXEMPLAR
    assert f"localhost:{DEFAULT_PORT}/" in destination["url"]


def test_rates_are_reckoned_with_the_interval_at_which_it_is_scraped():
    source = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yaml").read_text(encoding="utf-8"))
    server = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text(encoding="utf-8"))
    interval = source["datasources"][0]["jsonData"]["timeInterval"]
    assert interval == server["global"]["scrape_interval"]
