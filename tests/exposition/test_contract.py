"""What dashboards and alerts rely on: every family by its name, type and labels. `L` stands for those of a workflow."""

import pytest

from collector.exposition.catalog import CATALOG
from collector.exposition.family import WORKFLOW
from collector.exposition.looks import LOOKS
from collector.exposition.own_catalog import OWN

RELIED_ON = """
aom_workflow_info                                         gauge      L type
aom_workflow_executions_total                             counter    L status
aom_workflow_execution_duration_seconds                   histogram  L status
aom_workflow_executions_active                            gauge      L status
aom_workflow_oldest_active_begin_timestamp_seconds        gauge      L status
aom_workflow_last_execution_status                        gauge      L status
aom_workflow_last_ended_duration_seconds                  gauge      L
aom_workflow_last_end_timestamp_seconds                   gauge      L status
aom_workflow_consecutive_failures                         gauge      L
aom_workflow_reopened_executions_total                    counter    L
aom_workflow_history_gaps_total                           counter    L
aom_workflow_expected_interval_seconds                    gauge      L
aom_workflow_node_info                                    gauge      L node name
aom_workflow_node_runs_total                              counter    L node status
aom_workflow_node_run_duration_seconds                    histogram  L node status
aom_workflow_node_runs_active                             gauge      L node status
aom_workflow_node_oldest_active_begin_timestamp_seconds   gauge      L node
aom_workflow_node_last_run_status                         gauge      L node status
aom_workflow_node_last_ended_duration_seconds             gauge      L node
aom_workflow_node_last_end_timestamp_seconds              gauge      L node status
aom_workflow_node_consecutive_failures                    gauge      L node
aom_workflow_node_targets_total                           counter    L node outcome
aom_collector_workflow_up                                 gauge      L
aom_collector_workflow_last_success_timestamp_seconds     gauge      L
aom_collector_workflow_interval_seconds                   gauge      L
aom_collector_workflow_poll_failures_total                counter    L reason
aom_collector_build_info                                  gauge      version python_version
aom_collector_workflows                                   gauge      project
aom_collector_polls_total                                 counter    project outcome
aom_collector_poll_duration_seconds                       histogram  project
aom_collector_poll_lateness_seconds                       histogram  project
aom_collector_detection_delay_seconds                     histogram  project
aom_collector_api_requests_total                          counter    project operation code
aom_collector_api_request_duration_seconds                histogram  project operation
aom_collector_api_errors_total                            counter    project operation error_code
aom_collector_api_clock_skew_seconds                      gauge      project
aom_collector_credential_expiry_timestamp_seconds         gauge      project
aom_collector_records_rejected_total                      counter    project reason
aom_collector_values_invalid_total                        counter    project field
aom_collector_series                                      gauge
aom_collector_series_dropped_total                        counter    project
aom_collector_state_commits_total                         counter    outcome
aom_collector_state_commit_duration_seconds               histogram
aom_collector_discovery_last_success_timestamp_seconds    gauge      project
aom_collector_config_last_reload_successful               gauge
aom_collector_config_last_reload_success_timestamp_seconds gauge
"""


def relied_on():
    rows = (line.split() for line in RELIED_ON.strip().splitlines())
    return {
        name: (kind, tuple(part for label in labels for part in (WORKFLOW if label == "L" else (label,))))
        for name, kind, *labels in rows
    }


def catalogs():
    workflows = {row.name: (row.type, WORKFLOW + row.labels) for row in (*CATALOG, *LOOKS)}
    return workflows | {row.name: (row.type, row.labels) for row in OWN}


@pytest.mark.parametrize("name", relied_on())
def test_a_family_has_the_type_and_the_labels_that_are_relied_on(name):
    assert catalogs().get(name) == relied_on()[name]


def test_no_family_is_there_that_nobody_was_told_of():
    assert catalogs().keys() == relied_on().keys()
