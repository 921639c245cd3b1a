"""Lives as the service's JSON, with its habits.

Keys that differ from its own documentation, zero for an end that is not there, a list of node runs that is missing or
empty before the first node, lists of targets with logs. Pure.
"""

from collections.abc import Sequence
from typing import Any

from collector.simulator.life import FINAL, Life, Phase, Run, Step

# The answer that the vendor's API page "Querying the Execution History of a Task" prints as its example.
PUBLISHED: tuple[dict[str, Any], ...] = (
    {
        "approve_user_name_list": [],
        "begin_time": 1600000000,
        "create_by": "xxx",
        "end_time": 1600000000,
        "execution_id": "xxxx",
        "execution_result_list": [
            {
                "begin_time": 16000000,
                "end_time": 160000000,
                "function_execution_id": "xxxxx",
                "node_id": "delete-workload-pod",
                "output": {
                    "fail": [],
                    "in_execution": [],
                    "success": [
                        {
                            "app": "xxxxxx",
                            "code": "0",
                            "matchLabels": '{"app":"xxxxx","version":"xxxx"}',
                            "current_project": True,
                            "log": "Restart Success.",
                            "replicas": 1,
                            "cmdb_work_load_id": "xxxxxxx",
                            "type": "manual",
                            "availableReplicas": 0,
                            "execute_time": "35505",
                            "creationTimestamp": " ",
                            "name": "xxxxxx",
                            "namespace": "default",
                            "cceWorkloadCluster": "xxxxxx",
                            "id": "xxxxx",
                            "cceWorkloadType": "deployments",
                        }
                    ],
                    "not_performed": [],
                },
                "status": "success",
            }
        ],
        "project_id": "xxxxxxx",
        "status": "success",
        "workflowEditTime": 0,
        "workflow_id": "xxxxxxx",
    },
)


Json = dict[str, Any]


def execution(life: Life, workflow_id: str, project_id: str, at: int) -> Json:
    """One record of the execution history at a moment (ms); raises `ValueError` before the execution begins."""
    phase = life.phase(at)
    if phase is None:
        msg = f"execution {life.id} begins later"
        raise ValueError(msg)
    runs = life.shown(at)
    record: Json = {
        "approve_user_name_list": _approvers(life, at),
        "begin_time": life.begin,
        "end_time": phase.at if phase.status in FINAL else 0,
        "execution_id": life.id,
        "last_update_time": max(phase.at, *(run.end if run.end <= at else run.begin for run in runs), 0),
        "project_id": project_id,
        "status": phase.status,
        "workflow_id": workflow_id,
    }
    record |= _aliased(life)
    return record | _results(life, phase, runs, at)


def _aliased(life: Life) -> Json:
    """The keys on which the service and its documentation differ; now and then it follows its documentation."""
    if life.id.endswith(("0", "1")):
        return {"created_by": "synthetic-operator", "workflow_edit_time": 0}
    return {"create_by": "synthetic-operator", "workflowEditTime": 0}


def _approvers(life: Life, at: int) -> list[str]:
    asked = any(phase.status == "waitApproval" and phase.at <= at for phase in life.phases)
    return ["synthetic-approver"] if asked else []


def _results(life: Life, phase: Phase, runs: list[Run], at: int) -> Json:
    if not runs and phase.status == "waitExecute":
        return {}
    nodes = [_node(run, at) for run in runs] + [_unperformed(node) for node in life.unperformed(at)]
    return {"execution_result_list": nodes}


def _node(run: Run, at: int) -> Json:
    over = run.end <= at
    node: Json = {
        "begin_time": run.begin,
        "end_time": run.end if over else 0,
        "function_execution_id": run.id,
        "node_id": run.node,
        "status": run.status if over else "executing",
    }
    if not run.targets:
        return node
    entries = [_target(run, name, over=over, failed=i < run.failed) for i, name in enumerate(run.targets)]
    output = {
        "fail": entries[: run.failed] if over else [],
        "in_execution": [] if over else entries,
        "success": entries[run.failed :] if over else [],
        "not_performed": [],
    }
    return node | {"output": output}


def _unperformed(node: str) -> Json:
    return {"begin_time": 0, "end_time": 0, "function_execution_id": "", "node_id": node, "status": "not_performed"}


def _target(run: Run, name: str, *, over: bool, failed: bool) -> Json:
    log = "" if not over else f"Synthetic: {run.status}." if failed else "Synthetic: done."
    return {
        "code": "1" if over and failed else "0",
        "current_project": True,
        "execute_time": str(run.end - run.begin) if over else "0",
        "id": f"synthetic-{name}",
        "log": log,
        "name": name,
        "type": "manual",
    }


def workflow(
    *, workflow_id: str, name: str, kind: str, steps: Sequence[Step], created: int, last: Json | None, project_id: str
) -> Json:
    """One element of the workflow list. `last`: the record of its newest execution, if there is one."""
    last = last or {"execution_id": "", "begin_time": 0, "end_time": 0, "status": ""}
    return {
        "id": workflow_id,
        "workflow_id": f"fg-{workflow_id}",
        "name": name,
        "type": kind,
        "project_id": project_id,
        "create_time": created,
        "update_time": created,
        "status": last["status"],
        "last_execution_id": last["execution_id"],
        "last_execution_start_time": last["begin_time"],
        "last_execution_end_time": last["end_time"],
        "nodes": [{"id": step.id, "name": step.name, "category": "service"} for step in steps],
    }
