"""The page in OpenMetrics before strict eyes, and what it has in common with the text formats."""

import re

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families

from collector.exposition.catalog import CATALOG
from collector.exposition.looks import LOOKS
from collector.exposition.own_catalog import OWN
from collector.model import Format
from tests.exposition.shown import calm, exposition, good, troubled, watching, whole, workflow
from tests.ledger.story import T0, Watch, run

EXEMPLAR = re.compile(rb' # \{execution_id="[^"]*"\} [0-9.]+ [0-9.]+$', re.MULTILINE)


@pytest.fixture(scope="module")
def page():
    return whole(Format.OPENMETRICS)


def samples(families):
    """Every sample of a page without what differs from one moment to the next."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
        if sample.name.startswith("aom_")
    }


def test_a_strict_parser_reads_what_the_text_formats_say(page):
    found = samples(openmetrics_families(page.decode()))
    for form in (Format.TEXT, Format.TEXT_1):
        assert found == samples(text_string_to_metric_families(whole(form).decode()))
    assert len(found) > 100


def test_every_family_is_there_with_its_type_and_counters_go_without_their_suffix(page):
    found = {family.name: (family.type, family.documentation) for family in openmetrics_families(page.decode())}
    for row in (*CATALOG, *LOOKS, *OWN):
        name = row.name.removesuffix("_total") if row.type == "counter" else row.name
        assert found[name] == (row.type, row.help)
    assert found["aom_workflow_info"][0] == "gauge"


def test_the_page_ends_once_and_only_in_openmetrics(page):
    assert page.endswith(b"\n# EOF\n")
    assert page.count(b"# EOF") == 1
    assert b"# EOF" not in whole(Format.TEXT) + whole(Format.TEXT_1)
    assert exposition().page(Format.OPENMETRICS).endswith(b"\n# EOF\n")


def test_exemplars_are_all_that_openmetrics_adds_to_the_lines_of_workflows(page):
    def lines(text):
        return [line for line in text.split(b"\n") if line.startswith((b"aom_workflow_", b"aom_collector_workflow_"))]

    assert EXEMPLAR.search(page)
    assert lines(EXEMPLAR.sub(b"", page)) == lines(whole(Format.TEXT)) == lines(whole(Format.TEXT_1))
    assert b" # " not in whole(Format.TEXT) + whole(Format.TEXT_1)


def test_an_exemplar_names_an_execution_and_nothing_else(page):
    told = [
        (sample.name, sample.exemplar)
        for family in openmetrics_families(page.decode())
        for sample in family.samples
        if sample.exemplar is not None
    ]
    assert {name for name, _ in told} >= {
        "aom_workflow_executions_total",
        "aom_workflow_execution_duration_seconds_bucket",
        "aom_workflow_node_runs_total",
        "aom_workflow_node_run_duration_seconds_bucket",
    }
    assert all(name.endswith(("_total", "_bucket")) for name, _ in told)
    assert {tuple(exemplar.labels) for _, exemplar in told} == {("execution_id",)}
    assert {exemplar.labels["execution_id"] for _, exemplar in told} <= {"a", "b", "f1", "late", "s0", "s1", "s2"}


def test_while_a_series_is_held_its_exemplar_is_not_seen():
    watch = Watch().begins()
    watch.sees(run("success", 10, 20), now=30)
    shown = watching(watch.ledger)
    good(shown, workflow())
    assert b"execution_id" not in shown.page(Format.OPENMETRICS)
    watch.releases(1000)
    shown.publish(workflow().key, watch.ledger)
    assert shown.page(Format.OPENMETRICS).count(b"execution_id") == 2


def test_a_page_in_pieces_stays_as_it_was_when_it_was_asked_for():
    shown = exposition()
    shown.watch(workflow(), calm(), restored=False)
    good(shown, workflow())
    before = {form: (shown.page(form), shown.pieces(form)) for form in Format}
    shown.publish(workflow().key, troubled())
    shown.tick(T0 + 10**9)
    for page, pieces in before.values():
        assert b"".join(pieces) == page
