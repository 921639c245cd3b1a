import json

import pytest
from prometheus_client.parser import text_string_to_metric_families

from collector import __version__
from collector.aom import wire
from collector.exposition import Own
from collector.exposition.own_catalog import BEGUN, OWN
from collector.model import Committed, Ended, Format, Key, Listed, Polled, Reloaded, Renewed, Requested, Status
from tests.exposition.shown import Clock
from tests.ledger.story import T0

KEY = Key("prod", "wf-1")


class Told:
    """Our own metrics, and what they say a second later."""

    def __init__(self):
        self.clock = Clock()
        self.own = Own(clock=self.clock)

    def says(self, family, **labels):
        self.clock.at += 1
        found = [
            sample.value
            for each in text_string_to_metric_families(self.own.page(0).decode())
            for sample in each.samples
            if sample.name == f"aom_collector_{family}" and labels.items() <= sample.labels.items()
        ]
        return sum(found) if found else None


@pytest.fixture
def told():
    return Told()


def polled(outcome="changed", *, at=T0, ended=(), project="prod", **more):
    key = Key(project, "wf-1")
    return Polled(key=key, name="nightly", outcome=outcome, at=at, seconds=0.3, ended=ended, **more)


def a_node_ended(end, *, node="n", held=False, first_sight=False):
    return Ended(execution="e", node=node, status=Status.FAIL, begin=None, end=end, held=held, first_sight=first_sight)


def test_looks_are_counted_by_their_outcome_and_timed(told):
    for outcome in ("changed", "changed", "failed"):
        told.own.observe(polled(outcome, lateness=0.02))
    assert told.says("polls_total", project="prod", outcome="changed") == 2
    assert told.says("polls_total", project="prod", outcome="failed") == 1
    assert told.says("poll_duration_seconds_count", project="prod") == 3
    assert told.says("poll_duration_seconds_bucket", le="0.25") == 0
    assert told.says("poll_duration_seconds_bucket", le="0.5") == 3
    assert told.says("poll_lateness_seconds_sum") == pytest.approx(0.06)


def test_the_delay_of_detection_is_that_of_node_runs_seen_ending(told):
    told.own.observe(
        polled(
            at=T0 + 9_000,
            ended=(
                a_node_ended(T0 + 2_000),
                a_node_ended(T0 + 10_000),  # the service's clock is ahead
                a_node_ended(None),
                a_node_ended(T0, node=None),
                a_node_ended(T0, held=True),
                a_node_ended(T0, first_sight=True),
            ),
        )
    )
    assert told.says("detection_delay_seconds_count", project="prod") == 2
    assert told.says("detection_delay_seconds_sum") == 7


def test_requests_are_counted_by_operation_and_code(told):
    request = {"project": "prod", "operation": "list_executions", "seconds": 0.2}
    told.own.observe(Requested(code="200", skew=-1.5, **request))
    told.own.observe(Requested(code="error", **request))
    assert told.says("api_requests_total", operation="list_executions", code="200") == 1
    assert told.says("api_requests_total", operation="list_executions", code="error") == 1
    assert told.says("api_request_duration_seconds_count", operation="list_executions") == 2
    assert told.says("api_clock_skew_seconds", project="prod") == -1.5
    assert told.says("api_errors_total") is None


def test_error_codes_are_a_closed_set(told):
    for code in ("APIGW.0308", "APIG.0308", "AOM.31009004", *(f"X.{i}" for i in range(50))):
        told.own.observe(
            Requested(project="prod", operation="list_executions", code="400", seconds=0.1, error_code=code)
        )
    assert told.says("api_errors_total", error_code="APIGW.0308") == 1
    assert told.says("api_errors_total", error_code="AOM.31009004") == 1
    assert told.says("api_errors_total", error_code="other") == 50
    assert told.says("api_errors_total") == 53


