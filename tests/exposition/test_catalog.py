import re

import pytest

from collector.exposition import FAMILIES
from collector.exposition.catalog import CATALOG
from collector.exposition.family import WORKFLOW
from collector.exposition.looks import LOOKS
from collector.exposition.own_catalog import OWN

ALL = [*CATALOG, *LOOKS, *OWN]
RESERVED = {"job", "instance", "le", "quantile", "region", "cluster", "env"}


@pytest.mark.parametrize("family", ALL, ids=lambda family: family.name)
def test_a_family_is_named_as_its_type_demands(family):
    assert re.fullmatch(r"aom_(workflow|collector)_[a-z_]+[a-z]", family.name)
    assert family.type in {"counter", "gauge", "histogram"}
    assert family.name.endswith("_total") == (family.type == "counter")
    assert not family.name.endswith(("_sum", "_count", "_bucket", "_created"))
    assert family.type != "histogram" or family.name.endswith("_seconds")


@pytest.mark.parametrize("family", ALL, ids=lambda family: family.name)
def test_a_help_is_one_sentence(family):
    assert re.fullmatch(r"[A-Z][^.\n\\]*\.", family.help)


@pytest.mark.parametrize("family", ALL, ids=lambda family: family.name)
def test_labels_are_plain_and_leave_the_scraper_its_own(family):
    labels = family.labels if family in OWN else WORKFLOW + family.labels
    assert len(set(labels)) == len(labels)
    assert not set(labels) & RESERVED
    assert all(re.fullmatch(r"[a-z][a-z_]*", label) for label in labels)


def test_no_name_and_no_help_is_used_twice():
    assert len({family.name for family in ALL}) == len(ALL) == len(FAMILIES)
    assert len({family.help for family in ALL}) == len(ALL)


def test_only_gauges_are_facts_about_now():
    now = {family.name for family in CATALOG if family.now}
    assert all(family.type == "gauge" for family in CATALOG if family.now)
    assert now == {
        "aom_workflow_executions_active",
        "aom_workflow_oldest_active_begin_timestamp_seconds",
        "aom_workflow_node_runs_active",
        "aom_workflow_node_oldest_active_begin_timestamp_seconds",
    }


def test_histograms_of_our_own_have_ascending_bounds():
    for row in OWN:
        assert bool(row.buckets) == (row.type == "histogram")
        assert list(row.buckets) == sorted(set(row.buckets))