def test_what_answers_lacked_goes_on_from_the_state(told):
    told.own.restore("prod", {"shape": 3}, {"end_time": 2})
    told.own.observe(polled(rejected={"shape": 1, "id": 1}, invalid={"end_time": 5}))
    assert told.says("records_rejected_total", project="prod", reason="shape") == 4
    assert told.says("records_rejected_total", reason="id") == 1
    assert told.says("values_invalid_total", field="end_time") == 7


def test_commits_are_counted_by_row_and_timed_by_group(told):
    told.own.observe(Committed(outcome="ok", at=0, rows=12, seconds=0.01))
    told.own.observe(Committed(outcome="conflict", at=0, rows=1, seconds=0.01))
    assert told.says("state_commits_total", outcome="ok") == 12
    assert told.says("state_commits_total", outcome="conflict") == 1
    assert told.says("state_commit_duration_seconds_count") == 2


def test_a_credential_tells_when_it_expires_as_long_as_that_is_known(told):
    family = "credential_expiry_timestamp_seconds"
    told.own.observe(Renewed(project="prod"))
    assert told.says(family) is None
    told.own.observe(Renewed(project="prod", expires_at=T0 + 250))
    told.own.observe(Renewed(project="dev", expires_at=T0))
    assert told.says(family, project="prod") == T0 / 1000 + 0.25
    told.own.observe(Renewed(project="prod"))
    assert told.says(family, project="prod") is None
    assert told.says(family, project="dev") == T0 / 1000


def test_a_pass_over_the_list_that_failed_leaves_the_last_success_as_it_was(told):
    family = "discovery_last_success_timestamp_seconds"
    told.own.observe(Listed(project="prod", at=T0, ok=False, says="refused"))
    assert told.says(family) is None
    told.own.observe(Listed(project="prod", at=T0 + 1500, ok=True, workflows=3))
    told.own.observe(Listed(project="prod", at=T0 + 9000, ok=False))
    assert told.says(family, project="prod") == T0 / 1000 + 1.5


def test_a_reload_tells_how_it_went_and_when_one_last_went_well(told):
    assert told.says("config_last_reload_successful") is None
    told.own.observe(Reloaded(at=T0, ok=False, says="a fault"))
    assert told.says("config_last_reload_successful") == 0
    assert told.says("config_last_reload_success_timestamp_seconds") is None
    told.own.observe(Reloaded(at=T0 + 2500, ok=True))
    assert told.says("config_last_reload_successful") == 1
    told.own.observe(Reloaded(at=T0 + 5000, ok=False, says="users: bad", what="web_config"))
    assert told.says("config_last_reload_successful") == 1, "the web configuration is another one"
    told.own.observe(Reloaded(at=T0 + 9000, ok=False))
    assert told.says("config_last_reload_successful") == 0
    assert told.says("config_last_reload_success_timestamp_seconds") == T0 / 1000 + 2.5


@pytest.mark.parametrize("form", Format)
def test_each_format_is_made_at_most_once_a_second_and_is_never_another(form):
    clock = Clock()
    own = Own(clock=clock)
    first = {each: own.page(1, form=each) for each in Format}
    assert first[Format.TEXT] == first[Format.TEXT_1] != first[Format.OPENMETRICS]
    own.observe(Committed(outcome="ok", at=0, rows=1, seconds=0.01))
    clock.at = 0.99
    assert own.page(2, form=form) is first[form]
    clock.at = 1.0
    assert b'aom_collector_state_commits_total{outcome="ok"} 1.0\n' in own.page(2, form=form)
    assert b"# EOF" not in own.page(2, form=form)


def test_openmetrics_names_our_counters_without_their_suffix(told):
    told.own.observe(Committed(outcome="ok", at=0, rows=1, seconds=0.01))
    text = told.own.page(0, form=Format.OPENMETRICS).decode()
    assert "# TYPE aom_collector_state_commits counter\n" in text
    assert "_created" not in text


def test_the_version_and_the_number_of_workflows_are_told(told):
    told.own.watching("prod", 3)
    assert told.says("build_info", version=__version__) == 1
    assert told.says("workflows", project="prod") == 3


def test_the_text_is_made_at_most_once_a_second():
    clock = Clock()
    own = Own(clock=clock)
    first = own.page(1)
    own.observe(Committed(outcome="ok", at=0, rows=1, seconds=0.01))
    clock.at = 0.99
    assert own.page(2) is first
    clock.at = 1.0
    assert b'aom_collector_state_commits_total{outcome="ok"} 1.0' in own.page(2)
    assert b"aom_collector_series 2.0" in own.page(2)


def test_a_family_without_a_sample_is_left_out_entirely(told):
    text = told.own.page(0).decode()
    assert "aom_collector_polls_total" not in text
    assert "_created" not in text
    assert "process_cpu_seconds_total" in text
    assert "python_info" in text
    assert "python_gc_objects_collected_total" in text


def test_every_family_of_the_catalog_is_fed(told):
    told.own.watching("prod", 1)
    told.own.dropped("prod", 5)
    told.own.observe(polled(ended=(a_node_ended(T0),), rejected={"id": 1}, invalid={"output": 1}))
    told.own.observe(
        Requested(project="prod", operation="create_token", code="401", seconds=1, error_code="APIGW.0301", skew=0)
    )
    told.own.observe(Committed(outcome="ok", at=0, rows=1, seconds=0))
    told.own.observe(Renewed(project="prod", expires_at=T0))
    told.own.observe(Listed(project="prod", at=T0, ok=True))
    told.own.observe(Reloaded(at=T0, ok=True))
    told.clock.at += 1
    text = told.own.page(0).decode()
    assert [row.name for row in OWN if f"# TYPE {row.name} {row.type}\n" not in text] == []


def test_a_project_whose_name_is_no_text_does_not_break_the_page(told):
    odd = "x\ud800"
    told.own.watching(odd, 1)
    told.own.restore(odd, {"id": 1}, {"output": 1})
    told.own.dropped(odd, 1)
    told.own.observe(polled(project=odd, ended=(a_node_ended(T0),)))
    told.own.observe(Requested(project=odd, operation="create_token", code="200", seconds=1, skew=0))
    told.own.observe(Listed(project=odd, at=T0, ok=True))
    told.own.observe(Renewed(project=odd, expires_at=T0))
    assert told.says("credential_expiry_timestamp_seconds", project="x\ufffd") == T0 / 1000
    told.own.observe(Renewed(project=odd))
    assert told.says("credential_expiry_timestamp_seconds") is None
    assert told.says("workflows", project="x\ufffd") == 1


def test_what_alerts_watch_begins_at_zero_with_the_watching(told):
    assert told.says("state_commits_total", outcome="failed") == 0
    assert told.says("state_commits_total", outcome="conflict") == 0
    assert told.says("polls_total", outcome="failed") is None
    told.own.watching("prod", 1)
    assert told.says("polls_total", project="prod", outcome="failed") == 0
    assert told.says("series_dropped_total", project="prod") == 0
    assert told.says("records_rejected_total", project="prod", reason="shape") == 0
    assert told.says("values_invalid_total", project="prod", field="end_time") == 0


def test_every_flaw_of_an_answer_has_its_series_from_the_beginning():
    families = ("aom_collector_records_rejected_total", "aom_collector_values_invalid_total")
    begun = {name for family in families for name in BEGUN[family]}
    odd = {"begin_time": "x", "end_time": "x", "last_update_time": "x"}
    node = {"node_id": "n", "output": 1}
    answer = [1, {"execution_id": ""}, {"execution_id": "e", "execution_result_list": [node], **odd}]
    found = wire.history(json.dumps(answer).encode(), digest=b"d", now=T0, date=None).flaws
    names = {flaw.name for flaw in found}
    assert len(names) == 6
    assert names <= begun


def test_watching_once_more_takes_nothing_back(told):
    told.own.watching("prod", 1)
    told.own.restore("prod", {"shape": 3}, {})
    told.own.watching("prod", 2)
    assert told.says("records_rejected_total", project="prod", reason="shape") == 3
